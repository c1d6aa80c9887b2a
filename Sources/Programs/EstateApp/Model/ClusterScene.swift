/// A cluster at one moment. Everything a face says comes from here, so that its answers agree with one another.
package struct ClusterScene: Sendable {
    let plan: ClusterPlan
    let events: ForcedEvents
    /// Unix seconds.
    let now: Double
    let nodes: [NodeState]

    init(_ plan: ClusterPlan, events: ForcedEvents = ForcedEvents(), at now: Double) {
        self.plan = plan
        self.events = events
        self.now = now
        nodes = plan.nodes.map { NodeCourse(plan: $0, isCalm: plan.isCalm, events: events).state(at: now) }
    }

    func course(ofNode node: Int) -> NodeCourse {
        NodeCourse(plan: plan.nodes[node], isCalm: plan.isCalm, events: events)
    }

    func course(ofGuest guest: GuestPlan) -> GuestCourse { GuestCourse(plan: guest, cluster: plan, events: events) }

    func state(of guest: GuestPlan) -> GuestState? { course(ofGuest: guest).state(at: now) }

    /// Guests that exist, in the order of their numbers.
    func guests(onNode node: Int? = nil) -> [(plan: GuestPlan, state: GuestState)] {
        plan.guests.compactMap { guest in
            guard let state = state(of: guest), node == nil || state.node == node else { return nil }
            return (guest, state)
        }
    }

    func node(named name: String) -> Int? { nodes.firstIndex { $0.name == name } }

    /// vmid minus 100 is the index.
    func guest(_ vmid: Int) -> (plan: GuestPlan, state: GuestState)? {
        guard plan.guests.indices.contains(vmid - 100), let state = state(of: plan.guests[vmid - 100]) else {
            return nil
        }
        return (plan.guests[vmid - 100], state)
    }

    /// Most of the nodes are there.
    var isQuorate: Bool { nodes.count { $0.isOnline } * 2 > nodes.count }

    /// Bytes that have passed since the guest's process began.
    func counter(_ curve: Curve, of state: GuestState) -> Int64 {
        state.power == .running ? Int64(curve.area(from: state.since, to: now)) : 0
    }

    func uptime(of state: GuestState) -> Int64 { state.power == .running ? Int64(now - state.since) : 0 }
    func uptime(ofNode node: Int) -> Int64 { nodes[node].isOnline ? Int64(now - nodes[node].since) : 0 }
}
