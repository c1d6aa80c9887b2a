import Foundation
import History
import Inventory
import Kernel
import Postgres

/// Every sample of a feed, and every bucket of it the obvious way.
struct RollupsTruth {
    private struct Bucket {
        var sum = 0.0
        var count = 0.0
        var lowest = Double.infinity
        var highest = -Double.infinity

        mutating func add(_ value: Double) {
            sum += value
            count += 1
            lowest = min(lowest, value)
            highest = max(highest, value)
        }
    }

    private static let window: Int64 = 2 * 3_600_000
    private let feed: RollupsFeed
    /// By resource and metric: time and value, rising.
    private let samples: [ResourceID: [String: [(at: Int64, value: Double)]]]
    let sampleCount: Int

    init(_ feed: RollupsFeed) {
        self.feed = feed
        var samples: [ResourceID: [String: [(at: Int64, value: Double)]]] = [:]
        var count = 0
        for told in feed.all {
            for sample in told.samples {
                samples[told.resource, default: [:]][sample.metric.text, default: []].append(
                    (told.at.milliseconds, sample.value))
                count += 1
            }
        }
        self.samples = samples
        sampleCount = count
    }

    /// What history tells differently, in samples and in each tier.
    func differences(from history: HistoryStore, database: Database) async throws -> (
        compared: Int, differences: [String]
    ) {
        var (compared, differences) = (0, [String]())
        let end = feed.time(of: feed.minutes).milliseconds
        for resource in feed.resources {
            for metric in RollupsFeed.metrics {
                let mine = samples[resource]?[metric.text] ?? []
                // Windows of samples, days of minutes, and all of it as hours and days.
                let first = feed.begin.milliseconds / Self.window * Self.window
                for start in stride(from: first, to: end, by: Int(Self.window)) {
                    let part = mine.filter { $0.at > start && $0.at <= start + Self.window }
                    let told = try await read(history, resource, metric, "2h", at: start + Self.window)
                    compared += part.count
                    // Another tier stands in for a window without a sample, and may begin a bucket at its end.
                    if part.isEmpty, told.tier != "raw" { continue }
                    if told.tier != "raw" || told.points.map(\.timestamp) != part.map(\.at)
                        || zip(told.points, part).contains(where: { $0.value != $1.value })
                    {
                        differences.append(
                            "samples of \(metric.text) from \(start): \(told.points.count) not \(part.count)")
                    }
                }
                for (range, days, step, tier) in [
                    ("24h", Int64(1), Int64(60_000), "minute"), ("20d", 20, 3_600_000, "hour"),
                    ("100d", 100, 86_400_000, "day"),
                ] {
                    let length = days * 86_400_000
                    var until = (end / 86_400_000 + 1) * 86_400_000 - 1
                    while until > first {
                        let told = try await read(history, resource, metric, range, at: until)
                        let expected = buckets(mine.filter { $0.at > until - length && $0.at <= until }, step)
                        compared += expected.count
                        differences += compare(told, with: expected, tier, "\(metric.text) until \(until)")
                        until -= length
                    }
                }
            }
        }
        differences += try await quarters(history, end, &compared)
        let stored = try await database.first(
            in: feed.org, "SELECT coalesce(sum(n), 0)::bigint FROM history_chunks WHERE tier = 0"
        ) { try $0.next(Int.self) }
        if stored != sampleCount { differences.append("\(stored ?? -1) samples are stored, not \(sampleCount)") }
        let open = try await database.first(in: feed.org, "SELECT count(*) FROM history_heads") {
            try $0.next(Int.self)
        }
        if open != 0 { differences.append("\(open ?? -1) pieces were never closed") }
        return (compared, differences)
    }

    private func read(
        _ history: HistoryStore, _ resource: ResourceID, _ metric: MetricName, _ range: String, at until: Int64
    ) async throws -> (tier: String, points: [HistoryPoint]) {
        let query = HistoryQuery(
            resource: resource, metric: metric, range: HistoryRange(range), maxPoints: 2000,
            now: Timestamp(milliseconds: until))
        let answer = try await history.read(query, in: feed.org)
        // The range is closed at both ends, a window only at its end.
        let start = until - Int64(query.range.duration.inSeconds * 1000)
        return (answer.tier, (answer.series[metric.text] ?? []).filter { answer.tier != "raw" || $0.timestamp > start })
    }

    private func buckets(_ samples: [(at: Int64, value: Double)], _ step: Int64) -> [Int64: Bucket] {
        var buckets: [Int64: Bucket] = [:]
        for sample in samples { buckets[sample.at / step * step, default: Bucket()].add(sample.value) }
        return buckets
    }

    private func compare(
        _ told: (tier: String, points: [HistoryPoint]), with expected: [Int64: Bucket], _ tier: String, _ place: String
    ) -> [String] {
        guard told.tier == tier || (expected.isEmpty && told.points.isEmpty) else {
            return ["\(place): \(told.tier), not \(tier)"]
        }
        guard told.points.count == expected.count else {
            return ["\(place) in \(tier): \(told.points.count) points, not \(expected.count)"]
        }
        return told.points.compactMap { point in
            guard let bucket = expected[point.timestamp] else {
                return "\(place) in \(tier): a point at \(point.timestamp)"
            }
            let average = bucket.sum / bucket.count
            let isSame =
                abs(point.value - average) <= max(1e-9, abs(average) * 1e-12) && point.lowest == bucket.lowest
                && point.highest == bucket.highest
            return isSame ? nil : "\(place) in \(tier) at \(point.timestamp): \(point.value), not \(average)"
        }
    }

    /// Quarters are read by lists.
    private func quarters(_ history: HistoryStore, _ end: Int64, _ compared: inout Int) async throws -> [String] {
        var differences: [String] = []
        let day: Int64 = 86_400_000
        for metric in RollupsFeed.metrics {
            var until = (end / day + 1) * day - 1
            while until > feed.begin.milliseconds {
                let lines = try await history.sparklines(
                    metric, of: feed.resources, range: HistoryRange("24h"), points: 96, limit: 100,
                    now: Timestamp(milliseconds: until), in: feed.org)
                for resource in feed.resources {
                    let mine = (samples[resource]?[metric.text] ?? []).filter { $0.at > until - day && $0.at <= until }
                    let expected = buckets(mine, 900_000)
                    let told = (lines.lines[resource] ?? []).filter { $0.value != nil }
                    compared += expected.count
                    let isSame =
                        lines.stepSeconds == 900 && told.count == expected.count
                        && told.allSatisfy { point in
                            guard let bucket = expected[point.at], let value = point.value else { return false }
                            return abs(value - bucket.sum / bucket.count) <= max(1e-9, abs(value) * 1e-12)
                        }
                    if !isSame { differences.append("quarters of \(metric.text) until \(until)") }
                }
                until -= day
            }
        }
        return differences
    }
}
