import Inventory
import Kernel

/// Many resources as one line a type, and which of them stand out. Pure.
struct ChartSummary: Sendable {
    struct Line: Sendable {
        let metric: MetricName
        let points: [HistoryPoint]
    }

    struct Kind: Sendable {
        let type: String
        /// Resources, whether they measured anything or not.
        let count: Int
        let lines: [Line]
    }

    struct Standing: Sendable {
        let resource: ChartedResource
        let value: Double
    }

    let kinds: [Kind]
    /// By metric, the highest first: each resource's newest step.
    let standings: [(metric: MetricName, places: [Standing])]

    init(_ totals: ChartTotals, of resources: [ChartedResource], _ query: ChartQuery) {
        let byID = Dictionary(resources.map { ($0.id, $0) }) { first, _ in first }
        kinds = Dictionary(grouping: resources, by: \.type).sorted { $0.key < $1.key }.map { type, members in
            let lines = query.metrics.indices.compactMap { row in
                let points = totals.points(row, of: type)
                return points.isEmpty ? nil : Line(metric: query.metrics[row], points: points)
            }
            return Kind(type: type, count: members.count, lines: lines)
        }
        standings = query.metrics.enumerated().map { row, metric in
            let places = totals.newest.compactMap { entry -> Standing? in
                guard let resource = byID[entry.resource], let value = entry.values[row] else { return nil }
                return Standing(resource: resource, value: value)
            }
            return (metric, places.sorted { ($1.value, $0.resource.id) < ($0.value, $1.resource.id) })
        }
    }
}
