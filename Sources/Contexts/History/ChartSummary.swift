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

    init(_ grids: [(resource: ResourceID, value: ChartGrid)], of resources: [ChartedResource], _ query: ChartQuery) {
        let byID = Dictionary(resources.map { ($0.id, $0) }) { first, _ in first }
        let byType = Dictionary(grouping: grids) { byID[$0.resource]?.type ?? "" }
        let timeline = query.timeline
        kinds = Dictionary(grouping: resources, by: \.type).sorted { $0.key < $1.key }.map { type, members in
            let grids = (byType[type] ?? []).map(\.value)
            let lines = query.metrics.indices.compactMap { row in
                let points = (0..<timeline.stepCount).compactMap { Self.together(grids, row, at: $0) }
                return points.isEmpty ? nil : Line(metric: query.metrics[row], points: points)
            }
            return Kind(type: type, count: members.count, lines: lines)
        }
        standings = query.metrics.enumerated().map { row, metric in
            let places = grids.compactMap { entry -> Standing? in
                guard let resource = byID[entry.resource], let value = Self.newest(row, of: entry.value) else {
                    return nil
                }
                return Standing(resource: resource, value: value)
            }
            return (metric, places.sorted { ($1.value, $0.resource.id) < ($0.value, $1.resource.id) })
        }
    }

    /// Bytes and bytes a second are summed up, with their bounds; all else is averaged, and its bounds are those of the lowest
    /// and of the highest.
    private static func together(_ grids: [ChartGrid], _ row: Int, at place: Int) -> HistoryPoint? {
        let points = grids.compactMap { $0.point(row, at: place) }
        guard let first = points.first, let metric = grids.first?.metrics[row] else { return nil }
        let isSummed = [.bytes, .bytesPerSecond].contains(metric.unit)
        var (sum, lowest, highest) = (first.value, first.lowest, first.highest)
        for point in points.dropFirst() {
            sum += point.value
            lowest = isSummed ? lowest + point.lowest : min(lowest, point.lowest)
            highest = isSummed ? highest + point.highest : max(highest, point.highest)
        }
        return HistoryPoint(
            timestamp: first.timestamp, value: isSummed ? sum : sum / Double(points.count), lowest: lowest,
            highest: highest, isOfPlatform: points.allSatisfy(\.isOfPlatform))
    }

    /// Of the last two steps: what is older is not so now.
    private static func newest(_ row: Int, of grid: ChartGrid) -> Double? {
        for place in (0..<grid.timeline.stepCount).suffix(2).reversed() {
            if let point = grid.point(row, at: place) { return point.value }
        }
        return nil
    }
}
