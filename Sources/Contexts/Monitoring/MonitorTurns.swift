import DequeModule
import Kernel

/// Which monitor works next. Pure: it is told who has something to do, what time it is and who has ended.
///
/// Each works when a place is free, in the order of asking; nobody waits for another one to end. Those whose configuration
/// has changed have a queue of their own, and both queues take turns: neither can starve the other.
struct MonitorTurns {
    /// At work at once: each flush is one pipelined transaction on a shared connection.
    static let width = 64
    /// Who has not ended by then waits for something (a lock, a key's provider, a large inventory), and gives its place to
    /// others. It goes on beside them.
    static let slowAfter: Duration = .seconds(2)
    /// So many at most go on beside the others: 64 + 192 = 256 at work in all.
    static let slowWidth = 192

    private struct Line {
        var order: Deque<OrgID> = []
        var members: Set<OrgID> = []

        mutating func append(_ org: OrgID) {
            if members.insert(org).inserted { order.append(org) }
        }

        mutating func popFirst() -> OrgID? {
            guard let org = order.popFirst() else { return nil }
            members.remove(org)
            return org
        }
    }

    private var changed = Line()
    private var others = Line()
    private var isTurnOfOthers = false
    /// Since when.
    private var atWork: [OrgID: Duration] = [:]
    private var slow: Set<OrgID> = []
    /// Their configuration has changed since they began: they work again as soon as they have ended.
    private var again: Set<OrgID> = []

    var working: Int { atWork.count }

    /// Something to do. One that is at work has to ask again after it has ended.
    mutating func want(_ org: OrgID) {
        guard atWork[org] == nil else { return }
        others.append(org)
    }

    /// The configuration is another.
    mutating func wantSoon(_ org: OrgID) {
        if atWork[org] == nil { changed.append(org) } else { again.insert(org) }
    }

    /// Time has passed: those that take long make room.
    mutating func observe(_ now: Duration) {
        for (org, since) in atWork where now - since >= Self.slowAfter && slow.count < Self.slowWidth {
            slow.insert(org)
        }
    }

    /// - Returns: who begins now; `nil` when there is no place or nobody to begin.
    mutating func next(at now: Duration) -> OrgID? {
        while atWork.count - slow.count < Self.width {
            let first = isTurnOfOthers ? others.popFirst() : changed.popFirst()
            guard let org = first ?? (isTurnOfOthers ? changed.popFirst() : others.popFirst()) else { return nil }
            isTurnOfOthers.toggle()
            // It was in both queues, and is doing already what it asked for.
            guard atWork[org] == nil else { continue }
            atWork[org] = now
            return org
        }
        return nil
    }

    mutating func ended(_ org: OrgID) {
        atWork[org] = nil
        slow.remove(org)
        if again.remove(org) != nil { changed.append(org) }
    }
}
