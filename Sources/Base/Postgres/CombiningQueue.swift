import NIOConcurrencyHelpers

/// Work that only one thread may do at a time: who brings some does it, and what others bring meanwhile. Nobody waits
/// for anybody, and what piles up is done at one go (flat combining, Hendler et al., SPAA 2010).
final class CombiningQueue<Work: Sendable>: Sendable {
    private struct State {
        var work: [Work] = []
        var isStaffed = false
    }

    private let state = NIOLockedValueBox(State())

    /// - Parameter perform: does what has come, in order. Called again until nothing is left, or not at all when another
    ///   thread is at it.
    func bring(_ work: Work, perform: ([Work]) -> Void) {
        let isOurs = state.withLockedValue { state in
            state.work.append(work)
            defer { state.isStaffed = true }
            return !state.isStaffed
        }
        guard isOurs else { return }
        var batch: [Work] = []
        while true {
            batch.removeAll(keepingCapacity: true)
            state.withLockedValue { state in
                swap(&state.work, &batch)
                state.isStaffed = !batch.isEmpty
            }
            if batch.isEmpty { return }
            perform(batch)
        }
    }
}
