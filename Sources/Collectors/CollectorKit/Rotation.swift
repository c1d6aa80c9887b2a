package import Kernel

/// Whose turn it is when there is more to ask than one poll may. Never asked goes first, then who is latest in terms
/// of its own interval: what should be asked every 10 s and waits for 30 comes before what should be every 300 s and waits for
/// 400. What was asked is not due again before its interval. Pure.
package struct Rotation<Key: Hashable & Sendable>: Sendable {
    private struct Turn: Sendable {
        var interval: Duration
        /// When it was asked last; `nil`: never.
        var askedAt: Timestamp?
        var dueAt: Timestamp?
    }

    private var turns: [Key: Turn] = [:]

    package init() {}

    package var count: Int { turns.count }
    package var hasUnasked: Bool { turns.values.contains { $0.askedAt == nil } }

    /// Those that are not named any more are forgotten.
    package mutating func keep(_ wanted: [(key: Key, interval: Duration)]) {
        var kept: [Key: Turn] = [:]
        kept.reserveCapacity(wanted.count)
        for (key, interval) in wanted {
            var turn = turns[key] ?? Turn(interval: interval, askedAt: nil, dueAt: nil)
            turn.interval = interval
            kept[key] = turn
        }
        turns = kept
    }

    /// - Returns: at most `most` that are due, the latest first.
    package func due(at now: Timestamp, most: Int) -> [Key] {
        guard most > 0 else { return [] }
        var due: [(key: Key, lateness: Double)] = []
        for (key, turn) in turns where turn.dueAt.map({ $0 <= now }) ?? true {
            let interval = max(turn.interval.inSeconds, 0.001)
            due.append((key, turn.askedAt.map { (now - $0).inSeconds / interval } ?? .infinity))
        }
        // Equal ones in the set's own order, which differs from process to process: nobody is always last.
        due.sort { $0.lateness > $1.lateness }
        return due.prefix(most).map(\.key)
    }

    package mutating func asked(_ key: Key, at now: Timestamp) { next(key, at: now, after: nil) }

    /// Asked without success: again after this, not after its interval.
    package mutating func asked(_ key: Key, at now: Timestamp, againAfter pause: Duration) {
        next(key, at: now, after: pause)
    }

    /// Due at once, whatever its interval.
    package mutating func hurry(_ key: Key) { turns[key]?.dueAt = nil }

    private mutating func next(_ key: Key, at now: Timestamp, after pause: Duration?) {
        guard let turn = turns[key] else { return }
        turns[key]?.askedAt = now
        turns[key]?.dueAt = now + (pause ?? turn.interval)
    }
}
