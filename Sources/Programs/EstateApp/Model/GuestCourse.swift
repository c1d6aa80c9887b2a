/// How a guest is at one moment.
struct GuestState: Sendable {
    enum Power: Sendable {
        case running, stopped
        /// Its node does not answer.
        case unknown
    }

    var node: Int
    var power: Power
    /// When its present process began, or when it stopped. Arriving at another node is a new process, too: counters and
    /// uptime begin again.
    var since: Double
    var name: String
}

/// Where a guest is and since when it runs, from its habits, its node's failures and what is forced.
struct GuestCourse: Sendable {
    let plan: GuestPlan
    let cluster: ClusterPlan
    let events: ForcedEvents

    /// HA fences a lost node before it starts its guests elsewhere.
    static let fencing = 120.0
    /// From a node's boot until its guests run.
    static let autostart = 60.0

    /// `nil` once it is deleted.
    func state(at time: Double) -> GuestState? {
        let forced = events.guest(plan.vmid, until: time)
        if forced.contains(where: { if case .delete = $0.event { true } else { false } }) { return nil }
        var state = stay(at: time, forced)
        state.name = name(at: time, forced)
        state.since = max(state.since, lastReboot(at: time))
        endure(time, &state)
        keepHabit(time, &state)
        obey(forced, &state)
        return state
    }

    private func stay(at time: Double, _ forced: ArraySlice<(at: Double, event: ForcedEvent)>) -> GuestState {
        for (at, event) in forced.reversed() {
            if case .migrate(_, let node) = event {
                return GuestState(node: node, power: .running, since: at, name: "")
            }
        }
        guard plan.isMovable, !cluster.isCalm else {
            return GuestState(node: plan.home, power: .running, since: -.infinity, name: "")
        }
        let seed = plan.seed.child(.migration)
        let last = Cycle(period: seed.number(.migrationPeriod, 4...40) * 3600, seed: seed).last(at: time)
        let node = (plan.home + abs(last.number)) % cluster.nodes.count
        return GuestState(node: node, power: .running, since: last.at, name: "")
    }

    private func name(at time: Double, _ forced: ArraySlice<(at: Double, event: ForcedEvent)>) -> String {
        for (_, event) in forced.reversed() {
            if case .rename(_, let name) = event { return name }
        }
        // One guest in 25 gets another name every month or two.
        let seed = plan.seed.child(.renaming)
        guard !cluster.isCalm, !plan.isTemplate, seed.chance(.renaming, 0.04) else { return plan.name }
        let number = Cycle(period: seed.number(.renamePeriod, 30...60) * 86_400, seed: seed).last(at: time).number
        return number % 2 == 0 ? plan.name : "\(plan.name)-new"
    }

    private func lastReboot(at time: Double) -> Double {
        let seed = plan.seed.child(.reboot)
        // Calm guests have run since before anybody asks.
        guard !cluster.isCalm else { return (1_745_000_000 + seed.fraction(.moment) * 2_000_000).rounded(.down) }
        return Cycle(period: seed.number(.rebootPeriod, 3...45) * 86_400, seed: seed).last(at: time).at
    }

    /// What the failure of its node does to it.
    private func endure(_ time: Double, _ state: inout GuestState) {
        let node = cluster.nodes[state.node]
        guard let outage = NodeCourse(plan: node, isCalm: cluster.isCalm, events: events).lastOutage(at: time),
            outage.end > state.since
        else { return }
        if plan.isHighlyAvailable, outage.start >= state.since {
            guard time >= outage.start + Self.fencing else { return state.power = .unknown }
            state.node = (state.node + 1) % cluster.nodes.count
            state.since = outage.start + Self.fencing
            let next = NodeCourse(plan: cluster.nodes[state.node], isCalm: cluster.isCalm, events: events)
            if !next.state(at: time).isOnline { state.power = .unknown }
            return
        }
        if time < outage.end {
            state.power = .unknown
            state.since = outage.start
        } else if time < outage.end + Self.autostart {
            state.power = .stopped
            state.since = outage.start
        } else {
            state.since = max(state.since, outage.end + Self.autostart)
        }
    }

    /// Office machines run on UTC weekdays from 7 to 19 o'clock.
    private func keepHabit(_ time: Double, _ state: inout GuestState) {
        guard plan.habit != .always, state.power != .unknown else { return }
        let day = (time / 86_400).rounded(.down)
        let second = time - day * 86_400
        // 1970-01-01 was a Thursday.
        let isWeekday = (Int(day) + 3) % 7 < 5
        if plan.habit == .office, isWeekday, second >= 25_200, second < 68_400 {
            state.since = max(state.since, day * 86_400 + 25_200)
        } else {
            state.power = .stopped
            state.since = day * 86_400
        }
    }

    private func obey(_ forced: ArraySlice<(at: Double, event: ForcedEvent)>, _ state: inout GuestState) {
        for (at, event) in forced where state.power != .unknown {
            switch event {
            case .stop: (state.power, state.since) = (.stopped, at)
            case .start where state.power == .stopped && !plan.isTemplate: (state.power, state.since) = (.running, at)
            case .reboot where state.power == .running: state.since = max(state.since, at)
            default: break
            }
        }
    }
}
