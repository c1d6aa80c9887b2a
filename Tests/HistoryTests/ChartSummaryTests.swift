import Inventory
import Kernel
import Testing

@testable import History

@Suite("summaries of charts") struct ChartSummaryTests {
    private let now = Timestamp(seconds: 1_795_253_400)

    /// What each of two things measured in one step, and how it is told of both together.
    @Test(
        "bytes and rates are summed up with their bounds, all else is averaged",
        arguments: [
            ("used", [10.0, 20, 30], [100.0, 300], 220.0, 110.0, 330.0),
            ("netin", [10, 20, 30], [100, 300], 220, 110, 330),
            ("cpu", [10, 20, 30], [40, 80], 40, 10, 80), ("latency", [10, 20, 30], [40, 80], 40, 10, 80),
            ("certdays", [10, 20, 30], [40, 80], 40, 10, 80), ("load1", [1, 2, 3], [4, 8], 4, 1, 8),
            ("temperature", [10, 20, 30], [40, 80], 40, 10, 80),
        ])
    func together(
        text: String, one: [Double], other: [Double], value: Double, lowest: Double, highest: Double
    ) throws {
        let metric = try #require(MetricName(text))
        let query = ChartQuery(
            metrics: [metric], range: HistoryRange("1h"), points: 10, withExtremes: true, now: now)
        let resources = (1...2).map { number in
            ChartedResource(
                id: ResourceID(bytes: [UInt8](repeating: UInt8(number), count: 16)), type: "vm", source: "proxmox",
                name: "\(number)")
        }
        let first = query.timeline.first + query.timeline.step
        let grids = try zip(resources, [one, other]).map { resource, values in
            let chunk = Chunk(
                rising: values.indices.map { first + Int64($0) * 10_000 },
                columns: [
                    Column(id: ColumnID(text), values: try values.map { try #require(metric.unit.stored($0)) })
                ])
            var source = HistorySource()
            source.heads[0] = [chunk]
            var grid = ChartGrid(query.timeline, [metric])
            grid.add(source, of: query.tier)
            return (resource: resource.id, value: grid)
        }
        let point = try #require(ChartSummary(grids, of: resources, query).kinds.first?.lines.first?.points.first)
        #expect(point.value == value && point.lowest == lowest && point.highest == highest, "\(point)")
    }
}
