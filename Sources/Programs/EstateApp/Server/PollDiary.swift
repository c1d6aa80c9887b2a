/// When each cluster was asked for its inventory, as only the one that is asked can know. Times are seconds of any clock that
/// does not go back.
struct PollDiary: Sendable {
    struct Entry: Sendable {
        var count = 0
        var lastAt: Double
        var widestGap = 0.0
    }

    private(set) var entries: [Int: Entry] = [:]

    mutating func asked(_ cluster: Int, at now: Double) {
        guard var entry = entries[cluster] else {
            entries[cluster] = Entry(count: 1, lastAt: now)
            return
        }
        entry.widestGap = max(entry.widestGap, now - entry.lastAt)
        entry.lastAt = now
        entry.count += 1
        entries[cluster] = entry
    }

    /// Gaps are counted from now on; one that is open goes on.
    mutating func beginAnew() {
        for cluster in entries.keys {
            entries[cluster]?.widestGap = 0
            entries[cluster]?.count = 0
        }
    }

    /// With the gap that is open now.
    func widestGap(of entry: Entry, at now: Double) -> Double { max(entry.widestGap, now - entry.lastAt) }
}
