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

/// A monitor that takes an organisation over finds what the one before it knew.
@Suite(.postgres) struct TakeOverTests {
    private let time = ManualTime()
    private let database = TestDatabase.current
    private let first = ConnectionID(bytes: [UInt8](repeating: 1, count: 16))
    private let second = ConnectionID(bytes: [UInt8](repeating: 2, count: 16))

    private func outside(
        agents: (@Sendable () -> Set<ConnectionID>)? = nil,
        connections: @escaping @Sendable () -> [WatchedConnection] = { [] }
    ) -> MonitorOutside {
        let logger = Logger(label: "test")
        let both: Set<ConnectionID> = [first, second]
        return MonitorOutside(
            database: database.app, resources: ResourceStore(database.app),
            identity: IdentityStore(database.app), log: IngestStore(database.app),
            keeper: HistoryKeeper(HistoryStore(database.app, logger: logger), logger: logger), bus: LocalBus(),
            time: time, logger: logger, agents: { _ in agents?() ?? both },
            connections: { _ in connections() }, polls: PollDesk(makers: [], time: time, logger: logger))
    }

    @Test("what a connection told just before it was removed does not bring its things back")
    func removedBesideAnOutcome() async throws {
        let org = try await Given.organisation()
        let present = NIOLockedValueBox<Set<ConnectionID>>([first])
        let monitor = OrgMonitor(
            org: org, lease: try await Held.lease(of: org), outside: outside { present.withLockedValue { $0 } })
        await monitor.offer(told(by: first, cpu: 10, of: org))
        _ = await monitor.work(closing: true)
        let store = ResourceStore(database.app)
        #expect(try await store.snapshot(of: org).resources.count == 1)
        present.withLockedValue { $0 = [] }
        await monitor.reload()
        await monitor.offer(told(by: first, cpu: 20, of: org))
        _ = await monitor.work(closing: true)
        #expect(try await store.snapshot(of: org).resources.isEmpty)
        #expect(try await store.claims(of: org).isEmpty)
    }

    @Test("a removed agent's report is taken from the log, and from nowhere else; one that has just come is heard")
    func removedBesideAReport() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let present = NIOLockedValueBox<Set<ConnectionID>>([])
        let monitor = OrgMonitor(
            org: org, lease: try await Held.lease(of: org), outside: outside { present.withLockedValue { $0 } })
        _ = await monitor.work()
        func report() async throws {
            let body = Told.accepted(Told.report(cpu: 5, at: time.now), seq: 0, agent: agent, org: org, at: time.now)
                .body
            try await database.app.execute(
                in: org,
                """
                INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
                VALUES (\(org), \(agent), \(time.now), false, \(body))
                """)
            await monitor.look()
            _ = await monitor.work()
        }
        func rows() async throws -> Int? {
            try await database.app.first(in: org, "SELECT count(*) FROM ingest_log") { try $0.next(Int.self) }
        }
        let store = ResourceStore(database.app)
        try await report()
        #expect(try await store.snapshot(of: org).resources.isEmpty)
        #expect(try await rows() == 0)
        // Enrolled since, and its report is here before the news of it.
        present.withLockedValue { $0 = [ConnectionID(agent.uuid)] }
        try await report()
        #expect(try await store.snapshot(of: org).resources.map(\.name) == ["web-1"])
    }

    @Test("connections whose key is away are read again every half minute, until they open")
    func keyAway() async throws {
        let org = try await Given.organisation()
        let reads = NIOLockedValueBox(0)
        let (id, opensAt) = (first, 3)
        let monitor = OrgMonitor(
            org: org, lease: try await Held.lease(of: org),
            outside: outside(connections: {
                let count = reads.withLockedValue { reads in
                    reads += 1
                    return reads
                }
                let spec = ConnectionSpec(
                    id: id, org: org, kind: .pve, name: "fra", host: "pve.example.com", port: 8006, trust: .system,
                    credential: .none, cadence: .seconds(10))
                return [
                    WatchedConnection(
                        id: id, kind: .pve, name: "fra", revision: 1, isEnabled: true, cadence: .seconds(10), site: nil,
                        tags: [],
                        spec: count < opensAt ? .failure(ConnectionFault(.serverError, "Away.")) : .success(spec),
                        health: ConnectionHealth())
                ]
            }))
        var counts: [Int] = []
        for _ in 0..<10 {
            _ = await monitor.work()
            counts.append(reads.withLockedValue { $0 })
            time.advance(by: .seconds(15))
        }
        #expect(counts == [1, 1, 2, 2, 3, 3, 3, 3, 3, 3])
    }

    @Test(
        "what a test wrote into the record is corrected by the poll that it asked for, also when that is no news here")
    func correctsATest() async throws {
        let org = try await Given.organisation()
        try await database.superuser.executeGlobally(
            """
            INSERT INTO pulse.connections (org_id, id, kind, name, name_key, host, port, trust, credential, cadence_seconds,
                                           is_enabled, revision, created_at, changed_at)
            VALUES (\(org), \(first), 'pve', 'fra', 'fra', decode('01' || repeat('00', 60), 'hex'), 8006, 'system', 'none', 10,
                    true, 1, \(time.now), \(time.now))
            """)
        var fine = ConnectionHealth()
        fine.take(PollReport(), cadence: .seconds(10), startedAt: time.now, at: time.now, jitter: 0.5)
        try await database.app.execute(
            in: org,
            """
            INSERT INTO connection_health (org_id, connection_id, state, checked_at, ok_at)
            VALUES (\(org), \(first), 'ok', \(time.now), \(time.now))
            """)
        let spec = ConnectionSpec(
            id: first, org: org, kind: .pve, name: "fra", host: "pve.example.com", port: 8006, trust: .system,
            credential: .none, cadence: .seconds(10))
        let one = WatchedConnection(
            id: first, kind: .pve, name: "fra", revision: 1, isEnabled: true, cadence: .seconds(10), site: nil,
            tags: [],
            spec: .success(spec), health: fine)
        let monitor = OrgMonitor(
            org: org, lease: try await Held.lease(of: org), outside: outside(connections: { [one] }))
        _ = await monitor.work()
        // Somebody's test has failed.
        try await database.app.execute(in: org, "UPDATE connection_health SET state = 'parked', next_poll_at = NULL")
        func stateAfterPoll(isWished: Bool) async throws -> String? {
            time.advance(by: .seconds(10))
            fine.take(PollReport(), cadence: .seconds(10), startedAt: time.now, at: time.now, jitter: 0.5)
            await monitor.offer(
                PollDesk.Outcome(
                    org: org, report: PollReport(), checked: CheckedConnection(id: first, revision: 1, health: fine),
                    isWished: isWished))
            _ = await monitor.work()
            return try await database.app.first(
                in: org, "SELECT state FROM connection_health WHERE next_poll_at IS NOT NULL OR state = 'parked'"
            ) { try $0.next() }
        }
        #expect(
            try await stateAfterPoll(isWished: false) == "parked", "once a minute is often enough for what is the same")
        #expect(try await stateAfterPoll(isWished: true) == "ok")
    }

    @Test("a backlog is read to its end before hints are taken and anything of it is told: older never follows newer")
    func backlogInOrder() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let present: Set<ConnectionID> = [ConnectionID(agent.uuid)]
        let monitor = OrgMonitor(org: org, lease: try await Held.lease(of: org), outside: outside { present })
        func report(cpu: Double, seq: Int64 = 0) -> AcceptedReport {
            Told.accepted(Told.report(cpu: cpu, at: time.now), seq: seq, agent: agent, org: org, at: time.now)
        }
        func log(cpu: Double, times: Int = 1) async throws -> Int64 {
            try await database.app.first(
                in: org,
                """
                WITH added AS (
                    INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
                    SELECT \(org), \(agent), \(time.now), false, \(report(cpu: cpu).body) FROM generate_series(1, \(times))
                    RETURNING seq
                ) SELECT max(seq) FROM added
                """
            ) { try $0.next(Int64.self) } ?? 0
        }
        _ = try await log(cpu: 1, times: OrgMonitor.lookLimit)
        time.advance(by: .seconds(10))
        _ = try await log(cpu: 2)
        time.advance(by: .seconds(10))
        let last = try await log(cpu: 3)
        await monitor.offer(report(cpu: 3, seq: last))
        let store = ResourceStore(database.app)
        guard case .done(true) = await monitor.work() else { throw CancellationError() }
        #expect(try await store.snapshot(of: org).resources.isEmpty, "half a backlog is not what is so now")
        _ = await monitor.work()
        let live = try #require(try await store.snapshot(of: org).resources.first).live
        #expect(String(decoding: live, as: UTF8.self).contains(#""percent":3"#))
    }

    @Test("who hands over half-way through a backlog writes what it has read of it")
    func backlogHandedOver() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let present: Set<ConnectionID> = [ConnectionID(agent.uuid)]
        let monitor = OrgMonitor(org: org, lease: try await Held.lease(of: org), outside: outside { present })
        let body = Told.accepted(Told.report(cpu: 1, at: time.now), seq: 0, agent: agent, org: org, at: time.now).body
        try await database.app.execute(
            in: org,
            """
            INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
            SELECT \(org), \(agent), \(time.now), false, \(body) FROM generate_series(1, \(OrgMonitor.lookLimit + 1))
            """)
        guard case .done(true) = await monitor.work(closing: true) else { throw CancellationError() }
        #expect(try await ResourceStore(database.app).snapshot(of: org).resources.map(\.name) == ["web-1"])
        let left = try await database.app.first(in: org, "SELECT count(*) FROM ingest_log") { try $0.next(Int.self) }
        #expect(left == 1, "a report leaves the log only with what it told")
    }

    /// A guest as its platform tells of it, and as a second connection to the same platform does.
    private func told(by connection: ConnectionID, cpu: Double, of org: OrgID) -> PollDesk.Outcome {
        var metrics = ResourceMetrics()
        metrics.cpuPercent = cpu
        let said = Observation(
            connection: connection, source: .proxmox, type: .vm, key: "qemu/101", scope: "guests",
            evidence: [Evidence(.platformID, "pve:one/guest/101")], name: "web", metrics: metrics, tags: ["prod"],
            facts: [ResourceBlock("proxmox", json: Array(#"{"vmid":101}"#.utf8))], measuredAt: time.now,
            receivedAt: time.now)
        return PollDesk.Outcome(
            org: org, report: PollReport(observations: [said], complete: ["guests"]),
            checked: CheckedConnection(id: connection, revision: 1, health: ConnectionHealth()))
    }

    @Test("one machine of two sources stays one, under its id, and nothing is said to have happened")
    func oneMachine() async throws {
        let org = try await Given.organisation()
        let lease = try await Held.lease(of: org)
        let before = OrgMonitor(org: org, lease: lease, outside: outside())
        await before.offer(told(by: first, cpu: 10, of: org))
        await before.offer(told(by: second, cpu: 10, of: org))
        _ = await before.work(closing: true)
        let store = ResourceStore(database.app)
        let stored = try await store.snapshot(of: org).resources
        #expect(stored.map(\.name) == ["web"])
        #expect(try await store.claims(of: org).map(\.resource) == [stored[0].id, stored[0].id])

        time.advance(by: .seconds(30))
        let after = OrgMonitor(org: org, lease: lease, outside: outside())
        // The other source is first to speak: it still is the same machine.
        await after.offer(told(by: second, cpu: 30, of: org))
        _ = await after.work()
        #expect(try await store.snapshot(of: org).resources.map(\.id) == [stored[0].id])
        await after.offer(told(by: first, cpu: 30, of: org))
        _ = await after.work(closing: true)
        let now = try await store.snapshot(of: org).resources
        #expect(now.map(\.id) == [stored[0].id])
        #expect(String(decoding: now[0].live, as: UTF8.self).contains(#""percent":30"#))
        let changes = try await database.app.first(in: org, "SELECT count(*) FROM resource_changes") {
            try $0.next(Int.self)
        }
        #expect(changes == 0)
    }

    @Test("what cannot be closed does not keep what is over") func forgetting() async throws {
        let org = try await Given.organisation()
        let monitor = OrgMonitor(org: org, lease: try await Held.lease(of: org), outside: outside())
        let old = time.now - .seconds(800 * 86_400)
        try await database.superuser.executeGlobally(
            "INSERT INTO pulse.history_presence (org_id, since, until) VALUES (\(org), \(old), \(old))")
        try await database.superuser.executeGlobally(
            "CREATE FUNCTION pulse.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''no''; END'")
        try await database.superuser.executeGlobally(
            "CREATE TRIGGER refuse BEFORE INSERT ON pulse.history_presence EXECUTE FUNCTION pulse.refuse()")
        await monitor.closeWindows()
        let left = try await database.app.first(in: org, "SELECT count(*) FROM history_presence") {
            try $0.next(Int.self)
        }
        #expect(left == 0)
    }

    @Test("two that turn out to be one leave one row, and the old id leads to it") func becomingOne() async throws {
        let org = try await Given.organisation()
        let monitor = OrgMonitor(org: org, lease: try await Held.lease(of: org), outside: outside())
        func host(_ connection: ConnectionID, serials: [String]) -> PollDesk.Outcome {
            let said = Observation(
                connection: connection, source: .proxmox, type: .agent, key: "node/pve1", scope: "nodes",
                evidence: [Evidence(.platformID, "pve:\(connection)/node/pve1")]
                    + serials.map { Evidence(.hostDisk, $0) }, name: "pve1", measuredAt: time.now,
                receivedAt: time.now)
            return PollDesk.Outcome(
                org: org, report: PollReport(observations: [said], complete: ["nodes"]),
                checked: CheckedConnection(id: connection, revision: 1, health: ConnectionHealth()))
        }
        await monitor.offer(host(first, serials: ["S1"]))
        await monitor.offer(host(second, serials: []))
        _ = await monitor.work()
        let store = ResourceStore(database.app)
        let two = try await store.snapshot(of: org).resources.map(\.id)
        #expect(two.count == 2)
        time.advance(by: .seconds(10))
        await monitor.offer(host(second, serials: ["S1"]))
        _ = await monitor.work()
        let one = try await store.snapshot(of: org).resources.map(\.id)
        #expect(one.count == 1)
        for id in two { #expect(try await store.resource(id, in: org)?.id == one.first) }
        #expect(try await store.claims(of: org).map(\.resource) == one + one)
    }

    @Test("what is left of its connections goes with them, keys and claims included")
    func removal() async throws {
        let org = try await Given.organisation()
        let lease = try await Held.lease(of: org)
        var outside = outside()
        let before = OrgMonitor(org: org, lease: lease, outside: outside)
        await before.offer(told(by: first, cpu: 10, of: org))
        _ = await before.work(closing: true)
        let logger = Logger(label: "test")
        outside = MonitorOutside(
            database: outside.database, resources: outside.resources,
            identity: outside.identity, log: outside.log, keeper: outside.keeper,
            bus: outside.bus, time: time, logger: logger, agents: { _ in [] }, connections: { _ in [] },
            polls: PollDesk(makers: [], time: time, logger: logger))
        let after = OrgMonitor(org: org, lease: lease, outside: outside)
        _ = await after.work(closing: true)
        for table in ["resources", "resource_claims", "resource_keys", "resource_live"] {
            let left = try await database.app.first(
                in: org, SQL(unsafeSQL: "SELECT count(*) FROM \(table)")
            ) { try $0.next(Int.self) }
            #expect(left == 0, "\(table)")
        }
    }
}
