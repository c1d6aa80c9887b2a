import NIOConcurrencyHelpers

/// A port that will be known, or never: whoever asks waits until one of the two is certain.
final class BoundPort: Sendable {
    private enum State {
        case unknown([CheckedContinuation<Int, any Error>])
        case known(Result<Int, any Error>)
    }

    private let state = NIOLockedValueBox(State.unknown([]))

    /// Only the first result counts.
    func set(_ result: Result<Int, any Error>) {
        let waiting = state.withLockedValue { state -> [CheckedContinuation<Int, any Error>] in
            guard case .unknown(let waiting) = state else { return [] }
            state = .known(result)
            return waiting
        }
        for continuation in waiting { continuation.resume(with: result) }
    }

    func value() async throws -> Int {
        try await withCheckedThrowingContinuation { continuation in
            let known = state.withLockedValue { state -> Result<Int, any Error>? in
                switch state {
                case .known(let result): return result
                case .unknown(let waiting):
                    state = .unknown(waiting + [continuation])
                    return nil
                }
            }
            if let known { continuation.resume(with: known) }
        }
    }
}
