internal import Kernel
internal import NIOConcurrencyHelpers

/// Unwrapped keys for a short while, and one look-up at a time for each. An entry is as old as the beginning of its
/// look-up, so what a provider revokes is unusable here `lifetime` later at the latest.
final class KeyCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let since: Duration
        var lastUse: UInt64
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        var waiting: [Key: [CheckedContinuation<Result<Value, any Error>?, Never>]] = [:]
        var uses: UInt64 = 0
        /// Rises when entries are dropped: a look-up that began before does not put its answer back.
        var epoch: UInt64 = 0
    }

    private let lifetime: Duration
    private let bound: Int
    private let time: any TimeSource
    private let state = NIOLockedValueBox(State())

    init(lifetime: Duration, bound: Int, time: any TimeSource) {
        self.lifetime = lifetime
        self.bound = bound
        self.time = time
    }

    var count: Int { state.withLockedValue { $0.entries.count } }

    /// How many wait for the look-up of another.
    func waiting(for key: Key) -> Int { state.withLockedValue { $0.waiting[key]?.count ?? 0 } }

    /// The value, from here or from `load`. Callers that come while it is loaded wait for the same answer.
    func value(_ key: Key, load: () async throws -> Value) async throws -> Value {
        while true {
            if let value = fresh(key) { return value }
            guard let epoch = lead(key) else {
                // Nothing: whoever led was cancelled, and it is somebody else's turn.
                if let outcome = await follow(key) { return try outcome.get() }
                try Task.checkCancellation()
                continue
            }
            let since = time.monotonic
            do {
                let value = try await load()
                settle(key, .success(value), since: since, epoch: epoch)
                return value
            } catch {
                settle(key, error is CancellationError ? nil : .failure(error), since: since, epoch: epoch)
                throw error
            }
        }
    }

    func drop(where isGone: (Key) -> Bool) {
        state.withLockedValue { state in
            state.epoch += 1
            state.entries = state.entries.filter { !isGone($0.key) }
        }
    }

    private func fresh(_ key: Key) -> Value? {
        state.withLockedValue { state in
            guard let entry = state.entries[key], time.monotonic - entry.since < lifetime else { return nil }
            state.uses += 1
            state.entries[key]?.lastUse = state.uses
            return entry.value
        }
    }

    /// - Returns: the present epoch for the caller that has to load, `nil` for those that wait.
    private func lead(_ key: Key) -> UInt64? {
        state.withLockedValue { state in
            guard state.waiting[key] == nil else { return nil }
            state.waiting[key] = []
            return state.epoch
        }
    }

    private func follow(_ key: Key) async -> Result<Value, any Error>? {
        await withCheckedContinuation { continuation in
            let isOver = state.withLockedValue { state in
                guard state.waiting[key] != nil else { return true }
                state.waiting[key]?.append(continuation)
                return false
            }
            if isOver { continuation.resume(returning: nil) }
        }
    }

    private func settle(_ key: Key, _ outcome: Result<Value, any Error>?, since: Duration, epoch: UInt64) {
        let waiting = state.withLockedValue { state in
            if case .success(let value) = outcome, state.epoch == epoch {
                state.uses += 1
                state.entries[key] = Entry(value: value, since: since, lastUse: state.uses)
                makeRoom(&state)
            }
            return state.waiting.removeValue(forKey: key) ?? []
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Expired entries go first, then the quarter that was not used for longest.
    private func makeRoom(_ state: inout State) {
        guard state.entries.count > bound else { return }
        let now = time.monotonic
        state.entries = state.entries.filter { now - $0.value.since < lifetime }
        guard state.entries.count > bound else { return }
        let oldest = state.entries.sorted { $0.value.lastUse < $1.value.lastUse }.prefix(bound / 4 + 1)
        for (key, _) in oldest { state.entries[key] = nil }
    }
}
