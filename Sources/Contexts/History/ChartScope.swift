import Access
import HTTPKit
import Inventory
import Kernel
import Postgres

/// Which resources a chart of many is about, and what of them.
struct ChartScope: Sendable {
    /// More than one view of a console shows; who wants more asks by `ids`.
    static let mostResources = 1000
    private static let mostMetrics = 24
    /// Resources x metrics x points of one answer: some 90 MB of JSON. 1,000 resources with the ten usual metrics have 200
    /// points each, with all 24 metrics 83.
    private static let mostCells = 2_000_000

    let ids: [ResourceID]?
    let types: [String]?
    let parent: ResourceID?
    let metrics: [MetricName]
    let range: HistoryRange
    let points: Int
    let withExtremes: Bool

    /// What of a machine, a guest or a storage stands in lists.
    static let usual: [MetricName] = [
        .cpu, .memory, .disk, .netIn, .netOut, .diskRead, .diskWrite, .temperature, .usage, .used,
    ].map { (family: MetricFamily) in MetricName(family) }

    /// - Parameter preset: the types of a path of its own.
    /// - Throws: 400 `invalid-field` naming the member.
    init(_ query: Query, preset: [ResourceType]?) throws(Problem) {
        ids = try ChartParameters.resources(query, most: Self.mostResources)
        if let preset { types = preset.map(\.rawValue) } else { types = try Self.types(query) }
        if let text = query["node"], !text.isEmpty {
            guard let id = ResourceID(text) else { throw .invalidField("node", "“\(text.prefix(40))” is no id") }
            parent = id
        } else {
            parent = nil
        }
        metrics = try Self.metrics(query)
        range = HistoryRange(query["range"].flatMap { $0.isEmpty ? nil : $0 } ?? "1h")
        let name = query["points"] == nil ? "maxPoints" : "points"
        points = min(max(try query.integer(name, in: Int.min...Int.max) ?? 60, 2), 500)
        withExtremes = query["aspects"] == "range"
    }

    private static func types(_ query: Query) throws(Problem) -> [String]? {
        guard let text = query["types"], !text.isEmpty else { return nil }
        var types: [String] = []
        for part in text.split(separator: ",") {
            guard let type = ResourceType(rawValue: String(part)) else {
                throw .invalidField("types", "“\(part.prefix(40))” is no type of resource")
            }
            types.append(type.rawValue)
        }
        return types
    }

    private static func metrics(_ query: Query) throws(Problem) -> [MetricName] {
        guard let text = query["metrics"], !text.isEmpty else { return usual }
        var metrics: [MetricName] = []
        for part in text.split(separator: ",") {
            guard let metric = MetricName(String(part)) else {
                throw .invalidField("metrics", "“\(part.prefix(60))” is no metric; cpu, memory, disk, netin … are")
            }
            if !metrics.contains(metric) { metrics.append(metric) }
        }
        guard metrics.count <= mostMetrics else {
            throw .invalidField("metrics", "\(metrics.count) metrics are more than \(mostMetrics)")
        }
        return metrics
    }

    /// - Parameter resources: how many there are. Many with many metrics have fewer points than were asked for.
    func query(of resources: Int, at now: Timestamp) -> ChartQuery {
        // A point with its extremes is twice as long.
        let lines = resources * metrics.count * (withExtremes ? 2 : 1)
        return ChartQuery(
            metrics: metrics, range: range, points: min(points, max(Self.mostCells / max(lines, 1), 2)),
            withExtremes: withExtremes, now: now)
    }
}

/// A resource as charts of many know it.
struct ChartedResource: Sendable {
    let id: ResourceID
    let type: String
    let source: String
    let name: String
}

/// What charts of many are drawn from.
struct Charted: Sendable {
    let resources: [ChartedResource]
    let earlier: EarlierIDs
    let outages: [Outage]
}

extension HistoryStore {
    /// What of the scope there is and the caller sees, and when nobody watched. An id of before names what goes on in its
    /// place.
    func charted(
        _ scope: ChartScope, seenBy visibility: Visibility?, at now: Timestamp, in org: OrgID
    ) async throws -> Charted {
        let start = now - scope.range.duration
        var condition: SQL = visibility == nil ? "true" : Visibility.shows("connection_id")
        if let ids = scope.ids {
            condition += """
                 AND (id = ANY (\(ids))
                      OR id IN (SELECT s.new_id FROM resource_successions s WHERE s.old_id = ANY (\(ids))))
                """
        }
        let matching: SQL = """
            FROM resources WHERE (\(scope.types)::text[] IS NULL OR type = ANY (\(scope.types)))
              AND (\(scope.parent)::uuid IS NULL OR parent_id = \(scope.parent)) AND \(condition)
            ORDER BY id LIMIT \(ChartScope.mostResources)
            """
        var statements = [
            Presence.select(from: start), "SELECT id, type, source, name \(matching)",
            EarlierIDs.select("new_id IN (SELECT id \(matching))"),
        ]
        if let visibility { statements.insert(visibility.enter, at: 0) }
        let results = Array(try await database.batch(in: org, statements).suffix(3))
        let stretches = try results[0].rows {
            (since: try $0.next(Timestamp.self), until: try $0.next(Timestamp.self))
        }
        let resources = try results[1].rows {
            ChartedResource(id: try $0.next(), type: try $0.next(), source: try $0.next(), name: try $0.next())
        }
        return Charted(
            resources: resources, earlier: try EarlierIDs(results[2]),
            outages: Presence.outages(between: stretches, from: start, to: now))
    }
}
