package import Inventory
internal import NIOConcurrencyHelpers

/// What is left of one poll's budget. Shared by the tasks of that poll.
package final class PollAllowance: Sendable {
    private struct State {
        var left: Int
        var spent = 0
        var firstLatency: Duration?
    }

    private let end: ContinuousClock.Instant
    private let state: NIOLockedValueBox<State>

    package init(_ budget: PollBudget) {
        end = .now + budget.time
        state = NIOLockedValueBox(State(left: budget.requests))
    }

    package var requestsLeft: Int { state.withLockedValue { $0.left } }
    package var requestsSpent: Int { state.withLockedValue { $0.spent } }
    package var firstLatency: Duration? { state.withLockedValue { $0.firstLatency } }
    package var timeLeft: Duration { max(.zero, end - .now) }

    /// Takes one request and tells how long it may take.
    /// - Throws: `.timeout` when nothing is left: of the time, or of the requests.
    package func take(atMost timeout: Duration) throws(ConnectionFault) -> Duration {
        let rest = timeLeft
        guard rest > .milliseconds(5) else { throw ConnectionFault(.timeout, "The time for one poll was used up.") }
        let isAllowed = state.withLockedValue { state in
            guard state.left > 0 else { return false }
            state.left -= 1
            state.spent += 1
            return true
        }
        guard isAllowed else { throw ConnectionFault(.timeout, "The requests of one poll were used up.") }
        return min(timeout, rest)
    }

    func answered(after latency: Duration) {
        state.withLockedValue { if $0.firstLatency == nil { $0.firstLatency = latency } }
    }
}
