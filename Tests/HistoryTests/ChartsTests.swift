import Access
import HTTPKit
import Inventory
import JSONKit
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import History

@Suite("charts of many", .postgres) struct ChartsTests {
    let database = TestDatabase.current
    let store = HistoryStore(TestDatabase.current.app, logger: Logger(label: "test"))
    let now = Timestamp(milliseconds: SystemTime().now.milliseconds.floored(to: Tier.raw.window) + 900_000)
    let org = OrgID.new(at: SystemTime().now)
    let machines: [ResourceID]
    private let metrics: [MetricName] = [MetricName(.cpu), MetricName(.memory), MetricName(.netIn)]

    init() async throws {
        let now = now
        machines = (0..<3).map { _ in ResourceID.new(at: now) }
        try await HistoryKeeper.prepare(around: now, workers: database.worker)
    }

    private var keeper: HistoryKeeper { HistoryKeeper(store, logger: Logger(label: "test")) }

    /// Three machines every half minute for 26 hours, but for one's hour of silence; windows are closed on the way.
    /// - Returns: what was measured: by machine and metric, the time and the value.
    private func measure() async throws -> [ResourceID: [String: [(Int64, Double)]]] {
        var told: [ResourceID: [String: [(Int64, Double)]]] = [:]
        var buffer = HeadBuffer()
        var at = now - .seconds(26 * 3600)
        var row = 0
        while at < now {
            for (number, machine) in machines.enumerated() where number != 2 || !(1000..<1120).contains(row) {
                let samples = metrics.enumerated().map { place, metric in
                    (metric: metric, value: Double((row * (place + 3) + number * 17) % 97))
                }
                buffer.add(samples, of: machine, measuredAt: at, now: at)
                for sample in samples {
                    told[machine, default: [:]][sample.metric.text, default: []].append(
                        (at.milliseconds, sample.value))
                }
            }
            if row % 100 == 99 {
                let checkpoint = buffer.checkpoint(at: at)
                try await store.append(checkpoint, in: org)
                buffer.stored(checkpoint)
                try await keeper.close(in: org, now: at, limit: 1000)
            }
            at = at + .seconds(30)
            row += 1
        }
        try await store.append(buffer.checkpoint(at: now), in: org)
        return told
    }

    @Test("every point is the mean, the lowest and the highest of its step, whichever tier answers")
    func equalsBruteForce() async throws {
        let told = try await measure()
        for (range, points) in [("30m", 60), ("2h", 60), ("8h", 100), ("24h", 60), ("24h", 200), ("12h", 5)] {
            let query = ChartQuery(
                metrics: metrics, range: HistoryRange(range), points: points, withExtremes: true, now: now)
            let grids = try await store.charts(query, of: machines, in: org) { $0 }
            #expect(Set(grids.map(\.resource)) == Set(machines))
            for (machine, grid) in grids {
                let timeline = grid.timeline
                for (row, metric) in metrics.enumerated() {
                    for place in 0..<timeline.stepCount {
                        let start = timeline.first + Int64(place) * timeline.step
                        let mine = told[machine]![metric.text]!.filter {
                            $0.0 >= start && $0.0 < start + timeline.step && $0.0 <= timeline.end
                        }.map(\.1)
                        let point = grid.point(row, at: place)
                        guard !mine.isEmpty else {
                            #expect(point == nil)
                            continue
                        }
                        let found = try #require(point, "\(range) \(metric) \(place)")
                        #expect(abs(found.value - mine.reduce(0, +) / Double(mine.count)) < 1e-6)
                        #expect(found.lowest == mine.min() && found.highest == mine.max())
                    }
                }
            }
        }
    }

    @Test("a quarter that lies in two pieces of the open window counts both")
    func sharedQuarter() async throws {
        var buffer = HeadBuffer()
        let start = now - .seconds(900)
        for row in 0..<90 {
            let at = start + .seconds(Int64(row) * 10)
            // Sixty rows are a full piece: the first two thirds of the quarter are in one, the last in another.
            let samples = [(metric: MetricName(.cpu), value: row < 60 ? 10.0 : 70.0)]
            buffer.add(samples, of: machines[0], measuredAt: at, now: at)
        }
        try await store.append(buffer.checkpoint(at: now), in: org)
        let query = ChartQuery(
            metrics: [MetricName(.cpu)], range: HistoryRange("24h"), points: 96, withExtremes: true, now: now)
        let points = try await store.charts(query, of: [machines[0]], in: org) { $0.points(0) }.first?.value ?? []
        let quarter = try #require(points.first { $0.timestamp == start.milliseconds })
        #expect(query.timeline.stepSeconds == 900)
        #expect(quarter.value == 30 && quarter.lowest == 10 && quarter.highest == 70)
    }

    @Test("only the metrics that are asked for are decoded, and without extremes neither are these")
    func subsets() async throws {
        _ = try await measure()
        let query = ChartQuery(metrics: [MetricName(.cpu)], range: HistoryRange("24h"), points: 60, now: now)
        #expect(query.tier == .quarter)
        let asked = SourceQuery(
            tier: .quarter, from: query.timeline.first, to: query.timeline.end, takesBriefs: true
        ) { $0.metric == "cpu" && [.sum, .count].contains($0.aspect) }
        for source in try await store.sources(of: machines, asked, in: org).values {
            let columns = Set(source.stored.values.flatMap(\.columns).map(\.id))
            #expect(columns == [ColumnID("cpu", .sum), ColumnID("cpu", .count)])
        }
    }

    @Test("a plan that keeps a week refuses more with 402, and what it does not keep goes a week later")
    func plans() async throws {
        _ = try await measure()
        try await keeper.close(in: org, now: now, limit: 1000)
        try await store.require(HistoryRange("90d"), in: org)
        try await database.app.execute(in: org, HistoryStore.setting(.free, of: org, at: now))
        try await store.require(HistoryRange("7d"), in: org)
        let problem = await #expect(throws: Problem.self) { try await store.require(HistoryRange("8d"), in: org) }
        #expect(problem?.status == 402)
        #expect(problem?.extras["feature"] == "long_term_metrics")
        // Another organisation's plan is its own.
        try await store.require(HistoryRange("8d"), in: OrgID.new(at: now))
        func days() async throws -> Int {
            try await database.app.first(in: org, "SELECT count(*) FROM history_chunks WHERE tier = 2") {
                try Int($0.next(Int64.self))
            } ?? -1
        }
        let before = try await days()
        #expect(before > 0)
        try await keeper.forget(in: org, now: now + .seconds(7 * 86_400))
        #expect(try await days() == before)
        try await keeper.forget(in: org, now: now + .seconds(17 * 86_400))
        #expect(try await days() == 0)
    }

    @Test("when nobody watched is told, to the minute, and does not hide what came in late")
    func outages() async throws {
        let start = now - .seconds(3600)
        for minute in Array(0...20) + Array(40...60) {
            try await keeper.beat(in: org, now: start + .seconds(Int64(minute) * 60))
        }
        #expect(
            try await store.outages(in: org, from: start, to: now) == [
                Outage(start: start + .seconds(1200), end: start + .seconds(2400))
            ])
        // A range that lies within the outage knows of it too.
        #expect(
            try await store.outages(in: org, from: start + .seconds(1500), to: start + .seconds(1800)) == [
                Outage(start: start + .seconds(1500), end: start + .seconds(1800))
            ])
        // Still away: until now.
        #expect(
            try await store.outages(in: org, from: now - .seconds(60), to: now + .seconds(600)) == [
                Outage(start: now, end: now + .seconds(600))
            ])
        // A worker that takes over at once leaves no outage, and before the first there was nobody to miss.
        #expect(try await store.outages(in: org, from: start - .seconds(7200), to: start) == [])
        #expect(try await store.outages(in: OrgID.new(at: now), from: start, to: now) == [])
        let rows = try await database.app.first(in: org, "SELECT count(*) FROM history_presence") {
            try Int($0.next(Int64.self))
        }
        #expect(rows == 2)
    }

    @Test("over HTTP each kind of thing has its map, others' things and metrics nobody asked for are not there")
    func routes() async throws {
        _ = try await measure()
        for (machine, type, source) in zip3(machines, ["vm", "agent", "storage"], ["proxmox", "proxmox", "proxmox"]) {
            try await database.superuser.executeGlobally(
                """
                INSERT INTO pulse.resources (org_id, id, connection_id, type, source, name, name_key, status, facts,
                    first_seen_at, changed_at)
                VALUES (\(org), \(machine), \(machine), \(type), \(source), \(type), \(type), 'online', '', now(), now())
                """)
        }
        let answer = try await ask("/api/charts", ["range": "24h", "metrics": "cpu,netin"], in: org)
        let guest = try #require(answer["data"]?[machines[0].description])
        #expect(guest["cpu"]?.array?.count ?? 0 >= 47)
        #expect(guest["memory"] == nil)
        #expect(guest["cpu"]?.array?.first?["min"] == nil)
        #expect(answer["nodeData"]?[machines[1].description]?["netin"] != nil)
        #expect(answer["storageData"]?[machines[2].description] != nil)
        #expect(answer["guestTypes"]?[machines[0].description]?.string == "vm")
        #expect(answer["stats"]?["tier"]?.string == "quarter")
        #expect(answer["stats"]?["rangeSeconds"]?.double == 86_400)
        let ranged = try await ask("/api/charts/workloads", ["range": "1h", "aspects": "range"], in: org)
        #expect(ranged["nodeData"]?.object?.isEmpty == true)
        #expect(ranged["data"]?[machines[0].description]?["cpu"]?.array?.first?["min"] != nil)

        let summary = try await ask("/api/charts/summary", ["range": "1h", "top": "2"], in: org)
        #expect(summary["types"]?["vm"]?["count"]?.double == 1)
        #expect(summary["types"]?["vm"]?["metrics"]?["cpu"]?.array?.isEmpty == false)
        #expect(summary["top"]?["cpu"]?.array?.count == 2)

        let theirs = try await ask(
            "/api/charts", ["ids": machines.map(\.description).joined(separator: ",")], in: OrgID.new(at: now))
        #expect(theirs["data"]?.object?.isEmpty == true)
        for bad: Query in [["metrics": "cpu,wings"], ["types": "ship"], ["ids": "x"], ["node": "x"]] {
            await #expect(throws: Problem.self) { _ = try await ask("/api/charts", bad, in: org) }
        }
    }

    private func ask(_ path: String, _ query: Query, in org: OrgID) async throws -> JSONValue {
        let routes = ChartRoutes(store, time: ManualTime(now: now))
        let endpoint = try #require(routes.endpoints.first { $0.path == path })
        let principal = Principal.user(UserID.new(at: now), session: SessionID.new(at: now))
        let caller = Caller(principal: principal, org: org, role: .viewer)
        let request = APIRequest(path: path, parameters: [:], query: query, admitted: caller)
        guard case .bytes(let bytes) = try await endpoint.handler(request).body else { throw Problem.notFound }
        var reader = JSONReader(bytes)
        return try reader.decode(JSONValue.self)
    }

    private func zip3<A, B, C>(_ first: [A], _ second: [B], _ third: [C]) -> [(A, B, C)] {
        zip(first, zip(second, third)).map { ($0, $1.0, $1.1) }
    }
}
