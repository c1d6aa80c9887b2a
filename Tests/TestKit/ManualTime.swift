package import Kernel
import NIOConcurrencyHelpers

/// A clock that moves when a test says so.
package final class ManualTime: TimeSource {
    private struct Sleeper {
        let id: Int
        let until: Duration
        let continuation: CheckedContinuation<Void, any Error>
    }

    private struct State {
        var now: Timestamp
        var monotonic: Duration = .seconds(1000)
        var sleepers: [Sleeper] = []
        var cancelled: Set<Int> = []
        var nextID = 0
        var arrivals: [CheckedContinuation<Void, Never>] = []
    }

    private let state: NIOLockedValueBox<State>

    /// - Parameter now: 2026-11-21T09:30:00Z unless told otherwise.
    package init(now: Timestamp = Timestamp(seconds: 1_795_253_400)) { state = NIOLockedValueBox(State(now: now)) }

    package var now: Timestamp { state.withLockedValue { $0.now } }
    package var monotonic: Duration { state.withLockedValue { $0.monotonic } }
    package var sleepers: Int { state.withLockedValue { $0.sleepers.count } }

    /// Moves both clocks and wakes whoever is due.
    package func advance(by step: Duration) {
        let due = state.withLockedValue { state in
            state.now = state.now + step
            state.monotonic += step
            let due = state.sleepers.filter { $0.until <= state.monotonic }
            state.sleepers.removeAll { $0.until <= state.monotonic }
            return due
        }
        for sleeper in due { sleeper.continuation.resume() }
    }

    /// The wall clock jumps; the monotonic one does not.
    package func jump(to now: Timestamp) { state.withLockedValue { $0.now = now } }

    /// Returns as soon as somebody sleeps on this clock.
    package func untilSomebodySleeps() async {
        await withCheckedContinuation { continuation in
            let isThere = state.withLockedValue { state in
                if state.sleepers.isEmpty { state.arrivals.append(continuation) }
                return !state.sleepers.isEmpty
            }
            if isThere { continuation.resume() }
        }
    }

    package func sleep(for duration: Duration) async throws {
        let id = state.withLockedValue { state in
            state.nextID += 1
            return state.nextID
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                enum Step { case wait([CheckedContinuation<Void, Never>]), wake, cancel }
                let step: Step = state.withLockedValue { state in
                    if state.cancelled.remove(id) != nil { return .cancel }
                    if duration <= .zero { return .wake }
                    state.sleepers.append(
                        Sleeper(id: id, until: state.monotonic + duration, continuation: continuation))
                    defer { state.arrivals = [] }
                    return .wait(state.arrivals)
                }
                switch step {
                case .wait(let arrivals): for arrival in arrivals { arrival.resume() }
                case .wake: continuation.resume()
                case .cancel: continuation.resume(throwing: CancellationError())
                }
            }
        } onCancel: {
            let sleeper = state.withLockedValue { state -> Sleeper? in
                guard let index = state.sleepers.firstIndex(where: { $0.id == id }) else {
                    state.cancelled.insert(id)
                    return nil
                }
                return state.sleepers.remove(at: index)
            }
            sleeper?.continuation.resume(throwing: CancellationError())
        }
    }
}
