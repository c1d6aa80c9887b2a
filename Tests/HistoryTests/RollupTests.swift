import Inventory
import Kernel
import Testing

@testable import History

@Suite("roll-ups") struct RollupTests {
    /// The obvious way: every sample into the bucket of its time.
    private func naive(_ chunk: Chunk, every step: Int64) -> [String: [Int64: Bucket]] {
        var result: [String: [Int64: Bucket]] = [:]
        for column in chunk.columns {
            for (time, value) in zip(chunk.times, column.values) where value != Column.absent {
                let start = Int64((Double(time) / Double(step)).rounded(.down)) * step
                result[column.id.metric, default: [:]][start, default: Bucket()].add(Bucket(value))
            }
        }
        return result
    }

    private func buckets(_ rolled: Chunk) -> [String: [Int64: Bucket]] {
        var result: [String: [Int64: Bucket]] = [:]
        for metric in Set(rolled.columns.map(\.id.metric)) {
            let columns = Bucket.aspects.map { rolled.column(ColumnID(metric, $0))!.values }
            for (row, time) in rolled.times.enumerated() where columns[3][row] != Column.absent {
                result[metric, default: [:]][time] = Bucket(
                    sum: columns[0][row], lowest: columns[1][row], highest: columns[2][row], count: columns[3][row])
            }
        }
        return result
    }

    private func raw(_ seed: UInt64) -> Chunk {
        let machine = ChunkSamples.machine(rows: 400, seed: seed)
        return Chunk(checking: machine.times, columns: machine.columns.filter { $0.id.aspect == .value })!
    }

    @Test("average, lowest, highest and count are those of the samples", arguments: 1...6 as ClosedRange<UInt64>)
    func againstNaive(seed: UInt64) {
        let chunk = raw(seed)
        for step in [60_000, 72_000, 3_600_000] as [Int64] {
            #expect(buckets(Rollup.of([chunk], every: step)) == naive(chunk, every: step))
        }
    }

    @Test("rolling up in parts and in stages gives the same numbers", arguments: 1...6 as ClosedRange<UInt64>)
    func stages(seed: UInt64) {
        let chunk = raw(seed)
        let middle = chunk.times[170]
        let parts = [chunk.filter { $0 < middle }, chunk.filter { $0 >= middle }]
        let minutes = parts.map { Rollup.of([$0], every: 60_000) }
        #expect(buckets(Rollup.of(minutes, every: 3_600_000)) == naive(chunk, every: 3_600_000))
        #expect(buckets(Rollup.of([minutes[0], parts[1]], every: 3_600_000)) == naive(chunk, every: 3_600_000))
    }

    @Test("closing a window twice, or in pieces with repeats, rolls every sample up once")
    func sealing() {
        let resource = ResourceID.new(at: Timestamp(seconds: 0))
        let whole = raw(9)
        let window = Tier.raw.windowStart(of: whole.times[0])
        let mine = whole.slice(window..<window + Tier.raw.window)
        let late = mine.filter { $0 % 3 == 0 }
        let early = mine.filter { $0 % 3 != 0 || $0 % 2 == 0 }
        var sealing = Sealing(existing: [:])
        sealing.close(resource, window: window, pieces: [early, early])
        sealing.close(resource, window: window, pieces: [late])
        let after = sealing.chunks
        sealing.close(resource, window: window, pieces: [late, early])
        #expect(sealing.chunks == after)
        let keys = Sealing.keys(of: resource, window: window)
        #expect(after[keys[0]]?.times == mine.times)
        for key in keys.dropFirst() {
            let rolled = key.tier == .quarter ? Headline.only(in: mine) : mine
            let isExact = buckets(after[key]!) == naive(rolled, every: key.tier.resolution)
            #expect(isExact, "\(key.tier)")
        }
    }

    @Test(
        "times before 1970 and the last hour of a summer day fall where UTC says",
        arguments: [
            (Int64(-1), Int64(-3_600_000)), (-3_600_000, -3_600_000), (0, 0),
            // 2026-10-25T00:59:59.999Z and 01:00Z: clocks in Europe go back; nothing here does.
            (1_792_889_999_999, 1_792_886_400_000), (1_792_890_000_000, 1_792_890_000_000),
        ])
    func flooring(time: Int64, start: Int64) { #expect(time.floored(to: 3_600_000) == start) }

    /// A day of one storage, one sample every 10 s from a mean below, alternating around it by a quarter.
    private func storage(of mean: Int64) -> Chunk {
        let times = (0..<8640).map { Int64($0) * 10_000 }
        let values = times.indices.map { mean + ($0 % 2 == 0 ? mean / 4 : -mean / 4) }
        return Chunk(rising: times, columns: [Column(id: ColumnID("used"), values: values)])
    }

    @Test(
        "a sum that outgrows a column is halved together with its count: the average stays",
        arguments: [267_000_000_000_000, 300_000_000_000_000, 1 << 50, (1 << 52) + 12_345, -(1 << 52)] as [Int64])
    func large(mean: Int64) throws {
        let rolled = Rollup.of([storage(of: mean)], every: 86_400_000)
        let bucket = try #require(buckets(rolled)["used"]?[0])
        #expect(abs(bucket.average - Double(mean)) <= abs(Double(mean)) * 1e-9, "\(bucket)")
        #expect(bucket.sum.magnitude <= Column.largest.magnitude)
        #expect(bucket.lowest == mean - abs(mean) / 4 && bucket.highest == mean + abs(mean) / 4)
        // Read back, and rolled up with another day, which brings it no farther.
        let stored = try ChunkCodec.read(ChunkCodec.write(rolled, codec: ChunkCodec.dense), codec: ChunkCodec.dense)
        #expect(stored == rolled)
        let twice = try #require(buckets(Rollup.of([stored, storage(of: mean)], every: 86_400_000))["used"]?[0])
        #expect(abs(twice.average - Double(mean)) <= abs(Double(mean)) * 1e-9)
    }

    @Test("up to the bound a sum is exact, and only beyond it is anything halved")
    func bound() {
        let last = Bucket(sum: Column.largest, lowest: 1, highest: Column.largest, count: 3)
        #expect(last.stored == last)
        var beyond = last
        beyond.add(Bucket(1))
        #expect(beyond.stored.count == 2 && beyond.stored.sum == Column.largest / 2 + 1)
        // Hostile, but no reason to stop: an average that no column holds.
        var absurd = Bucket()
        for _ in 0..<10 { absurd.add(Bucket(sum: Column.largest, lowest: 1, highest: 2, count: 1)) }
        #expect(absurd.stored.sum == Column.largest && absurd.stored.count == 1)
        for _ in 0..<10 { absurd.add(Bucket(sum: .max, lowest: 1, highest: 2, count: Column.largest)) }
        #expect(absurd.stored.sum.magnitude <= Column.largest.magnitude && absurd.stored.count > 0)
    }

    @Test("a chart over two years of a storage of 20 TB and one of 300 TB tells their averages")
    func longCharts() throws {
        let metric = try #require(MetricName("used"))
        for mean in [20_000_000_000_000, 300_000_000_000_000] as [Int64] {
            let day = Rollup.of([storage(of: mean)], every: 86_400_000)
            let days = (0..<700).map { number in
                Chunk(rising: day.times.map { $0 + Int64(number) * 86_400_000 }, columns: day.columns)
            }
            var source = HistorySource()
            source.stored = [0: Chunk.merging(days)]
            let line = Timeline(start: 0, end: 700 * 86_400_000 - 1, maxPoints: 1, tier: .day)
            var grid = ChartGrid(line, [metric])
            grid.add(source, of: .day)
            let builder = ChartBuilder(timeline: line, tier: .day, maxPoints: 1)
            for points in [grid.points(0), builder.series(of: source)["used"] ?? []] {
                #expect(!points.isEmpty)
                for point in points { #expect(abs(point.value - Double(mean)) < 1e6, "\(point)") }
            }
        }
    }
}
