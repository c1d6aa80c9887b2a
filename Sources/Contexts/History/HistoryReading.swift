import Access
package import Inventory
package import Kernel
import Postgres

extension HistoryStore {
    /// What a resource measured. A tier that has nothing is replaced by the next best.
    package func read(_ query: HistoryQuery, in org: OrgID) async throws -> HistoryAnswer {
        let tiers = Tier.answering(
            for: query.range.duration, points: query.maxPoints,
            headlines: query.metric.map { Headline.contains($0.text) } ?? false)
        let outages = try await outages(in: org, from: query.start, to: query.now)
        let earlier = try await earlierIDs(of: [query.resource], in: org)
        let first = try await read(query, tier: tiers[0], earlier, outages: outages, in: org)
        for tier in tiers.dropFirst() where !first.hasPoints {
            let answer = try await read(query, tier: tier, earlier, outages: outages, in: org)
            if answer.hasPoints { return answer }
        }
        return first
    }

    private func read(
        _ query: HistoryQuery, tier: Tier, _ earlier: EarlierIDs, outages: [Outage], in org: OrgID
    ) async throws -> HistoryAnswer {
        let timeline = Timeline(
            start: query.start.milliseconds, end: query.now.milliseconds, maxPoints: query.maxPoints, tier: tier)
        let wanted = query.metric?.text
        let sources = try await sources(
            of: [query.resource], and: earlier,
            SourceQuery(
                tier: tier, from: min(timeline.first, timeline.start), to: timeline.end, takesBriefs: tier == .quarter
            ) { wanted == nil || $0.metric == wanted }, in: org)
        let chart = ChartBuilder(timeline: timeline, tier: tier, maxPoints: query.maxPoints)
        var series = chart.series(of: sources[query.resource] ?? HistorySource())
        if let metric = query.metric, series[metric.text] == nil { series[metric.text] = [] }
        return HistoryAnswer(
            start: Timestamp(milliseconds: timeline.start), end: query.now, stepSeconds: timeline.stepSeconds,
            tier: tier.name, series: series, outages: outages)
    }

    /// The same metric of many resources, each cut into the same steps.
    /// - Parameters:
    ///   - resources: `nil`: those of this organisation that have samples, at most `limit`.
    ///   - visibility: what of them the caller sees; the others are as if they were not.
    package func sparklines(
        _ metric: MetricName, of resources: [ResourceID]?, range: HistoryRange, points: Int, limit: Int, now: Timestamp,
        in org: OrgID, seenBy visibility: Visibility? = nil
    ) async throws -> Sparklines {
        let known: [ResourceID]
        if let visibility {
            known = try await seen(resources, by: visibility, limit: limit, in: org)
        } else if let resources {
            known = Array(resources.prefix(limit))
        } else {
            known = try await resourcesWithSamples(since: now - range.duration, limit: limit, in: org)
        }
        let query = ChartQuery(metrics: [metric], range: range, points: points, now: now)
        let found = try await charts(query, of: known, and: earlierIDs(of: known, in: org), in: org) { grid in
            grid.timeline.steps.enumerated().map { (at: $1, value: grid.point(0, at: $0)?.value) }
        }
        let timeline = query.timeline
        return Sparklines(
            start: Timestamp(milliseconds: timeline.first), end: now, stepSeconds: timeline.stepSeconds,
            lines: Dictionary(found.map { ($0.resource, $0.value) }) { first, _ in first })
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
