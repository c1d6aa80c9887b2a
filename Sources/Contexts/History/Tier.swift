import Kernel

/// How finely history is kept, and for how long: the one table of it, the same as that of the partitions
/// (`history_prepare`). Plans keep less, see `HistoryPlan`.
///
/// The samples of the last two hours stand in `history_heads`, pages that PostgreSQL holds in memory; all of them for two
/// days on disk.
enum Tier: Int16, Sendable, CaseIterable {
    case raw = 0
    case minute = 1
    /// Only what stands in lists, for many resources at once; see `Headline`.
    case quarter = 4
    case hour = 2
    case day = 3

    /// The spacing of its times. Raw samples come as they come; 10 s is what agents report at.
    var resolution: Int64 {
        switch self {
        case .raw: 10_000
        case .minute: 60_000
        case .quarter: 900_000
        case .hour: 3_600_000
        case .day: 86_400_000
        }
    }

    /// What one row covers. Samples and minutes: what closes together, so that both are written once and not again
    /// (720 and 120 rows a series). The others grow with every closed window and are rewritten then, so their rows are
    /// short: 96, 24 and 20.
    var window: Int64 {
        switch self {
        case .raw, .minute: 2 * 3_600_000
        case .quarter, .hour: 86_400_000
        case .day: 20 * 86_400_000
        }
    }

    var retention: Duration {
        switch self {
        case .raw: .seconds(2 * 86_400)
        case .minute, .quarter: .seconds(14 * 86_400)
        case .hour: .seconds(90 * 86_400)
        case .day: .seconds(730 * 86_400)
        }
    }

    /// What one partition covers, as in `history_prepare`.
    private var partition: Int64 {
        switch self {
        case .raw, .minute: 86_400_000
        case .quarter, .hour: 10 * 86_400_000
        case .day: 100 * 86_400_000
        }
    }

    /// The start of the oldest partition that there is for certain: `history_prepare` makes that one and all later ones, and
    /// drops those before it.
    func oldestKept(at now: Timestamp) -> Int64 { (now - retention).milliseconds.floored(to: partition) }

    /// Quarters are read often, by their hundreds, and grow: quick to decode. The others are read seldom and stay.
    var codec: Int16 { self == .quarter ? ChunkCodec.plain : ChunkCodec.dense }

    var name: String { "\(self)" }

    /// The start of the window that a time falls in.
    func windowStart(of milliseconds: Int64) -> Int64 { milliseconds.floored(to: window) }

    /// Which tier answers for a range, and which stand in when it has nothing.
    ///
    /// First the cheapest, that is the coarsest, which keeps the whole range and has at least half of the points that were
    /// asked for; when all are too coarse, the finest that keeps the range. Then those of the field, nearest first.
    /// - Parameter headlines: only what stands in lists is wanted, so that quarters will do.
    static func answering(for range: Duration, points: Int, headlines: Bool) -> [Tier] {
        let step = Int64(range.inSeconds * 1000) / Int64(max(points, 1))
        let able = [Tier.day, .hour, .quarter, .minute, .raw].filter {
            $0.retention >= range && (headlines || $0 != .quarter)
        }
        let first = able.first { $0.resolution <= step * 2 } ?? able.last ?? .day
        return [first] + standIns(for: range).filter { $0 != first }
    }

    private static func standIns(for range: Duration) -> [Tier] {
        switch range {
        case ...Duration.seconds(2 * 3600): [.raw, .minute, .hour]
        case ...Duration.seconds(24 * 3600): [.minute, .raw, .hour]
        case ...Duration.seconds(7 * 86_400): [.hour, .minute, .raw]
        default: [.day, .hour, .minute, .raw]
        }
    }
}

extension Int64 {
    /// The greatest multiple of `step` that is not above. Times before 1970 too.
    func floored(to step: Int64) -> Int64 {
        let rest = self % step
        return self - (rest < 0 ? rest + step : rest)
    }
}
