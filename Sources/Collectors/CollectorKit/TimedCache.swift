package import Kernel

/// What was learned and is believed for a while. At most `most` entries: the oldest goes first.
package struct TimedCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        let value: Value
        let at: Timestamp
        let until: Timestamp
    }

    private let most: Int
    private var entries: [Key: Entry] = [:]

    package init(most: Int) { self.most = max(most, 1) }

    package var count: Int { entries.count }

    package func value(_ key: Key, at now: Timestamp) -> Value? {
        guard let entry = entries[key], now < entry.until else { return nil }
        return entry.value
    }

    package mutating func set(_ key: Key, _ value: Value, at now: Timestamp, for lifetime: Duration) {
        if entries[key] == nil, entries.count >= most {
            entries = entries.filter { now < $0.value.until }
            if entries.count >= most, let oldest = entries.min(by: { $0.value.at < $1.value.at }) {
                entries[oldest.key] = nil
            }
        }
        entries[key] = Entry(value: value, at: now, until: now + lifetime)
    }

    package mutating func forget(where isGone: (Key) -> Bool) { entries = entries.filter { !isGone($0.key) } }
}
