/// How a node is at one moment.
struct NodeState: Sendable {
    var isOnline: Bool
    /// When it booted, or went down.
    var since: Double
    var name: String
}

/// A time in which a node is away; `end` is infinite while it is stopped by force.
struct Outage: Sendable {
    let start: Double
    let end: Double
}

/// Which of a node's times were bad: rare failures by themselves and what is forced.
struct NodeCourse: Sendable {
    let plan: NodePlan
    let isCalm: Bool
    let events: ForcedEvents

    /// The last outage that began at or before `time`.
    func lastOutage(at time: Double) -> Outage? {
        var forced: Outage?
        for (at, event) in events.node(plan.index, until: time) {
            switch event {
            case .stopNode where forced.map({ $0.end <= at }) ?? true: forced = Outage(start: at, end: .infinity)
            case .startNode where forced?.end == .infinity: forced = forced.map { Outage(start: $0.start, end: at) }
            default: break
            }
        }
        guard let own = ownOutage(at: time) else { return forced }
        guard let forced else { return own }
        return forced.end == .infinity || forced.start > own.start ? forced : own
    }

    func state(at time: Double) -> NodeState {
        var name = plan.name
        for (_, event) in events.node(plan.index, until: time) {
            if case .renameNode(_, let new) = event { name = new }
        }
        guard let outage = lastOutage(at: time) else {
            return NodeState(isOnline: true, since: firstBoot, name: name)
        }
        return time < outage.end
            ? NodeState(isOnline: false, since: outage.start, name: name)
            : NodeState(isOnline: true, since: outage.end, name: name)
    }

    /// Where nothing ever fails all nodes have been up since the spring of 2025.
    private var firstBoot: Double { (1_742_000_000 + plan.seed.fraction(.moment) * 2_000_000).rounded(.down) }

    /// Every 20 to 70 days for 3 to 20 minutes.
    private func ownOutage(at time: Double) -> Outage? {
        guard !isCalm else { return nil }
        let seed = plan.seed.child(.outage)
        let cycle = Cycle(period: seed.number(.outagePeriod, 20...70) * 86_400, seed: seed)
        let last = cycle.last(at: time)
        let length = seed.child(last.number).number(.outageLength, 180...1_200).rounded()
        return Outage(start: last.at, end: last.at + length)
    }
}
