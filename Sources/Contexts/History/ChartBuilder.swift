import Inventory

/// Makes points of chunks. Pure.
struct ChartBuilder {
    let timeline: Timeline
    let tier: Tier
    let maxPoints: Int

    func series(of source: HistorySource) -> [String: [HistoryPoint]] {
        var series = measured(source)
        guard !source.past.isEmpty else { return series }
        for metric in Set(source.past.flatMap { $0.samples.columns.map(\.id.metric) }) {
            series[metric] = filled(series[metric] ?? [], of: metric, from: source.past)
        }
        return series
    }

    private func measured(_ source: HistorySource) -> [String: [HistoryPoint]] {
        let parts = source.parts(of: tier)
        if tier == .raw, timeline.isNative {
            let samples = Chunk.merging(parts).slice(shown)
            if samples.times.count <= maxPoints { return self.samples(in: samples) }
        }
        let rolled = Rollup.of(parts, every: timeline.step).slice(timeline.first..<timeline.end + 1)
        var series: [String: [HistoryPoint]] = [:]
        for metric in Set(rolled.columns.map(\.id.metric)) {
            series[metric] = Self.points(of: metric, in: rolled).map { $0.notBefore(timeline.start) }
        }
        return series
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

    private func samples(in chunk: Chunk) -> [String: [HistoryPoint]] {
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
