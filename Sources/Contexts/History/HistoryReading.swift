import Access
import CoreMetrics
package import Kernel
package import Inventory
import Postgres

extension HistoryStore {
    /// What a resource measured. Reads one tier and the heads in one statement, so that a window that is closed
    /// meanwhile is seen exactly once. A tier that has nothing is replaced by the next best.
    package func read(_ query: HistoryQuery, in org: OrgID) async throws -> HistoryAnswer {
        let first = try await read(query, tier: Tier.answering(for: query.range.duration)[0], in: org)
        for tier in Tier.answering(for: query.range.duration).dropFirst() where !first.hasPoints {
            let answer = try await read(query, tier: tier, in: org)
            if answer.hasPoints { return answer }
        }
        return first
    }

    private func read(_ query: HistoryQuery, tier: Tier, in org: OrgID) async throws -> HistoryAnswer {
        let timeline = Timeline(
            start: query.start.milliseconds, end: query.now.milliseconds, maxPoints: query.maxPoints,
            resolution: tier.resolution)
        let sources = try await sources(
            of: [query.resource], tier: tier, from: min(timeline.first, timeline.start), to: timeline.end, in: org,
            wanted: query.metric)
        let chart = ChartBuilder(timeline: timeline, tier: tier, maxPoints: query.maxPoints)
        let source = sources[query.resource] ?? Source()
        var series = chart.series(stored: source.stored, heads: source.heads)
        if let metric = query.metric, series[metric.text] == nil { series[metric.text] = [] }
        return HistoryAnswer(
            start: Timestamp(milliseconds: timeline.start), end: query.now,
            stepSeconds: timeline.stepSeconds, series: series)
    }

    /// The same metric of many resources, each cut into the same steps.
    /// - Parameters:
    ///   - resources: `nil`: those of this organisation that have samples, at most `limit`.
    ///   - visibility: what of them the caller sees; the others are as if they were not.
    package func sparklines(
        _ metric: MetricName, of resources: [ResourceID]?, range: HistoryRange, points: Int, limit: Int, now: Timestamp,
        in org: OrgID, seenBy visibility: Visibility? = nil
    ) async throws -> Sparklines {
        let tier = Tier.answering(for: range.duration)[0]
        let timeline = Timeline(
            start: (now - range.duration).milliseconds, end: now.milliseconds, maxPoints: points,
            resolution: tier.resolution)
        let known: [ResourceID]
        if let visibility {
            known = try await seen(resources, by: visibility, limit: limit, in: org)
        } else if let resources {
            known = Array(resources.prefix(limit))
        } else {
            known = try await resourcesWithSamples(
                since: Timestamp(milliseconds: timeline.first), limit: limit, in: org)
        }
        var lines: [ResourceID: [(at: Int64, value: Double?)]] = [:]
        // A few at a time: a resource's rows of one hour are some 100 KB.
        for start in stride(from: 0, to: known.count, by: 20) {
            let some = Array(known[start..<min(start + 20, known.count)])
            let sources = try await sources(
                of: some, tier: tier, from: timeline.first, to: timeline.end, in: org, wanted: metric)
            for (resource, source) in sources {
                let chunks = ChartBuilder.chunks(stored: source.stored, heads: source.heads, tier: tier)
                let buckets = Rollup.of(chunks, every: timeline.step)
                var values: [Int64: Double] = [:]
                for point in ChartBuilder.points(of: metric.text, in: buckets) { values[point.timestamp] = point.value }
                lines[resource] = timeline.steps.map { time in (at: time, value: values[time]) }
            }
        }
        return Sparklines(
            start: Timestamp(milliseconds: timeline.first), end: now, stepSeconds: timeline.stepSeconds,
            lines: lines)
    }

    /// What one resource has in a range.
    struct Source {
        /// Of the tier, in no order, no sample twice.
        var stored: [Chunk] = []
        /// Raw samples whose window is not closed: in no roll-up yet.
        var heads: [Chunk] = []
    }

    private func sources(
        of resources: [ResourceID], tier: Tier, from: Int64, to: Int64, in org: OrgID, wanted: MetricName?
    ) async throws -> [ResourceID: Source] {
        let oldestChunk = Timestamp(milliseconds: tier.windowStart(of: from))
        // A bucket that begins inside the range may begin with samples from before it.
        let oldestHead = Timestamp(milliseconds: Tier.raw.windowStart(of: from))
        let newest = Timestamp(milliseconds: to)
        let rows = try await database.rows(
            in: org,
            """
            SELECT resource_id, false, codec, data FROM history_chunks
            WHERE resource_id = ANY(\(resources)) AND tier = \(tier.rawValue)
              AND t0 >= \(oldestChunk) AND t0 <= \(newest)
            UNION ALL
            SELECT resource_id, true, codec, data FROM history_heads
            WHERE resource_id = ANY(\(resources)) AND t0 >= \(oldestHead) AND t0 <= \(newest)
            """,
            timeout: .seconds(10)
        ) { row in
            let (resource, isHead) = (try row.next(ResourceID.self), try row.next(Bool.self))
            let chunk = decode(codec: try row.next(), try row.next()) { wanted == nil || $0.metric == wanted?.text }
            return (resource, isHead, chunk)
        }
        var sources: [ResourceID: Source] = [:]
        for case (let resource, let isHead, let chunk?) in rows {
            let part = chunk.slice(from..<to + 1)
            if isHead {
                sources[resource, default: Source()].heads.append(part)
            } else {
                sources[resource, default: Source()].stored.append(part)
            }
        }
        return sources
    }

    /// Which of these a caller sees; `nil`: of all there are.
    private func seen(
        _ resources: [ResourceID]?, by visibility: Visibility, limit: Int, in org: OrgID
    ) async throws -> [ResourceID] {
        let query: SQL = """
            SELECT id FROM resources
            WHERE (\(resources)::uuid[] IS NULL OR id = ANY (\(resources))) AND \(Visibility.shows("connection_id"))
            ORDER BY id LIMIT \(limit)
            """
        return try await database.batch(in: org, [visibility.enter, query])[1].rows { try $0.next(ResourceID.self) }
    }

    private func resourcesWithSamples(since: Timestamp, limit: Int, in org: OrgID) async throws -> [ResourceID] {
        let window = Timestamp(milliseconds: Tier.raw.windowStart(of: since.milliseconds))
        return try await database.rows(
            in: org,
            """
            SELECT DISTINCT resource_id FROM history_heads WHERE t0 >= \(window) ORDER BY resource_id LIMIT \(limit)
            """
        ) { try $0.next(ResourceID.self) }
    }
}

/// One small line a resource.
package struct Sparklines: Sendable {
    package let start: Timestamp
    package let end: Timestamp
    package let stepSeconds: Int
    /// Every step from `start`, with the average or `nil`.
    package let lines: [ResourceID: [(at: Int64, value: Double?)]]
}
