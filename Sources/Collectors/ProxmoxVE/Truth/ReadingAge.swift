internal import Kernel

/// How long a reading stands. Where there is much to ask the next one comes late, and what is shown must not change its source
/// meanwhile: twice the time between the last two readings, at least 120 s and at most 600 s.
struct ReadingAge: Sendable, Hashable {
    private static let least = Duration.seconds(120)
    private static let most = Duration.seconds(600)

    private var at: Timestamp?
    private var hold = Self.least

    mutating func read(at now: Timestamp) {
        if let at { hold = min(Self.most, max(Self.least, (now - at) * 2)) }
        at = now
    }

    /// Never read, or too long ago.
    func isOld(at now: Timestamp) -> Bool { at.map { now - $0 > hold } ?? true }
}
