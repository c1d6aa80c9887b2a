import Inventory

/// The last deltas of an organisation, without a gap. Pure.
struct DeltaRing {
    /// A minute of a busy organisation (four a second) and more of others: a reader that was away longer loads anew.
    static let capacity = 256

    private var messages: [(head: OrgHead, message: LiveMessage)] = []

    enum Step {
        case next
        /// Known already.
        case old
        /// Something between the last delta and this one was not heard.
        case gap
    }

    /// Adds the next delta.
    mutating func add(_ delta: Delta, _ message: LiveMessage) -> Step {
        let step = step(to: delta.head)
        switch step {
        case .old: return .old
        case .gap: messages.removeAll()
        case .next: if messages.count == Self.capacity { messages.removeFirst() }
        }
        // What says nothing cannot be resumed over.
        if case .reload = delta.body { messages.removeAll() } else { messages.append((delta.head, message)) }
        return step
    }

    private func step(to head: OrgHead) -> Step {
        // The first that is heard connects to whatever a reader has loaded: readers compare numbers themselves.
        guard let last = messages.last?.head else { return .next }
        if head <= last { return .old }
        return head.epoch == last.epoch && head.seq == last.seq + 1 ? .next : .gap
    }

    mutating func forget() { messages.removeAll() }

    /// What a reader that has `head` is missing; `nil` when that is not known here.
    func missed(since head: OrgHead) -> [LiveMessage]? {
        guard let first = messages.first?.head else { return nil }
        // The delta after `head` must be here, or nothing must come after it.
        // `head` is what a stranger wrote, any number: nothing is added to it.
        guard head.epoch == first.epoch, head.seq >= first.seq - 1, let last = messages.last?.head, head.seq <= last.seq
        else { return nil }
        return messages.filter { $0.head > head }.map(\.message)
    }
}
