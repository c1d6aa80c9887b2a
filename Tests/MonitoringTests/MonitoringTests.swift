import AgentProtocol
import Bus
import Compression
import FoundationEssentials
import History
import Ingest
import Inventory
import JSONKit
import Kernel
import Logging
import Postgres
import Resources
import TestKit
import Testing

@testable import Monitoring

/// Reports as an agent would send them.
enum Told {
    static func report(
        _ hostname: String = "web-1", cpu: Double, at: Timestamp, machine: String = "m-1", interval: Int64 = 10
    ) -> HostReport {
        var report = HostReport()
        report.agent.intervalSeconds = interval
        report.host.hostname = hostname
        report.host.machineID = machine
        report.metrics.cpuUsagePercent = cpu
        report.metrics.memory.totalBytes = 1000
        report.metrics.memory.usedBytes = 250
        report.timestamp = at
        return report
    }

    static func accepted(
        _ report: HostReport, seq: Int64, agent: AgentID, org: OrgID, at: Timestamp, isBackfill: Bool = false
    ) -> AcceptedReport {
        var writer = JSONWriter()
        report.encode(to: &writer)
        return AcceptedReport(
            org: org, seq: seq, agent: agent, receivedAt: at, isBackfill: isBackfill, body: Gzip.compress(writer.bytes))
    }
}

extension OrgMonitorState {
    fileprivate mutating func flushed(at now: Timestamp, closing: Bool = false) -> Flush? {
        settle(at: now)
        return flush(at: now, closing: closing)
    }

    fileprivate mutating func settled(at now: Timestamp, closing: Bool = false) throws -> Flush {
        let flush = flushed(at: now, closing: closing)
        return try #require(flush)
    }
}

@Suite struct OrgMonitorStateTests {
    let org = OrgID.new(at: Timestamp(seconds: 1_795_253_400))
    let agent = AgentID.new(at: Timestamp(seconds: 1_795_253_400))
    let start = Timestamp(seconds: 1_795_253_400)

    private func state() -> OrgMonitorState {
        OrgMonitorState(org: org, epoch: 3, head: .none, inventory: StoredInventory(), now: start)
    }

    private func upserts(_ delta: Delta?) throws -> [JSONValue] {
        guard case .changes(let json) = delta?.body else { return [] }
        var reader = JSONReader(json)
        return try reader.decode(JSONValue.self)["upserts"]?.array ?? []
    }

    @Test("the first report shows the whole machine, the second only what changed") func deltas() throws {
        var state = state()
        state.take(
            Told.accepted(Told.report(cpu: 10, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        let first = try state.settled(at: start)
        #expect(first.head == OrgHead(epoch: 3, seq: 1))
        #expect(try upserts(first.delta).first?["name"] == "web-1")
        state.committed(first)
        #expect(state.flushed(at: start) == nil)

        let later = start + .seconds(10)
        state.take(
            Told.accepted(Told.report(cpu: 20, at: later), seq: 2, agent: agent, org: org, at: later), now: later)
        let second = try state.settled(at: later)
        #expect(second.head == OrgHead(epoch: 3, seq: 2))
        let patch = try #require(try upserts(second.delta).first)
        #expect(patch["metrics"]?["cpu"]?["percent"] == 20)
        #expect(patch["name"] == nil)
        #expect(patch["metrics"]?["memory"] == nil)
        #expect(second.rows.isEmpty)
    }

    @Test("a flush that failed is offered again, with what has come since") func failedFlush() throws {
        var state = state()
        state.take(
            Told.accepted(Told.report(cpu: 10, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        _ = try state.settled(at: start)
        let later = start + .seconds(10)
        state.take(
            Told.accepted(Told.report(cpu: 20, at: later), seq: 2, agent: agent, org: org, at: later), now: later)
        let again = try state.settled(at: later)
        #expect(again.head.seq == 1)
        #expect(again.covered == [1, 2])
        #expect(try upserts(again.delta).first?["metrics"]?["cpu"]?["percent"] == 20)
    }

    @Test("a backlog is history and does not overwrite what is so now") func backlog() throws {
        var state = state()
        state.take(
            Told.accepted(Told.report(cpu: 50, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        state.committed(try state.settled(at: start))
        let old = start - .seconds(3600)
        state.take(
            Told.accepted(Told.report(cpu: 1, at: old), seq: 2, agent: agent, org: org, at: start, isBackfill: true),
            now: start)
        let flush = try state.settled(at: start + .seconds(30), closing: true)
        #expect(flush.delta == nil)
        #expect(flush.covered == [1, 2])
        #expect((flush.checkpoint?.sampleCount ?? 0) > 2)
    }

    @Test("a report that is taken twice counts once") func twice() throws {
        var state = state()
        let report = Told.accepted(Told.report(cpu: 50, at: start), seq: 1, agent: agent, org: org, at: start)
        state.take(report, now: start)
        state.take(report, now: start)
        #expect(try state.settled(at: start, closing: true).covered == [1])
    }

    @Test("a hint that comes after its report was stored changes nothing") func late() throws {
        var state = state()
        let report = Told.accepted(Told.report(cpu: 50, at: start), seq: 1, agent: agent, org: org, at: start)
        state.take(report, now: start)
        state.committed(try state.settled(at: start, closing: true))
        state.take(report, now: start + .seconds(1))
        #expect(state.knownRows.isEmpty && !state.hasUnstored)
    }

    @Test("a silent machine is offline after its time, and online with the next report") func silence() throws {
        var state = state()
        state.take(
            Told.accepted(Told.report(cpu: 50, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        state.committed(try state.settled(at: start, closing: true))
        state.observeSilence(at: start + .seconds(60))
        #expect(state.flushed(at: start + .seconds(60)) == nil)
        state.observeSilence(at: start + .seconds(61))
        let offline = try state.settled(at: start + .seconds(61))
        #expect(offline.rows.map(\.status) == ["offline"])
        #expect(try upserts(offline.delta).first?["status"] == "offline")
        state.committed(offline)
        let later = start + .seconds(90)
        state.take(Told.accepted(Told.report(cpu: 5, at: later), seq: 2, agent: agent, org: org, at: later), now: later)
        let online = try state.settled(at: later)
        #expect(online.rows.map(\.status) == ["online"])
    }

    @Test("what an own outage hid is not held against a machine") func ownOutage() throws {
        var before = state()
        before.take(
            Told.accepted(Told.report(cpu: 50, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        let stored = try before.settled(at: start).rows
        let back = start + .seconds(3600)
        var after = OrgMonitorState(
            org: org, epoch: 4, head: .none, inventory: StoredInventory(resources: stored), now: back)
        after.observeSilence(at: back + .seconds(30))
        #expect(after.flushed(at: back + .seconds(30)) == nil)
        after.observeSilence(at: back + .seconds(61))
        #expect(after.flushed(at: back + .seconds(61))?.rows.map(\.status) == ["offline"])
    }

    @Test("the same machine keeps its id under a new agent, another machine gets its own") func identity() throws {
        var state = state()
        let other = AgentID.new(at: start)
        state.take(Told.accepted(Told.report(cpu: 1, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        state.take(Told.accepted(Told.report(cpu: 2, at: start), seq: 2, agent: other, org: org, at: start), now: start)
        state.take(
            Told.accepted(
                Told.report("db-1", cpu: 3, at: start, machine: "m-2"), seq: 3, agent: agent, org: org, at: start),
            now: start)
        let flush = try state.settled(at: start)
        #expect(Set(flush.rows.map(\.name)).count <= 2)
        let ids = Set(flush.changes.keys.values)
        #expect(ids.contains(ResourceMint.id(in: org, type: .agent, key: Evidence(.machineID, "m-1"))))
    }

    @Test("what is no longer enrolled goes from the inventory and from readers") func removal() throws {
        var state = state()
        state.take(Told.accepted(Told.report(cpu: 1, at: start), seq: 1, agent: agent, org: org, at: start), now: start)
        let first = try state.settled(at: start)
        state.committed(first)
        state.keepOnly([])
        let flush = try state.settled(at: start)
        #expect(flush.changes.removed == Set(first.rows.map(\.id)))
        guard case .changes(let json) = flush.delta?.body else { throw CancellationError() }
        #expect(String(decoding: json, as: UTF8.self).contains(first.rows[0].id.description))
    }
}

@Suite struct CounterRatesTests {
    @Test("a rate needs two readings, and a reset or a long gap gives none") func rates() {
        var rates = CounterRates()
        func at(_ seconds: Int64) -> Timestamp { Timestamp(seconds: seconds) }
        #expect(rates.rate(of: "a", counter: 100, at: at(0)) == nil)
        #expect(rates.rate(of: "a", counter: 300, at: at(10)) == 20)
        #expect(rates.rate(of: "a", counter: 5, at: at(20)) == nil)
        #expect(rates.rate(of: "a", counter: 25, at: at(30)) == 2)
        #expect(rates.rate(of: "a", counter: 50, at: at(30)) == nil)
        #expect(rates.rate(of: "a", counter: 1_000_000, at: at(5000)) == nil)
        #expect(rates.rate(of: "a", counter: nil, at: at(5010)) == nil)
        #expect(rates.rate(of: "a", counter: .max, at: at(5020)) == nil)
    }
}

@Suite(.postgres) struct MonitorDatabaseTests {
    let database = TestDatabase.current

    @Test("a stale epoch is refused by the database") func fencing() async throws {
        let org = try await Given.organisation()
        let lease = try await Held.lease(of: org)
        let write = ResourceWrites.advance(OrgHead(epoch: 1, seq: 1), in: org, at: SystemTime().now)
        let stale = ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch - 1)
        let error = await #expect(throws: DatabaseError.self) {
            _ = try await database.app.batch(in: org, [stale, write])
        }
        #expect(error?.sqlState == SQLState.fenced)
        #expect(try await ResourceStore(database.app).head(of: org) == .none)
        let fence = ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch)
        _ = try await database.app.batch(in: org, [fence, write])
        #expect(try await ResourceStore(database.app).head(of: org) == OrgHead(epoch: 1, seq: 1))
    }

    @Test("a report becomes inventory, history and a delta; a monitor that dies loses nothing") func wholeWay()
        async throws
    {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let machine = try await database.app.first(in: org, "SELECT machine_id FROM agents") {
            try $0.next(String.self)
        }
        let time = ManualTime()
        let bus = LocalBus()
        let lease = try await Held.lease(of: org)
        let outside = MonitorOutside(
            database: database.app, resources: ResourceStore(database.app),
            identity: IdentityStore(database.app), log: IngestStore(database.app),
            keeper: HistoryKeeper(
                HistoryStore(database.app, logger: Logger(label: "test")), logger: Logger(label: "test")),
            bus: bus, time: time, logger: Logger(label: "test"),
            agents: { _ in [ConnectionID(agent.uuid)] }, connections: { _ in [] },
            polls: PollDesk(makers: [], time: time, logger: Logger(label: "test")))
        let deltas = bus.subscribe(to: .deltas(of: org), capacity: 16)
        for number in 0..<3 {
            let report = Told.report(cpu: Double(number), at: time.now, machine: machine ?? "")
            let body = Told.accepted(report, seq: 0, agent: agent, org: org, at: time.now).body
            try await database.app.execute(
                in: org,
                """
                INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
                VALUES (\(org), \(agent), \(time.now), false, \(body))
                """)
            time.advance(by: .seconds(10))
        }
        // The first dies before its history is due: the log still has everything.
        let first = OrgMonitor(org: org, lease: lease, outside: outside)
        guard case .done(true) = await first.work() else { throw CancellationError() }
        #expect(try await ResourceStore(database.app).snapshot(of: org).resources.map(\.name) == ["web-1"])
        let rows = try await outside.log.uncovered(of: org, except: [], limit: 10)
        #expect(rows.count == 3)
        let second = OrgMonitor(org: org, lease: lease, outside: outside)
        _ = await second.work(closing: true)
        #expect(try await outside.log.uncovered(of: org, except: [], limit: 10).isEmpty)
        let samples = try await database.app.first(in: org, "SELECT sum(n) FROM history_heads") {
            try $0.next(Int.self)
        }
        #expect((samples ?? 0) >= 9)
        // Hints of all of them wait for the one that takes over, and one of a report that nobody has stored.
        let next = Told.report(cpu: 9, at: time.now, machine: machine ?? "")
        let fresh = Told.accepted(next, seq: 4, agent: agent, org: org, at: time.now)
        try await database.app.execute(
            in: org,
            """
            INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
            VALUES (\(org), \(agent), \(time.now), false, \(fresh.body))
            """)
        let seq = try #require(try await outside.log.uncovered(of: org, except: [], limit: 10).first).seq
        let third = OrgMonitor(org: org, lease: lease, outside: outside)
        for (number, known) in rows.enumerated() {
            await third.offer(known)
            if number == 1 {
                await third.offer(
                    AcceptedReport(
                        org: org, seq: seq, agent: agent, receivedAt: fresh.receivedAt, isBackfill: false,
                        body: fresh.body))
            }
        }
        _ = await third.work(closing: true)
        let after = try await database.app.first(in: org, "SELECT sum(n) FROM history_heads") {
            try $0.next(Int.self)
        }
        #expect((after ?? 0) - (samples ?? 0) == (samples ?? 0) / 3, "one report more, and none of the others again")
        deltas.cancel()
        var heads: [OrgHead] = []
        for await case .payload(let bytes) in deltas { heads.append(try #require(Delta(payload: bytes)).head) }
        #expect(heads.first == OrgHead(epoch: lease.epoch, seq: 1))
    }
}
