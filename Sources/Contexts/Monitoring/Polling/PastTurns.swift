import Kernel

/// Who may read a part of its platform's past now. Pure: the time comes in.
///
/// A part costs what a poll costs. When many platforms are connected at once their past is read at a pace that the polls of
/// a busy process do not notice, and the first parts of everybody, which a person looks at, come before anybody's last ones.
struct PastTurns {
    /// Parts that are near: with eight questions each they hold the last hour and day of 50 guests.
    private static let nearParts = 16
    /// As many at once after a pause; few platforms never wait.
    private static let burst = 32.0

    /// So many a second: 1 in 12 polls of 2,000 connections, and half of that. Of 2,000 that are new at once all have their
    /// last day after half an hour.
    private struct Purse {
        let perSecond: Double
        var parts = burst
        var countedAt: Duration?

        mutating func take(at now: Duration) -> Bool {
            if let countedAt { parts = min(burst, parts + max(0, (now - countedAt).inSeconds) * perSecond) }
            countedAt = now
            guard parts >= 1 else { return false }
            parts -= 1
            return true
        }
    }

    private var near = Purse(perSecond: 16)
    private var far = Purse(perSecond: 8)

    /// - Parameter had: parts that this one has read here.
    mutating func take(had: Int, at now: Duration) -> Bool {
        had < Self.nearParts ? near.take(at: now) : far.take(at: now)
    }
}
