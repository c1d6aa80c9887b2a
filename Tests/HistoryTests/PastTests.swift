import Inventory
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import History

@Suite("a platform's own past", .postgres) struct PastTests {
    let database = TestDatabase.current
    let store = HistoryStore(TestDatabase.current.app, logger: Logger(label: "test"))
    let now = Timestamp(milliseconds: SystemTime().now.milliseconds.floored(to: Tier.raw.window) + 3_600_000)
    let org = OrgID.new(at: SystemTime().now)
    let guest = ResourceID.new(at: SystemTime().now)
    let connection = ConnectionID.new(at: SystemTime().now)

    init() async throws { try await HistoryKeeper.prepare(around: now, workers: database.worker) }

    private func frame(_ name: String, step: Int64, rows: Int64, cpu: Double) -> RememberedFrame {
        let end = now.milliseconds.floored(to: step * 1000)
        return RememberedFrame(
            key: "qemu/101", name: name, step: .seconds(step),
            rows: (0..<rows).map { row in
                .init(
                    at: Timestamp(milliseconds: end - (rows - row) * step * 1000),
                    samples: [(metric: MetricName(.cpu), value: cpu)])
            })
    }

    private func keep(_ frames: [RememberedFrame], finished: Bool = false) async throws {
        let statements = HistoryStore.remembering(
            frames.map { (resource: guest, frame: $0) }, of: connection,
            Backfill(cursor: "0/qemu/101", isFinished: finished), in: org, at: now)
        _ = try await database.app.batch(in: org, statements)
    }

    private func points(_ range: String, _ maxPoints: Int = 300) async throws -> [HistoryPoint] {
        let query = HistoryQuery(
            resource: guest, metric: MetricName(.cpu), range: HistoryRange(range), maxPoints: maxPoints, now: now)
        return try await store.read(query, in: org).series["cpu"] ?? []
    }

    private func measure(_ secondsAgo: Int64, cpu: Double) async throws {
        var buffer = HeadBuffer()
        for ago in stride(from: secondsAgo, to: 0, by: -10) {
            buffer.add([(metric: MetricName(.cpu), value: cpu)], of: guest, measuredAt: now - .seconds(ago), now: now)
        }
        try await store.append(buffer.checkpoint(at: now), in: org)
    }

    @Test("charts of every range begin with what the platform remembers, and say so")
    func fills() async throws {
        try await keep([
            frame("hour", step: 60, rows: 60, cpu: 10), frame("day", step: 1800, rows: 48, cpu: 20),
            frame("week", step: 10_800, rows: 56, cpu: 30),
        ])
        for (range, least) in [("30m", 100), ("1h", 200), ("24h", 250), ("7d", 150)] {
            let points = try await points(range)
            #expect(points.count >= least, "\(range)")
            #expect(points.allSatisfy { $0.isOfPlatform })
            #expect(zip(points, points.dropFirst()).allSatisfy { $0.timestamp < $1.timestamp })
        }
        // The finest tells of what it covers.
        #expect(try await points("30m").allSatisfy { $0.value == 10 })
        #expect(try await points("24h").first?.value == 20)
        #expect(try await points("7d").first?.value == 30)
    }

    @Test("what was measured is never overwritten, whichever came first")
    func measuredWins() async throws {
        try await measure(600, cpu: 50)
        try await keep([frame("hour", step: 60, rows: 60, cpu: 10)])
        try await measure(1200, cpu: 70)
        for maxPoints in [20, 60, 300] {
            let points = try await points("1h", maxPoints)
            #expect(points.contains { $0.isOfPlatform } && points.contains { !$0.isOfPlatform })
            for point in points where point.timestamp >= (now - .seconds(1140)).milliseconds {
                #expect(!point.isOfPlatform && point.lowest >= 50)
            }
            for point in points where point.isOfPlatform { #expect(point.value == 10) }
        }
        let rows = try await database.app.first(in: org, "SELECT count(*) FROM history_chunks") {
            try $0.next(Int64.self)
        }
        #expect(rows == 0)
    }

    @Test("asked again after a kill, the first answer stays, and what is finished is remembered")
    func once() async throws {
        try await keep([frame("hour", step: 60, rows: 60, cpu: 10)])
        try await keep(
            [frame("hour", step: 60, rows: 60, cpu: 99), frame("day", step: 1800, rows: 48, cpu: 20)], finished: true)
        #expect(try await points("30m").allSatisfy { $0.value == 10 })
        let keeper = HistoryKeeper(store, logger: Logger(label: "test"))
        #expect(try await keeper.backfills(of: org) == [connection: Backfill(cursor: "0/qemu/101", isFinished: true)])
        #expect(try await keeper.backfills(of: OrgID.new(at: now)).isEmpty)
    }

    @Test("lines of many have it too, and another organisation has none of it")
    func lines() async throws {
        try await keep([frame("day", step: 1800, rows: 48, cpu: 20)])
        let query = ChartQuery(metrics: [MetricName(.cpu)], range: HistoryRange("24h"), points: 60, now: now)
        let grids = try await store.charts(query, of: [guest], in: org) { $0.points(0) }
        #expect(grids.first?.value.count ?? 0 >= 46)
        #expect(grids.first?.value.allSatisfy { $0.isOfPlatform && $0.value == 20 } == true)
        let theirs = try await store.charts(query, of: [guest], in: OrgID.new(at: now)) { $0.points(0) }
        #expect(theirs.isEmpty)
    }

    @Test("gaps of the platform stay gaps")
    func gaps() async throws {
        var told = frame("hour", step: 60, rows: 60, cpu: 10)
        told = RememberedFrame(
            key: told.key, name: told.name, step: told.step,
            rows: told.rows.enumerated().filter { !(20..<40).contains($0.offset) }.map(\.element))
        try await keep([told])
        let hole = told.rows[19].at.milliseconds + 60_000..<told.rows[20].at.milliseconds
        #expect(hole.count == 20 * 60_000)
        #expect(try await points("1h", 60).allSatisfy { !hole.contains($0.timestamp) })
    }
}
