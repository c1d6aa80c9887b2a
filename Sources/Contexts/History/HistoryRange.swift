import Kernel

/// How far back a chart looks: `30m`, `1h`, `6h`, `12h`, `24h`, `1d`, `7d`, `Nd`, or a duration such as `1h30m`.
package struct HistoryRange: Hashable, Sendable {
    /// As it was asked for; `24h` when it was not or could not be read.
    package let text: String
    package let duration: Duration

    package static let standard = HistoryRange(text: "24h", duration: .seconds(86_400))

    /// Longest: what the widest tier keeps. Shortest: one report.
    private static let bounds = Duration.seconds(10)...Tier.day.retention

    private init(text: String, duration: Duration) {
        self.text = text
        self.duration = min(max(duration, Self.bounds.lowerBound), Self.bounds.upperBound)
    }

    /// What cannot be read is a day, as the agents and dashboards of the field expect.
    package init(_ text: String?) {
        let trimmed = (text ?? "").trimmed
        guard let milliseconds = Self.milliseconds(trimmed), milliseconds > 0 else {
            self = .standard
            return
        }
        self.init(text: trimmed, duration: .milliseconds(milliseconds))
    }

    /// One or more numbers with a unit each, units from large to small or not: `1h30m`, `1.5h`, `90s`, `7d`.
    private static func milliseconds(_ text: String) -> Int64? {
        var rest = text[...]
        var total = 0.0
        guard !rest.isEmpty, rest.utf8.count <= 40 else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { ("0"..."9").contains($0) || $0 == "." }
            guard let number = Double(digits), digits.utf8.count <= 12 else { return nil }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            guard let size = units[String(unit)] else { return nil }
            rest = rest.dropFirst(unit.count)
            total += number * size
        }
        return total < 1e15 ? Int64(total.rounded()) : nil
    }

    private static let units: [String: Double] = [
        "ns": 1e-6, "us": 1e-3, "µs": 1e-3, "ms": 1, "s": 1000, "m": 60_000, "h": 3_600_000, "d": 86_400_000,
    ]
}
