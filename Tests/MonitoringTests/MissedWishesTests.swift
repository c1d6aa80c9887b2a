import Inventory
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import Connections
@testable import Monitoring

/// A wish for a poll whose notification nobody heard.
@Suite(.postgres) struct MissedWishesTests {
    private struct Nobody: CollectorMaker {
        let kind = ConnectionKind.pve
        let cadence = (least: Duration.seconds(10), normal: Duration.seconds(10), most: Duration.seconds(3600))
        func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector {
            throw ConnectionFault(.authentication, "Refused.")
        }
        func certificate(
            of host: String, port: Int, route: OutboundRoute, timeout: Duration
        ) async -> Result<ServerCertificate, ConnectionFault> { .failure(ConnectionFault(.unsupported, "None.")) }
    }

    private let time = ManualTime()
    private let database = TestDatabase.current

    private func connection(_ id: ConnectionID, of org: OrgID, health: ConnectionHealth) -> WatchedConnection {
        let spec = ConnectionSpec(
            id: id, org: org, kind: .pve, name: "fra", host: "pve.example.com", port: 8006, trust: .system,
            credential: .none, cadence: .seconds(3600))
        return WatchedConnection(
            id: id, kind: .pve, name: "fra", revision: 1, isEnabled: true, cadence: .seconds(3600), site: nil, tags: [],
            spec: .success(spec), health: health)
    }

    private func store(_ health: ConnectionHealth, of id: ConnectionID, in org: OrgID) async throws {
        try await database.app.execute(
            in: org,
            """
            INSERT INTO connection_health (org_id, connection_id, state, checked_at, next_poll_at)
            VALUES (\(org), \(id), \(health.state.rawValue), \(health.checkedAt), \(health.nextPollAt))
            ON CONFLICT (org_id, connection_id) DO UPDATE
            SET state = excluded.state, checked_at = excluded.checked_at, next_poll_at = excluded.next_poll_at
            """)
    }

    @Test("is found in the row: what is parked, or waits for long, is asked once, and nothing else is")
    func found() async throws {
        let org = try await Given.organisation()
        let ids = (1...6).map { ConnectionID(bytes: [UInt8](repeating: UInt8($0), count: 16)) }
        let (wished, slow, tested, parked, waiting, stale) = (ids[0], ids[1], ids[2], ids[3], ids[4], ids[5])
        var (refused, fine) = (ConnectionHealth(), ConnectionHealth())
        refused.fail(ConnectionFault(.authentication, "No."), cadence: .seconds(3600), at: time.now, jitter: 0)
        fine.take(PollReport(), cadence: .seconds(3600), startedAt: time.now, at: time.now, jitter: 0)
        let desk = PollDesk(makers: [Nobody()], time: time, logger: Logger(label: "test"))
        let (outcomes, told) = AsyncStream.makeStream(of: ConnectionID.self)
        await desk.deliver { told.yield($0.checked.id) }
        var heard = outcomes.makeAsyncIterator()
        let kept: [(ConnectionID, ConnectionHealth)] = [
            (wished, refused), (slow, fine), (tested, refused), (parked, refused), (waiting, fine), (stale, fine),
        ]
        for (id, health) in kept { try await store(health, of: id, in: org) }
        await desk.reload(kept.map { connection($0.0, of: org, health: $0.1) }, of: org)

        time.advance(by: .seconds(60))
        for (id, var health) in kept where id == wished || id == slow {
            health.hurry(at: time.now)
            try await store(health, of: id, in: org)
        }
        var tried = refused
        tried.take(
            .success(ConnectionProbe(version: nil, instanceName: nil, latency: .zero)),
            cadence: .seconds(3600), at: time.now, jitter: 0)
        try await store(tried, of: tested, in: org)
        // Not written since an earlier poll: its time is over, and it was asked at that time.
        var old = fine
        old.hurry(at: time.now - .seconds(120))
        try await store(old, of: stale, in: org)

        let wishes = MissedWishes(database: database.worker)
        let lingering = await desk.lingering(limit: 100)
        #expect(lingering.count == 6)
        let missed = try await wishes.among(lingering, at: time.now)
        #expect(Set(missed.map(\.connection)) == [wished, slow, tested])
        await desk.obey(missed)
        time.advance(by: .seconds(1))
        await desk.tick()
        var asked: Set<ConnectionID> = []
        for _ in 0..<3 { asked.insert(try #require(await heard.next())) }
        #expect(asked == [wished, slow, tested])
        // What has been asked since is not asked for the same wish again.
        time.advance(by: .seconds(1))
        #expect(try await wishes.among(await desk.lingering(limit: 100), at: time.now).isEmpty)
        await desk.obey(missed)
        await desk.tick()
        #expect(await desk.lingering(limit: 100).count == 6)
        #expect(await desk.lingering(limit: 4).count == 4)
        await desk.close()
    }
}
