import HTTPKit
import Inventory
import Kernel

/// The members of the query string that a chart understands.
struct ChartParameters {
    let metric: MetricName?
    let range: HistoryRange
    let maxPoints: Int

    /// Resources of one sparkline answer; 200 rows of a table are more than a screen shows.
    static let mostResources = 200

    /// - Throws: 400 `invalid-field` naming the member.
    init(_ query: Query) throws(Problem) {
        metric = try Self.metric(query)
        range = HistoryRange(query["range"])
        maxPoints = min(max(try query.integer("maxPoints", in: Int.min...Int.max) ?? 300, 1), 2000)
    }

    static func metric(_ query: Query) throws(Problem) -> MetricName? {
        guard let text = query["metric"], !text.isEmpty else { return nil }
        guard let metric = MetricName(text) else {
            throw .badMetric.with(detail: "“\(text.prefix(60))” is no metric; cpu, memory, disk, netin … are")
        }
        return metric
    }

    static func resources(_ query: Query, most: Int = mostResources) throws(Problem) -> [ResourceID]? {
        guard let text = query["ids"], !text.isEmpty else { return nil }
        let parts = text.split(separator: ",")
        guard parts.count <= most else {
            throw .invalidField("ids", "\(parts.count) ids are more than \(most)")
        }
        var ids: [ResourceID] = []
        for part in parts {
            guard let id = ResourceID(String(part)) else {
                throw .invalidField("ids", "“\(part.prefix(40))” is no id")
            }
            ids.append(id)
        }
        return ids
    }
}

extension Problem {
    static let badMetric = Problem.invalidField("metric", "not a metric")
}
