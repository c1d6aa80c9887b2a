import Inventory

/// What stands in lists and overviews: the values of a whole resource, not those of one of its parts.
enum Headline {
    static func contains(_ metric: String) -> Bool { metrics.contains(metric) }

    private static let metrics: Set<String> = Set(
        MetricFamily.allCases.filter { $0 != .cpuCore }.map { MetricName($0).text })

    /// The quarters of a piece's headlines.
    static func brief(of chunk: Chunk) -> Chunk { Rollup.of([only(in: chunk)], every: Tier.quarter.resolution) }

    static func only(in chunk: Chunk) -> Chunk { chunk.keeping { contains($0.metric) } }
}
