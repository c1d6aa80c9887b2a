import Kernel

/// How finely history is kept, and for how long. The numbers are those of the partitions (`history_prepare`).
enum Tier: Int16, Sendable, CaseIterable {
    case raw, minute, hour, day

    /// The spacing of its times. Raw samples come as they come; 10 s is what agents report at.
    var resolution: Int64 {
        switch self {
        case .raw: 10_000
        case .minute: 60_000
        case .hour: 3_600_000
        case .day: 86_400_000
        }
    }

    /// What one row covers. Samples and minutes: what closes together, so that both are written once and not again
    /// (720 and 120 rows a series). Hours and days grow with every closed window and are rewritten then, so their rows
    /// are short: 24 and 20.
    var window: Int64 {
        switch self {
        case .raw, .minute: 2 * 3_600_000
        case .hour: 86_400_000
        case .day: 20 * 86_400_000
        }
    }

    var retention: Duration {
        switch self {
        case .raw: .seconds(2 * 86_400)
        case .minute: .seconds(7 * 86_400)
        case .hour: .seconds(90 * 86_400)
        case .day: .seconds(400 * 86_400)
        }
    }

    /// The start of the window that a time falls in.
    func windowStart(of milliseconds: Int64) -> Int64 { milliseconds.floored(to: window) }

    /// Which tier answers for a range, and which stand in when it has nothing, nearest first.
    static func answering(for range: Duration) -> [Tier] {
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
