import HTTPKit
import Inventory
import Kernel
import NIOConcurrencyHelpers
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
        let each = try zip(resources, [one, other]).map { resource, values in
            let chunk = Chunk(
                rising: values.indices.map { first + Int64($0) * 10_000 },
                columns: [
                    Column(id: ColumnID(text), values: try values.map { try #require(metric.unit.stored($0)) })
                ])
            var source = HistorySource()
            source.heads[0] = [chunk]
            var grid = ChartGrid(query.timeline, [metric])
            grid.add(source, of: query.tier)
            var totals = ChartTotals(query)
            totals.add(grid, of: resource.id, type: resource.type)
            return (grid: grid, totals: totals)
        }
        // One after the other, and each in a group of its own.
        var (inTurn, joined) = (ChartTotals(query), ChartTotals(query))
        for (resource, one) in zip(resources, each) {
            inTurn.add(one.grid, of: resource.id, type: resource.type)
            joined.add(one.totals)
        }
        for totals in [inTurn, joined] {
            let summary = ChartSummary(totals, of: resources, query)
            let point = try #require(summary.kinds.first?.lines.first?.points.first)
            #expect(point.value == value && point.lowest == lowest && point.highest == highest, "\(point)")
            #expect(summary.kinds.first?.count == 2)
        }
    }

    @Test("what stands out is the newest of each resource, the highest first, and what fell silent does not")
    func standings() throws {
        let metric = MetricName(.cpu)
        let query = ChartQuery(metrics: [metric], range: HistoryRange("1h"), points: 60, now: now)
        let resources = (1...3).map { number in
            ChartedResource(
                id: ResourceID(bytes: [UInt8](repeating: UInt8(number), count: 16)), type: "vm", source: "proxmox",
                name: "\(number)")
        }
        var totals = ChartTotals(query)
        // Two say something now, the third has not for half an hour.
        for (resource, (value, age)) in zip(resources, [(20.0, 30), (70, 30), (99, 1800)] as [(Double, Int64)]) {
            let chunk = Chunk(
                rising: [now.milliseconds - age * 1000],
                columns: [Column(id: ColumnID("cpu"), values: [try #require(metric.unit.stored(value))])])
            var source = HistorySource()
            source.heads[0] = [chunk]
            var grid = ChartGrid(query.timeline, [metric])
            grid.add(source, of: query.tier)
            totals.add(grid, of: resource.id, type: "vm")
        }
        let summary = ChartSummary(totals, of: resources, query)
        #expect(summary.standings.first?.places.map(\.resource.name) == ["2", "1"])
        #expect(summary.kinds.first?.lines.first?.points.count == 2)
    }
}

@Suite("how large charts of many get") struct ChartSizeTests {
    private let now = Timestamp(seconds: 1_795_253_400)
    /// As many as may be asked for.
    private let all =
        "cpu,memory,disk,netin,netout,diskread,diskwrite,temperature,load1,usage,used,total,"
        + (0..<12).map { "disk:sd\($0)" }.joined(separator: ",")

    @Test("many resources with many metrics have fewer points, an ordinary request those it asked for")
    func cells() throws {
        let four = "cpu,memory,netin,netout"
        for (count, metrics, points, aspects, range, expected) in [
            (500, four, nil, nil, "24h", 60), (500, four, "60", "range", "24h", 60), (1000, all, nil, nil, "24h", 60),
            (1, all, "500", "range", "24h", 500), (0, all, "500", nil, "24h", 500), (500, four, "500", nil, "7d", 500),
            (1000, all, "500", nil, "24h", 83), (1000, all, "500", "range", "24h", 41),
            (1000, "cpu,memory", "500", nil, "24h", 500),
        ] as [(Int, String, String?, String?, String, Int)] {
            // None is as good as the number that stands for it.
            let query: Query = [
                "metrics": metrics, "range": range, "points": points ?? "60", "aspects": aspects ?? "value",
            ]
            let asked = try ChartScope(query, preset: nil).query(of: count, at: now)
            #expect(asked.points == expected, "\(count) \(metrics) \(points ?? "")")
            #expect(count * asked.metrics.count * asked.timeline.stepCount <= 2_000_000)
        }
    }

    @Test("what is read at a time is bounded, however long the range and however many the metrics")
    func groups() throws {
        for (metrics, range, points, width) in [
            ("cpu,memory,netin,netout", "24h", 60, 64), ("cpu,memory,netin,netout", "24h", 240, 64),
            (all, "1h", 60, 64), (all, "24h", 500, 14), (all, "10d", 500, 1),
        ] as [(String, String, Int, Int)] {
            let query = try ChartScope(["metrics": metrics, "range": range, "points": "\(points)"], preset: nil)
                .query(of: 64, at: now)
            #expect(query.groupWidth == width, "\(metrics) \(range) \(points): \(query.tier)")
        }
    }

    @Test("a large answer leaves in pieces, and they are the same answer") func pieces() async throws {
        for count in [0, 1, 3, 9] {
            let lines = (0..<count).map { [UInt8](repeating: UInt8($0 + 32), count: 100_000) }
            var (frame, placed, whole): ([UInt8], [(at: Int, json: [UInt8])], [UInt8]) = ([], [], [])
            for line in lines {
                let before: [UInt8] = Array("{\(placed.count)".utf8)
                frame += before
                whole += before + line
                placed.append((at: frame.count, json: line))
            }
            frame += Array("}".utf8)
            whole += Array("}".utf8)
            let body = ChartBody(frame, placed, largestWhole: 500_000)
            #expect(body.byteCount == whole.count)
            switch body.response.body {
            case .bytes(let bytes): #expect(bytes == whole && count < 9)
            case .stream(let produce):
                let read = NIOLockedValueBox<[[UInt8]]>([])
                try await produce(BodyWriter { piece in read.withLockedValue { $0.append(piece) } })
                let pieces = read.withLockedValue { $0 }
                #expect(pieces.reduce([], +) == whole && count == 9 && pieces.count > 1)
                #expect(pieces.allSatisfy { $0.count < 400_000 })
            default: #expect(Bool(false), "neither bytes nor a stream")
            }
        }
    }
}
