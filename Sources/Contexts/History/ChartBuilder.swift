import Inventory

/// Makes points of chunks. Pure.
struct ChartBuilder {
    let timeline: Timeline
    let tier: Tier
    let maxPoints: Int

    func series(of source: HistorySource) -> [String: [HistoryPoint]] {
        let all = [source] + source.earlier
        var series = measured(all)
        let past = all.flatMap(\.past)
        guard !past.isEmpty else { return series }
        for metric in Set(past.flatMap { $0.samples.columns.map(\.id.metric) }) {
            series[metric] = filled(series[metric] ?? [], of: metric, from: past)
        }
        return series
    }

    /// - Parameter sources: the first counts where it has anything.
    private func measured(_ sources: [HistorySource]) -> [String: [HistoryPoint]] {
        let parts = sources.map { $0.parts(of: tier) }
        var series: [String: [HistoryPoint]] = [:]
        for one in native(parts) ?? parts.map(rolled) {
            for (metric, points) in one { series[metric] = Self.beside(points, series[metric] ?? []) }
        }
        return series
    }

    /// As they were measured; `nil` when steps are wider than that, or it would be too much.
    private func native(_ parts: [[Chunk]]) -> [[String: [HistoryPoint]]]? {
        guard tier == .raw, timeline.isNative else { return nil }
        let samples = parts.map { Chunk.merging($0).slice(shown) }
        guard samples.reduce(0, { $0 + $1.times.count }) <= maxPoints else { return nil }
        return samples.map(self.samples)
    }

    private func rolled(_ parts: [Chunk]) -> [String: [HistoryPoint]] {
        let rolled = Rollup.of(parts, every: timeline.step).slice(timeline.first..<timeline.end + 1)
        var series: [String: [HistoryPoint]] = [:]
        for metric in Set(rolled.columns.map(\.id.metric)) {
            series[metric] = Self.points(of: metric, in: rolled).map { $0.notBefore(timeline.start) }
        }
        return series
    }

    /// Points of before where none of these is near.
    private static func beside(_ earlier: [HistoryPoint], _ points: [HistoryPoint]) -> [HistoryPoint] {
        guard !points.isEmpty else { return earlier }
        let times = points.map(\.timestamp)
        let free = earlier.filter { point in
            let next = times.partitioningIndex { $0 > point.timestamp - HistorySource.nearness }
            return next == times.count || times[next] >= point.timestamp + HistorySource.nearness
        }
        return free.isEmpty ? points : (points + free).sorted { $0.timestamp < $1.timestamp }
    }

    /// Where nothing was measured, what the platform remembers.
    private func filled(_ points: [HistoryPoint], of metric: String, from past: [PastFrame]) -> [HistoryPoint] {
        let taken = Set(points.compactMap { timeline.place(of: $0.timestamp) })
        let unit = MetricName(metric)?.unit ?? .count
        let means = PastFrame.means(of: metric, in: past, timeline) { taken.contains($0) }
        let remembered = means.map { place, mean in
            HistoryPoint(
                timestamp: max(timeline.first + Int64(place) * timeline.step, timeline.start), value: mean / unit.scale,
                lowest: mean / unit.scale, highest: mean / unit.scale, isOfPlatform: true)
        }
        guard !remembered.isEmpty else { return points }
        return (points + remembered).sorted { $0.timestamp < $1.timestamp }
    }

    private var shown: Range<Int64> { timeline.start..<timeline.end + 1 }

    private func samples(_ chunk: Chunk) -> [String: [HistoryPoint]] {
        var series: [String: [HistoryPoint]] = [:]
        for column in chunk.columns {
            let unit = MetricName(column.id.metric)?.unit ?? .count
            series[column.id.metric] = zip(chunk.times, column.values).compactMap { time, stored in
                guard stored != Column.absent else { return nil }
                let value = unit.value(ofStored: stored)
                return HistoryPoint(timestamp: time, value: value, lowest: value, highest: value)
            }
        }
        return series
    }

    static func points(of metric: String, in rolled: Chunk) -> [HistoryPoint] {
        let unit = MetricName(metric)?.unit ?? .count
        let columns = Bucket.aspects.compactMap { rolled.column(ColumnID(metric, $0))?.values }
        guard columns.count == Bucket.aspects.count else { return [] }
        return rolled.times.indices.compactMap { row in
            guard columns[3][row] != Column.absent, columns[3][row] > 0 else { return nil }
            return HistoryPoint(
                timestamp: rolled.times[row],
                value: Double(columns[0][row]) / Double(columns[3][row]) / unit.scale,
                lowest: unit.value(ofStored: columns[1][row]), highest: unit.value(ofStored: columns[2][row]))
        }
    }
}

extension HistoryPoint {
    fileprivate func notBefore(_ start: Int64) -> HistoryPoint {
        timestamp >= start ? self : HistoryPoint(timestamp: start, value: value, lowest: lowest, highest: highest)
    }
}

extension Array {
    /// The first place from which on it holds; the elements are parted by it already.
    fileprivate func partitioningIndex(where holds: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if holds(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
