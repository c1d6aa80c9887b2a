import DequeModule
import NIOConcurrencyHelpers

/// What waits to be told to the server: bounded, so a server that is slow costs the oldest messages and no caller a moment.
/// In place of what goes stands one empty message a subject, behind all that stays: who listens hears that something is lost.
final class NatsOutbox: Sendable {
    enum Job: Sendable {
        case publish([UInt8], Subject)
        case subscribe(Subject)
        case unsubscribe(Subject)
        case close
    }

    /// A second of the busiest process we know (1,000 reports of 4 KB), and as much again.
    private static let byteLimit = 8 << 20
    /// More subjects are not told of a loss; who listens looks once a minute anyway.
    private static let mostTold = 4096

    private struct State {
        var jobs: Deque<Job> = []
        var bytes = 0
    }

    private let state = NIOLockedValueBox(State())
    /// 1: something waits.
    private let bell = ConditionLock(value: 0)

    func add(_ job: Job) {
        let dropped = state.withLockedValue { state in
            state.jobs.append(job)
            state.bytes += Self.size(job)
            return state.bytes > Self.byteLimit ? Self.dropHalf(&state) : 0
        }
        if dropped > 0 { BusMetrics.dropped(.outbound, dropped) }
        bell.lock()
        bell.unlock(withValue: 1)
    }

    /// All that waits, in its order; waits up to `seconds` for something.
    func take(within seconds: Double) -> Deque<Job> {
        if bell.lock(whenValue: 1, timeoutSeconds: seconds) { bell.unlock(withValue: 0) }
        return state.withLockedValue { state in
            defer { state = State() }
            return state.jobs
        }
    }

    private static func size(_ job: Job) -> Int {
        if case .publish(let payload, let subject) = job { payload.count + subject.text.utf8.count + 64 } else { 0 }
    }

    /// The older half of the messages goes; what concerns subscriptions stays.
    /// - Returns: how many messages are gone that said something.
    private static func dropHalf(_ state: inout State) -> Int {
        var (kept, dropped): (Deque<Job>, Int) = ([], 0)
        var (lost, isLost): ([Subject], Set<Subject>) = ([], [])
        for job in state.jobs {
            if case .publish(let payload, let subject) = job, state.bytes > byteLimit / 2 {
                state.bytes -= size(job)
                if !payload.isEmpty { dropped += 1 }
                if lost.count < mostTold, isLost.insert(subject).inserted { lost.append(subject) }
            } else {
                kept.append(job)
            }
        }
        for subject in lost {
            let job = Job.publish([], subject)
            kept.append(job)
            state.bytes += size(job)
        }
        state.jobs = kept
        return dropped
    }
}
