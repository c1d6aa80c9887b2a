package import Inventory
package import Kernel

/// What a chart of one resource asks for.
package struct HistoryQuery: Sendable {
    package let resource: ResourceID
    /// `nil`: everything there is.
    package let metric: MetricName?
    package let range: HistoryRange
    /// 1...2000, clamped.
    package let maxPoints: Int
    package let now: Timestamp

    package init(resource: ResourceID, metric: MetricName?, range: HistoryRange, maxPoints: Int, now: Timestamp) {
        self.resource = resource
        self.metric = metric
        self.range = range
        self.maxPoints = min(max(maxPoints, 1), 2000)
        self.now = now
    }

    package var start: Timestamp { now - range.duration }
}

/// What a chart gets.
package struct HistoryAnswer: Sendable, Equatable {
    package let start: Timestamp
    package let end: Timestamp
    package let stepSeconds: Int
    /// Which tier answered: `raw`, `minute` …
    package let tier: String
    /// By metric name. A moment without a sample has no point: gaps stay gaps.
    package let series: [String: [HistoryPoint]]
    /// When nobody watched.
    package let outages: [Outage]

    var hasPoints: Bool { series.values.contains { !$0.isEmpty } }
}

/// One point of a chart: the average over its step, and between what it moved.
package struct HistoryPoint: Sendable, Equatable {
    /// Start of the step; of a single sample, its own time. Milliseconds since 1970.
    package let timestamp: Int64
    package let value: Double
    package let lowest: Double
    package let highest: Double
    /// Not measured by us: the platform remembered it.
    package var isOfPlatform = false
}

/// How a range is cut into steps.
///
/// Steps begin at whole multiples of their width since 1970, so that a chart that is loaded again a little later has the
/// same steps and does not flicker; the last one holds `end`. There are never more than `maxPoints`. Steps of roll-ups are
/// whole multiples of theirs, so that no roll-up lies in two of them.
struct Timeline: Equatable {
    let start: Int64
    let end: Int64
    /// Milliseconds, whole seconds.
    let step: Int64
    /// The first step's start.
    let first: Int64
    /// The width asked for is finer than what the tier holds: samples or roll-ups are shown as they are.
    let isNative: Bool

    init(start: Int64, end: Int64, maxPoints: Int, tier: Tier) {
        let duration = max(end - start, 1000)
        let wanted = Self.dividingUp(duration, by: Int64(maxPoints) * 1000) * 1000
        self.start = start
        self.end = end
        isNative = wanted <= tier.resolution
        let whole = tier == .raw ? wanted : Self.dividingUp(wanted, by: tier.resolution) * tier.resolution
        step = isNative ? tier.resolution : whole
        first = end.floored(to: step) + step - Self.dividingUp(duration, by: step) * step
    }

    var stepSeconds: Int { Int(step / 1000) }
    var stepCount: Int { Int((end - first) / step) + 1 }

    /// The start of every step.
    var steps: [Int64] { (0..<stepCount).map { first + Int64($0) * step } }

    /// Which step a time falls in; `nil` outside.
    func place(of time: Int64) -> Int? {
        guard time >= first, time <= end else { return nil }
        return Int((time - first) / step)
    }

    private static func dividingUp(_ value: Int64, by divisor: Int64) -> Int64 { (value + divisor - 1) / divisor }
}
