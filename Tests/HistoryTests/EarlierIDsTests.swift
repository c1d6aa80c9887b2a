import HTTPKit
import Inventory
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import History

@Suite("The history of what had another id before", .postgres) struct EarlierIDsTests {
    private let database = TestDatabase.current
    private let store = HistoryStore(TestDatabase.current.app, logger: Logger(label: "test"))
    private let now = Timestamp(milliseconds: SystemTime().now.milliseconds.floored(to: Tier.raw.window) + 900_000)
    private let org = OrgID.new(at: SystemTime().now)
    private let kept = ResourceID.new(at: SystemTime().now)
    private let gone = ResourceID.new(at: SystemTime().now)

    init() async throws { try await HistoryKeeper.prepare(around: now, workers: database.worker) }

    /// Two spoke of one machine: the one whose id is gone every 10 s for three hours, the one whose id stayed every half
    /// minute in the last of them.
    private func measure() async throws {
        try await measure(gone, every: 10, from: 3 * 3600, until: 60, value: 10)
        try await measure(kept, every: 30, from: 3600, until: 0, value: 90)
    }

    private func measure(
        _ resource: ResourceID, every cadence: Int64, from start: Int64, until end: Int64, value: Double
    ) async throws {
        var buffer = HeadBuffer()
        for ago in stride(from: start, to: end, by: -Int(cadence)) {
            let at = now - .seconds(Int64(ago))
            buffer.add([(MetricName(.cpu), value)], of: resource, measuredAt: at, now: at)
        }
        try await store.append(buffer.checkpoint(at: now), in: org)
    }

    private func succeed() async throws {
        try await database.app.execute(
            in: org, "INSERT INTO resource_successions VALUES (\(org), \(gone), \(kept), \(now))")
    }

    private func read(_ range: String, points: Int = 2000, in org: OrgID? = nil) async throws -> [HistoryPoint] {
        let query = HistoryQuery(
            resource: kept, metric: MetricName(.cpu), range: HistoryRange(range), maxPoints: points, now: now)
        return try await store.read(query, in: org ?? self.org).series["cpu"] ?? []
    }

    private func charted(_ range: String, points: Int, in org: OrgID? = nil) async throws -> [HistoryPoint] {
        let query = ChartQuery(metrics: [MetricName(.cpu)], range: HistoryRange(range), points: points, now: now)
        let earlier = try await store.earlierIDs(of: [kept], in: org ?? self.org)
        return try await store.charts(query, of: [kept], and: earlier, in: org ?? self.org) { $0.points(0) }.first?
            .value
            ?? []
    }

    @Test("what was measured under the id before is there, and where both measured it does not count")
    func followed() async throws {
        try await measure()
        #expect(try await read("2h").allSatisfy { $0.value == 90 })
        try await succeed()
        for closed in [false, true] {
            if closed { try await HistoryKeeper(store, logger: Logger(label: "test")).close(in: org, now: now) }
            let change = (now - .seconds(3600)).milliseconds
            for points in [try await read("2h"), try await read("2h", points: 40), try await charted("2h", points: 60)]
            {
                #expect(points.contains { $0.value == 10 } && points.contains { $0.value == 90 })
                for point in points where point.timestamp != points.first?.timestamp {
                    // The step of the change may hold both.
                    guard abs(point.timestamp - change) > 180_000 else { continue }
                    #expect(point.value == (point.timestamp < change ? 10 : 90), "\(closed) \(point)")
                }
            }
            // As samples: nothing of the other between those of this one.
            let fine = try await read("30m")
            #expect(fine.count == 60 && fine.allSatisfy { $0.value == 90 })
            #expect(try await charted("30m", points: 500).allSatisfy { $0.value == 90 })
        }
    }

    @Test("never more points than were asked for") func bounded() async throws {
        try await measure()
        try await succeed()
        for limit in [10, 300, 500] { #expect(try await read("2h", points: limit).count <= limit) }
    }

    @Test("two that come apart have each their own past again") func apart() async throws {
        try await measure()
        try await succeed()
        try await database.app.execute(in: org, "DELETE FROM resource_successions WHERE old_id = \(gone)")
        #expect(try await read("3h").allSatisfy { $0.value == 90 })
        #expect(try await store.earlierIDs(of: [kept, gone], in: org)[kept].isEmpty)
    }

    @Test("a chart that is asked for by the id before is that of what goes on in its place") func asked() async throws {
        try await measure()
        try await succeed()
        try await database.app.execute(
            in: org,
            """
            INSERT INTO resources (org_id, id, connection_id, type, source, sources, name, name_key, status, facts,
                                   first_seen_at, changed_at)
            VALUES (\(org), \(kept), \(ConnectionID.new(at: now)), 'agent', 'agent', '{agent}', 'pve1', 'pve1', 'online', '',
                    \(now), \(now))
            """)
        let scope = try ChartScope(["ids": "\(gone)"], preset: nil)
        let charted = try await store.charted(scope, seenBy: nil, at: now, in: org)
        #expect(charted.resources.map(\.id) == [kept])
        #expect(charted.earlier[kept] == [gone])
    }

    @Test("another organisation sees nothing of it, by either id") func isolation() async throws {
        try await measure()
        try await succeed()
        let theirs = OrgID.new(at: now)
        #expect(try await read("3h", in: theirs).isEmpty)
        #expect(try await charted("3h", points: 60, in: theirs).isEmpty)
        #expect(try await store.earlierIDs(of: [kept], in: theirs)[kept].isEmpty)
        // Who says in theirs that it succeeds ours gets nothing of ours.
        try await database.app.execute(
            in: theirs, "INSERT INTO resource_successions VALUES (\(theirs), \(gone), \(kept), \(now))")
        #expect(try await read("3h", in: theirs).isEmpty)
    }
}
