import Inventory

/// Makes points of chunks. Pure.
struct ChartBuilder {
    let timeline: Timeline
    let tier: Tier
    let maxPoints: Int

    /// - Parameter stored: chunks of the tier.
    /// - Parameter heads: raw samples that are in no roll-up yet.
    func series(stored: [Chunk], heads: [Chunk]) -> [String: [HistoryPoint]] {
        let chunks = Self.chunks(stored: stored, heads: heads, tier: tier)
        if tier == .raw, timeline.isNative, chunks[0].slice(shown).times.count <= maxPoints {
            return samples(in: chunks[0].slice(shown))
        }
        let rolled = Rollup.of(chunks, every: timeline.step).slice(timeline.first..<timeline.end + 1)
        var series: [String: [HistoryPoint]] = [:]
        for metric in Set(rolled.columns.map(\.id.metric)) {
            series[metric] = Self.points(of: metric, in: rolled).map { $0.notBefore(timeline.start) }
        }
        return series
    }

    /// Raw samples may be in a chunk and, late and twice, in a head; roll-ups and heads never overlap.
    static func chunks(stored: [Chunk], heads: [Chunk], tier: Tier) -> [Chunk] {
        tier == .raw ? [Chunk.merging(stored + heads)] : stored + [Chunk.merging(heads)]
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
