import Kernel
import Tenancy
import Testing

/// Every state that can be reached, by every event: the machine is small enough to look at all of it.
@Suite struct OrganisationLifeTests {
    private static let start = Timestamp(seconds: 1_795_253_400)
    static let due = start + .seconds(30 * 86_400)

    static let events: [OrganisationLife.Event] =
        [.provisioned, .unsuspend, .requestDeletion(due: due), .restore, .erase(at: start), .erase(at: due)]
        + SuspensionReason.allCases.map { .suspend($0) }

    static let states: Set<OrganisationLife> = {
        var seen: Set<OrganisationLife> = [.provisioning]
        var open: [OrganisationLife] = [.provisioning]
        while let state = open.popLast() {
            for event in events {
                guard let next = try? state.step(event), seen.insert(next).inserted else { continue }
                open.append(next)
            }
        }
        return seen
    }()

    private func after(_ state: OrganisationLife, _ event: OrganisationLife.Event) -> OrganisationLife? {
        try? state.step(event)
    }

    @Test("the reachable states are these eight")
    func reachable() {
        let expected: Set<OrganisationLife> = [
            .provisioning, .active, .suspended(.billing), .suspended(.abuse), .deleted,
            .pendingDeletion(deleteAfter: Self.due, resuming: nil),
            .pendingDeletion(deleteAfter: Self.due, resuming: .billing),
            .pendingDeletion(deleteAfter: Self.due, resuming: .abuse),
        ]
        #expect(Self.states == expected)
    }

    @Test("nothing leaves deleted, and only what was pending and is due gets there")
    func deleted() {
        for event in Self.events { #expect(after(.deleted, event) == nil) }
        for state in Self.states {
            for event in Self.events where after(state, event) == .deleted {
                #expect(event == .erase(at: Self.due))
                guard case .pendingDeletion = state else { Issue.record("\(state) was erased"); return }
            }
        }
    }

    @Test("a suspension ends by being lifted and by nothing else, deletion and restoring included")
    func suspension() {
        for state in Self.states {
            for event in Self.events where event != .unsuspend {
                guard let reason = state.reason, let next = after(state, event), next != .deleted else { continue }
                #expect(next.reason == reason || (reason == .billing && next.reason == .abuse), "\(state) \(event)")
            }
        }
    }

    @Test("who is active asks, waits and comes back as they were")
    func wayBack() throws {
        for state in [OrganisationLife.active, .suspended(.billing), .suspended(.abuse)] {
            #expect(try state.step(.requestDeletion(due: Self.due)).step(.restore) == state)
        }
    }

    @Test("asking twice is refused, each with its own code")
    func twice() {
        let refusals: [(OrganisationLife, OrganisationLife.Event, String)] = [
            (.suspended(.abuse), .suspend(.abuse), "already_suspended"),
            (.suspended(.abuse), .suspend(.billing), "already_suspended"),
            (.active, .unsuspend, "not_suspended"),
            (
                .pendingDeletion(deleteAfter: Self.due, resuming: nil), .requestDeletion(due: Self.due),
                "already_pending_deletion"
            ),
            (.active, .restore, "not_pending_deletion"),
        ]
        for (state, event, code) in refusals {
            let refusal = #expect(throws: LifeRefusal.self) { try state.step(event) }
            #expect(refusal?.problem.code == code)
        }
    }
}

extension OrganisationLife {
    /// What it is suspended for, now or when it is restored.
    fileprivate var reason: SuspensionReason? {
        switch self {
        case .suspended(let reason): reason
        case .pendingDeletion(_, let reason): reason
        case .provisioning, .active, .deleted: nil
        }
    }
}
