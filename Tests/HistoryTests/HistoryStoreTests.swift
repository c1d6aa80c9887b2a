import Inventory
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import History

@Suite("history store", .postgres) struct HistoryStoreTests {
    let database = TestDatabase.current
    let store = HistoryStore(TestDatabase.current.app, logger: Logger(label: "test"))
    /// Two hours and a quarter into a window, today: partitions exist around the real now.
    let now = Timestamp(
        milliseconds: SystemTime().now.milliseconds.floored(to: Tier.raw.window) + 7_200_000 + 900_000)
    let resource = ResourceID.new(at: SystemTime().now)

    var keeper: HistoryKeeper { HistoryKeeper(store, logger: Logger(label: "test")) }

    init() async throws { try await HistoryKeeper.prepare(around: now, workers: database.worker) }

    private func query(
        _ metric: MetricName? = MetricName(.cpu), range: String = "1h", maxPoints: Int = 300, now: Timestamp? = nil
    ) -> HistoryQuery {
        HistoryQuery(
            resource: resource, metric: metric, range: HistoryRange(range), maxPoints: maxPoints, now: now ?? self.now)
    }

    /// One sample every 10 s from `secondsAgo` until now, checkpointed every minute; the value is the row's number.
    private func measure(_ secondsAgo: Int64, until: Int64 = 0, in org: OrgID, value: Double? = nil) async throws {
        var buffer = HeadBuffer()
        for (row, ago) in stride(from: secondsAgo, to: until, by: -10).enumerated() {
            let at = now - .seconds(ago)
            let samples = [(metric: MetricName(.cpu), value: value ?? Double(row % 100))]
            #expect(buffer.add(samples, of: resource, measuredAt: at, now: at) == 1)
            if row % 6 == 5 {
                let checkpoint = buffer.checkpoint(at: at)
                try await store.append(checkpoint, in: org)
                buffer.stored(checkpoint)
            }
        }
        try await store.append(buffer.checkpoint(at: now - .seconds(until)), in: org)
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await database.superuser.firstGlobally(sql) { try Int($0.next(Int64.self)) } ?? -1
    }

    @Test("samples are visible as soon as their checkpoint is, and the same after their window was closed")
    func sealing() async throws {
        let org = OrgID.new(at: now)
        try await measure(7000, in: org)
        let before = try await store.read(query(range: "2h", maxPoints: 2000), in: org)
        #expect(before.series["cpu"]?.count == 700)
        #expect(before.series["cpu"]?.last?.timestamp == (now - .seconds(10)).milliseconds)
        #expect(try await keeper.close(in: org, now: now) == 1)
        #expect(try await count("SELECT count(*) FROM pulse.history_chunks") == 5)
        #expect(try await store.read(query(range: "2h", maxPoints: 2000), in: org) == before)
        // The window that is still open stays in the heads.
        #expect(try await count("SELECT count(*) FROM pulse.history_heads") > 0)
        #expect(try await keeper.close(in: org, now: now) == 0)
    }

    @Test("a day, a week and three months read the same sums from roll-ups, heads included")
    func rollups() async throws {
        let org = OrgID.new(at: now)
        try await measure(7000, in: org)
        try await keeper.close(in: org, now: now)
        for (range, tier) in [("24h", Tier.minute), ("7d", .minute), ("90d", .hour), ("700d", .day)] {
            let points = try await store.read(query(range: range, maxPoints: 2000), in: org).series["cpu"] ?? []
            #expect(!points.isEmpty)
            #expect(points.map(\.lowest).min() == 0)
            #expect(points.map(\.highest).max() == 99)
            #expect(points.count <= 7000 * 1000 / Int(tier.resolution) + 2)
        }
    }

    @Test("late data is merged into a closed window, once, and its roll-ups follow")
    func lateData() async throws {
        let org = OrgID.new(at: now)
        try await measure(6000, until: 3000, in: org, value: 10)
        try await keeper.close(in: org, now: now)
        // The same half hour again, and half an hour that was missing.
        try await measure(4800, until: 1200, in: org, value: 30)
        try await keeper.close(in: org, now: now + .seconds(300))
        let raw = try await store.read(query(range: "2h", maxPoints: 2000), in: org).series["cpu"] ?? []
        #expect(raw.count == 480)
        #expect(raw.filter { $0.value == 10 }.count == 300)
        let minutes = try await store.read(query(range: "24h", maxPoints: 2000), in: org).series["cpu"] ?? []
        #expect(minutes.filter { $0.value == 10 }.count >= 49)
        #expect(minutes.filter { $0.value == 30 }.count >= 29)
        let total = try await store.read(query(range: "8d", maxPoints: 2000), in: org).series["cpu"] ?? []
        let sums = total.reduce(0) { $0 + $1.value } / Double(total.count)
        #expect(total.count > 1 || abs(sums - (300 * 10 + 180 * 30) / 480) < 0.01)
    }

    @Test("gaps stay gaps")
    func gaps() async throws {
        let org = OrgID.new(at: now)
        try await measure(3000, until: 2000, in: org)
        try await measure(1000, in: org)
        let points = try await store.read(query(maxPoints: 60), in: org).series["cpu"] ?? []
        let hole = (now - .seconds(1940)).milliseconds..<(now - .seconds(1060)).milliseconds
        #expect(points.count < 40)
        #expect(!points.contains { hole.contains($0.timestamp) })
    }

    @Test("fewer points keep the extremes")
    func downsampling() async throws {
        let org = OrgID.new(at: now)
        try await measure(3600, in: org, value: 5)
        var buffer = HeadBuffer()
        buffer.add([(metric: MetricName(.cpu), value: 99.5)], of: resource, measuredAt: now - .seconds(1234), now: now)
        try await store.append(buffer.checkpoint(at: now), in: org)
        for maxPoints in [1, 10, 100] {
            let points = try await store.read(query(maxPoints: maxPoints), in: org).series["cpu"] ?? []
            #expect(points.count <= maxPoints)
            if maxPoints > 1 { #expect(points.map(\.highest).max() == 99.5) }
            #expect(points.map(\.lowest).min() == 5)
        }
    }

    @Test("another organisation sees nothing", arguments: ["1h", "24h", "7d", "90d"])
    func isolation(range: String) async throws {
        let (ours, theirs) = (OrgID.new(at: now), OrgID.new(at: now))
        try await measure(7000, in: ours)
        try await keeper.close(in: ours, now: now)
        #expect(try await store.read(query(range: range), in: ours).series["cpu"]?.isEmpty == false)
        #expect(try await store.read(query(range: range), in: theirs).series["cpu"] == [])
        #expect(try await store.read(query(nil, range: range), in: theirs).series.isEmpty)
        for ids in [[resource], nil] {
            let lines = try await store.sparklines(
                MetricName(.cpu), of: ids, range: HistoryRange("1h"), points: 60, limit: 10, now: now, in: theirs)
            #expect(lines.lines.isEmpty)
        }
        #expect(try await keeper.close(in: theirs, now: now + .seconds(90_000)) == 0)
    }

    @Test("nobody reaches a partition directly, and without an organisation there is nothing")
    func partitions() async throws {
        let org = OrgID.new(at: now)
        try await measure(7000, in: org)
        try await keeper.close(in: org, now: now)
        let partitions = try await database.superuser.rowsGlobally(
            "SELECT relid::regclass::text FROM pg_partition_tree('pulse.history_chunks') WHERE level > 0"
        ) { try $0.next(String.self) }
        #expect(partitions.count > 20)
        for partition in partitions {
            await #expect(throws: DatabaseError.self) {
                try await database.app.execute(in: org, SQL(unsafeSQL: "SELECT 1 FROM \(partition)"))
            }
        }
        for table in ["history_chunks", "history_heads"] {
            let seen = try await database.app.firstGlobally(SQL(unsafeSQL: "SELECT count(*) FROM pulse.\(table)")) {
                try $0.next(Int64.self)
            }
            #expect(seen == 0)
        }
    }

    @Test("a checkpoint and what is deleted with it happen together or not at all")
    func atomicity() async throws {
        let org = OrgID.new(at: now)
        struct Killed: Error {}
        var buffer = HeadBuffer()
        buffer.add([(metric: MetricName(.cpu), value: 1)], of: resource, measuredAt: now, now: now)
        let checkpoint = buffer.checkpoint(at: now)
        await #expect(throws: Killed.self) {
            try await database.app.asOrg(org) { transaction in
                try await store.append(checkpoint, in: org, transaction: transaction)
                throw Killed()
            }
        }
        #expect(try await count("SELECT count(*) FROM pulse.history_heads") == 0)
    }

    @Test("a close that is cut off between chunks and heads leaves both as they were")
    func killedWhileClosing() async throws {
        let org = OrgID.new(at: now)
        try await measure(7000, in: org)
        let before = try await store.read(query(range: "2h", maxPoints: 2000), in: org)
        try await database.superuser.executeGlobally(
            """
            CREATE FUNCTION pulse.refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RAISE EXCEPTION ''cut off''; END'
            """)
        try await database.superuser.executeGlobally(
            "CREATE TRIGGER refuse BEFORE DELETE ON pulse.history_heads EXECUTE FUNCTION pulse.refuse()")
        await #expect(throws: DatabaseError.self) { try await keeper.close(in: org, now: now) }
        #expect(try await count("SELECT count(*) FROM pulse.history_chunks") == 0)
        #expect(try await store.read(query(range: "2h", maxPoints: 2000), in: org) == before)
        try await database.superuser.executeGlobally("DROP TRIGGER refuse ON pulse.history_heads")
        try await keeper.close(in: org, now: now)
        #expect(try await store.read(query(range: "2h", maxPoints: 2000), in: org) == before)
    }

    @Test(
        "a window that was left open for longer than its finer tiers are kept is closed into the others",
        arguments: [(4, [1, 2, 3, 4]), (25, [2, 3]), (102, [3]), (900, [])] as [(Int64, [Int64])])
    func leftOpen(days: Int64, tiers: [Int64]) async throws {
        let org = OrgID.new(at: now)
        let then = now - .seconds(days * 86_400)
        var buffer = HeadBuffer()
        for row in 0..<20 {
            let at = then + .seconds(Int64(row) * 10)
            buffer.add([(metric: MetricName(.cpu), value: 50)], of: resource, measuredAt: at, now: at)
        }
        try await store.append(buffer.checkpoint(at: then + .seconds(200)), in: org)
        try await measure(7000, in: org)
        #expect(try await keeper.close(in: org, now: now) == 2)
        let written = try await database.superuser.rowsGlobally(
            "SELECT tier FROM pulse.history_chunks WHERE t0 <= \(then) AND t0 > \(then - .seconds(21 * 86_400)) ORDER BY 1"
        ) { try Int64($0.next(Int16.self)) }
        #expect(written == tiers)
        #expect(try await count("SELECT count(*) FROM pulse.history_heads WHERE t0 <= \(then)") == 0)
        // And what came after it is closed too.
        #expect(try await store.read(query(range: "2h", maxPoints: 2000), in: org).series["cpu"]?.count == 700)
        #expect(try await keeper.close(in: org, now: now) == 0)
    }

    @Test("the oldest partition of every tier that Swift counts on is there")
    func oldest() async throws {
        for (tier, parent) in [
            (Tier.raw, "raw"), (.minute, "minute"), (.quarter, "quarter"), (.hour, "hour"), (.day, "day"),
        ] {
            let start = Timestamp(milliseconds: tier.oldestKept(at: now))
            let found = try await count(
                """
                SELECT count(to_regclass('pulse.history_' || \(parent)
                                         || to_char(\(start) AT TIME ZONE 'UTC', '_YYYYMMDD')))
                """)
            #expect(found == 1, "\(tier)")
        }
    }

    @Test("a stale fence stops a close")
    func fenced() async throws {
        let org = OrgID.new(at: now)
        try await measure(7000, in: org)
        await #expect(throws: DatabaseError.self) {
            try await keeper.close(in: org, now: now, fence: "SELECT pulse_fence(\(Int16(3)), \(Int64(999)))")
        }
        #expect(try await count("SELECT count(*) FROM pulse.history_chunks") == 0)
    }

    @Test("damaged rows are passed over when reading and never overwritten")
    func damage() async throws {
        let org = OrgID.new(at: now)
        try await measure(7000, until: 4000, in: org)
        try await keeper.close(in: org, now: now)
        try await database.superuser.executeGlobally(
            "UPDATE pulse.history_chunks SET data = set_byte(data, 9, get_byte(data, 9) # 255) WHERE tier = 0")
        try await measure(1000, in: org)
        #expect(try await store.read(query(range: "2h", maxPoints: 2000), in: org).series["cpu"]?.count == 100)
        try await measure(3000, until: 2000, in: org)
        try await keeper.close(in: org, now: now + .seconds(300))
        #expect(try await count("SELECT count(*) FROM pulse.history_chunks WHERE get_byte(data, 9) >= 0") == 5)
        #expect(try await store.read(query(range: "2h", maxPoints: 2000), in: org).series["cpu"]?.count == 200)
    }

    @Test("partitions are made ahead, once, and dropped when their last sample has passed its time")
    func retention() async throws {
        func names() async throws -> Set<String> {
            try await Set(
                database.superuser.rowsGlobally(
                    "SELECT relid::regclass::text FROM pg_partition_tree('pulse.history_chunks') WHERE isleaf"
                ) { try $0.next(String.self) })
        }
        let before = try await names()
        try await HistoryKeeper.prepare(around: now, workers: database.worker)
        #expect(try await names() == before)
        try await HistoryKeeper.prepare(around: now - .seconds(30 * 86_400), workers: database.worker)
        #expect(try await names().isStrictSuperset(of: before))
        try await HistoryKeeper.prepare(around: now, workers: database.worker)
        #expect(try await names() == before)
        // A clock that runs ahead makes tables, but drops nothing.
        try await HistoryKeeper.prepare(around: now + .seconds(900 * 86_400), workers: database.worker)
        #expect(try await names().isStrictSuperset(of: before))
        await #expect(throws: DatabaseError.self) {
            try await database.app.executeGlobally("SELECT history_prepare(\(now))")
        }
    }

    @Test("sparklines have every step, with holes where nothing was measured")
    func sparklines() async throws {
        let org = OrgID.new(at: now)
        try await measure(1800, in: org, value: 50)
        let lines = try await store.sparklines(
            MetricName(.cpu), of: nil, range: HistoryRange("1h"), points: 60, limit: 10, now: now, in: org)
        let line = try #require(lines.lines[resource])
        #expect(line.count == 60)
        #expect(lines.stepSeconds == 60)
        #expect(line.filter { $0.value == 50 }.count == 30 || line.filter { $0.value == 50 }.count == 31)
        #expect(line.first?.value == nil)
        #expect(zip(line, line.dropFirst()).allSatisfy { $1.at - $0.at == 60_000 })
    }
}
