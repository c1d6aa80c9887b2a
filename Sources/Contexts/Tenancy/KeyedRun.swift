internal import HTTPKit
internal import Kernel
internal import NIOConcurrencyHelpers

/// One operation under way in this process, and those who wait for its answer without doing anything.
final class KeyedRun: Sendable {
    enum Outcome: Sendable {
        case answered(APIResponse)
        case refused(Problem)
        /// It was cut off; whoever waits tries for themselves.
        case unknown
    }

    private struct State {
        var outcome: Outcome?
        var waiters: [Int: CheckedContinuation<Outcome?, Never>] = [:]
        var gone: Set<Int> = []
        var next = 0
    }

    /// Each holds a continuation and its request.
    private static let waiterLimit = 10_000

    let bodyHash: [UInt8]
    private let state = NIOLockedValueBox(State())

    init(bodyHash: [UInt8]) { self.bodyHash = bodyHash }

    func finish(_ outcome: Outcome) {
        let waiters = state.withLockedValue { state in
            state.outcome = outcome
            defer { state.waiters = [:] }
            return state.waiters.values
        }
        for waiter in waiters { waiter.resume(returning: outcome) }
    }

    /// - Returns: `nil` when it took too long, too many wait, or the caller was cancelled.
    func outcome(within patience: Duration, on time: any TimeSource) async -> Outcome? {
        await withTaskGroup(of: Outcome?.self) { group in
            group.addTask { await self.outcome() }
            group.addTask {
                try? await time.sleep(for: patience)
                return nil
            }
            defer { group.cancelAll() }
            return await group.next() ?? nil
        }
    }

    private func outcome() async -> Outcome? {
        let id = state.withLockedValue { state in
            state.next += 1
            return state.next
        }
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let (isDecided, outcome) = state.withLockedValue { state -> (Bool, Outcome?) in
                    if let outcome = state.outcome { return (true, outcome) }
                    guard state.gone.remove(id) == nil, state.waiters.count < Self.waiterLimit else {
                        return (true, nil)
                    }
                    state.waiters[id] = continuation
                    return (false, nil)
                }
                if isDecided { continuation.resume(returning: outcome) }
            }
        } onCancel: {
            let waiter = state.withLockedValue { state in
                if state.waiters[id] == nil { state.gone.insert(id) }
                return state.waiters.removeValue(forKey: id)
            }
            waiter?.resume(returning: nil)
        }
    }
}
