internal import Kernel
internal import NIOConcurrencyHelpers

/// Unwrapped keys for a short while, and one look-up at a time for each. An entry is as old as the beginning of its
/// look-up, so what a provider revokes is unusable here `lifetime` later at the latest.
///
/// That a key cannot be used now is remembered, too, for a few seconds from when that was known: two hundred secrets of one
/// key are not two hundred times five seconds of waiting for a provider that does not answer.
final class KeyCache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry {
        let value: Value
        let since: Duration
        var lastUse: UInt64
    }

    private struct Refusal {
        let error: VaultError
        let until: Duration
    }

    private struct State {
        var entries: [Key: Entry] = [:]
        /// Of keys that have no entry.
        var refusals: [Key: Refusal] = [:]
        var waiting: [Key: [CheckedContinuation<Result<Value, any Error>?, Never>]] = [:]
        var uses: UInt64 = 0
        /// Rises when entries are dropped: a look-up that began before does not put its answer back.
        var epoch: UInt64 = 0
    }

    private let lifetime: Duration
    private let refusalLifetime: Duration
    private let bound: Int
    private let time: any TimeSource
    private let state = NIOLockedValueBox(State())

    /// - Parameter bound: of entries, and of refusals.
    init(lifetime: Duration, refusalLifetime: Duration, bound: Int, time: any TimeSource) {
        self.lifetime = lifetime
        self.refusalLifetime = refusalLifetime
        self.bound = bound
        self.time = time
    }

    var count: Int { state.withLockedValue { $0.entries.count } }
    var refusals: Int { state.withLockedValue { $0.refusals.count } }

    /// How many wait for the look-up of another.
    func waiting(for key: Key) -> Int { state.withLockedValue { $0.waiting[key]?.count ?? 0 } }

    /// The value, from here or from `load`. Callers that come while it is loaded wait for the same answer.
    /// - Throws: what `load` throws; `keyUnavailable` also without asking, when it was that a moment ago.
    func value(_ key: Key, load: () async throws -> Value) async throws -> Value {
        while true {
            if let value = try fresh(key) { return value }
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
                // Whoever gave up learnt nothing of the key, whatever the provider's client made of that.
                let isGivenUp = error is CancellationError || Task.isCancelled
                settle(key, isGivenUp ? nil : .failure(error), since: since, epoch: epoch)
                throw error
            }
        }
    }

    func drop(where isGone: (Key) -> Bool) {
        state.withLockedValue { state in
            state.epoch += 1
            state.entries = state.entries.filter { !isGone($0.key) }
            state.refusals = state.refusals.filter { !isGone($0.key) }
        }
    }

    private func fresh(_ key: Key) throws(VaultError) -> Value? {
        let found: Result<Value?, VaultError> = state.withLockedValue { state in
            if let refusal = state.refusals[key] {
                if time.monotonic < refusal.until { return .failure(refusal.error) }
                state.refusals[key] = nil
            }
            return .success(known(key, in: &state))
        }
        return try found.get()
    }

    private func known(_ key: Key, in state: inout State) -> Value? {
        guard let entry = state.entries[key], time.monotonic - entry.since < lifetime else { return nil }
        state.uses += 1
        state.entries[key]?.lastUse = state.uses
        return entry.value
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
            switch outcome {
            case _ where state.epoch != epoch: break
            case .success(let value):
                state.uses += 1
                state.entries[key] = Entry(value: value, since: since, lastUse: state.uses)
                makeRoom(&state)
            case .failure(let error as VaultError): remember(error, of: key, in: &state)
            case .failure, nil: break
            }
            return state.waiting.removeValue(forKey: key) ?? []
        }
        for continuation in waiting { continuation.resume(returning: outcome) }
    }

    /// Only what may pass by itself: what is destroyed was found in the database, at once, and damaged is a single row.
    private func remember(_ error: VaultError, of key: Key, in state: inout State) {
        guard case .keyUnavailable = error else { return }
        let now = time.monotonic
        if state.refusals.count >= bound { state.refusals = state.refusals.filter { now < $0.value.until } }
        guard state.refusals.count < bound else { return }
        state.refusals[key] = Refusal(error: error, until: now + refusalLifetime)
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
