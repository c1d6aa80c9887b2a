import Bus
import Connections
import FoundationEssentials
import History
import Ingest
import Inventory
import Kernel
import Logging
import NIOConcurrencyHelpers
import Postgres
import Resources
import TestKit
import Testing

@testable import Monitoring

/// What a platform remembers is asked for after a poll that succeeded, part by part, and once.
@Suite(.postgres) struct BackfillTests {
    /// Remembers one guest in three parts, each of an archive.
    private final class Platform: CollectorMaker, Collector, Sendable {
        let kind = ConnectionKind.pve
        let cadence = (least: Duration.seconds(10), normal: Duration.seconds(10), most: Duration.seconds(3600))
        let fault = NIOLockedValueBox<ConnectionFault?>(nil)
        let asked = NIOLockedValueBox<[String]>([])
        let connection: ConnectionID
        let time: ManualTime

        init(_ connection: ConnectionID, _ time: ManualTime) { (self.connection, self.time) = (connection, time) }

        func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector { self }
        func poll(_ budget: PollBudget, at now: Timestamp) async -> PollReport {
            let guest = Observation(
                connection: connection, source: .proxmox, type: .vm, key: "qemu/101", scope: "guests", name: "web",
                measuredAt: now, receivedAt: now)
            return PollReport(observations: [guest], complete: ["guests"], fault: fault.withLockedValue { $0 })
        }
        func follow(_ spec: ConnectionSpec) {}
        func past(_ budget: PollBudget, after cursor: String) async -> PastReport {
            asked.withLockedValue { $0.append(cursor) }
            let parts = ["hour", "day", "week"]
            let next = cursor.isEmpty ? 0 : Int(cursor)! + 1
            let rows = (1...10).map { row in
                RememberedFrame.Row(
                    at: time.now - .seconds(Int64(row) * -60 + 700), samples: [(metric: MetricName(.cpu), value: 12)])
            }
            return PastReport(
                frames: [RememberedFrame(key: "qemu/101", name: parts[next], step: .seconds(60), rows: rows)],
                cursor: "\(next)", isFinished: next == 2, requests: 1)
        }
        func probe(_ budget: PollBudget) async -> Result<ConnectionProbe, ConnectionFault> {
            .failure(ConnectionFault(.unsupported, "Nobody tests here."))
        }
        func certificate(
            of host: String, port: Int, route: OutboundRoute, timeout: Duration
        ) async -> Result<ServerCertificate, ConnectionFault> { .failure(ConnectionFault(.unsupported, "None.")) }
    }

    private let time = ManualTime()
    private let database = TestDatabase.current
    private let logger = Logger(label: "test")
    private let id = ConnectionID(bytes: [UInt8](repeating: 7, count: 16))

    private func connection(of org: OrgID) -> WatchedConnection {
        let spec = ConnectionSpec(
            id: id, org: org, kind: .pve, name: "fra", host: "pve.example.com", port: 8006, trust: .system,
            credential: .token(id: "pulse@pve!monitor", secret: Secret("s3cret")), cadence: .seconds(10))
        return WatchedConnection(
            id: id, kind: .pve, name: "fra", revision: 1, isEnabled: true, cadence: .seconds(10), site: nil, tags: [],
            spec: .success(spec), health: ConnectionHealth())
    }

    private func monitor(_ org: OrgID, _ lease: ShardLease, _ desk: PollDesk) -> OrgMonitor {
        let connection = connection(of: org)
        let id = id
        return OrgMonitor(
            org: org, lease: lease,
            outside: MonitorOutside(
                database: database.app, resources: ResourceStore(database.app), identity: IdentityStore(database.app),
                log: IngestStore(database.app),
                keeper: HistoryKeeper(HistoryStore(database.app, logger: logger), logger: logger), bus: LocalBus(),
                time: time, logger: logger, agents: { _ in [id] }, connections: { _ in [connection] }, polls: desk))
    }

    /// One poll, and what becomes of it; `stored`: whether the monitor lives to write it.
    private func poll(
        _ monitor: OrgMonitor, _ desk: PollDesk, _ heard: inout AsyncStream<PollDesk.Outcome>.Iterator,
        stored: Bool = true
    )
        async throws
    {
        await desk.tick()
        let outcome = try #require(await heard.next())
        if stored {
            await monitor.offer(outcome)
            _ = await monitor.work(closing: true)
        }
        time.advance(by: .seconds(20))
    }

    private func count(_ sql: SQL, in org: OrgID) async throws -> Int {
        try await database.app.first(in: org, sql) { try $0.next(Int.self) } ?? -1
    }

    @Test("part by part after polls that succeed, from where it was stored last, and never again when it is finished")
    func once() async throws {
        let org = try await Given.organisation()
        let lease = try await Held.lease(of: org)
        let platform = Platform(id, time)
        func desk() async -> (PollDesk, AsyncStream<PollDesk.Outcome>.Iterator) {
            let desk = PollDesk(makers: [platform], time: time, logger: logger)
            let (outcomes, told) = AsyncStream.makeStream(of: PollDesk.Outcome.self)
            await desk.deliver { told.yield($0) }
            return (desk, outcomes.makeAsyncIterator())
        }
        var (first, heard) = await desk()
        let before = monitor(org, lease, first)
        _ = await before.work()
        // The first poll fails: nothing is asked of the past.
        platform.fault.withLockedValue { $0 = ConnectionFault(.timeout, "Too slow.") }
        try await poll(before, first, &heard)
        #expect(platform.asked.withLockedValue { $0 }.isEmpty)
        platform.fault.withLockedValue { $0 = nil }
        time.advance(by: .seconds(600))
        try await poll(before, first, &heard)
        #expect(try await count("SELECT count(*) FROM history_past", in: org) == 1)
        // The next part is asked for, and lost with the worker.
        try await poll(before, first, &heard, stored: false)
        // What was not stored is not gone on from.
        try await poll(before, first, &heard)
        #expect(platform.asked.withLockedValue { $0 } == ["", "0"])
        await first.close()

        let (second, ears) = await desk()
        heard = ears
        let after = monitor(org, lease, second)
        _ = await after.work()
        time.advance(by: .seconds(20))
        for _ in 0..<4 { try await poll(after, second, &heard) }
        #expect(platform.asked.withLockedValue { $0 } == ["", "0", "0", "1"])
        #expect(try await count("SELECT count(*) FROM history_past", in: org) == 3)
        #expect(try await count("SELECT count(*) FROM history_backfills WHERE finished_at IS NOT NULL", in: org) == 1)
        await second.close()

        let (third, others) = await desk()
        heard = others
        let last = monitor(org, lease, third)
        _ = await last.work()
        time.advance(by: .seconds(20))
        for _ in 0..<2 { try await poll(last, third, &heard) }
        #expect(platform.asked.withLockedValue { $0 }.count == 4)
        await third.close()
    }
}
