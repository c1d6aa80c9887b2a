import Kernel
import Testing

@testable import Monitoring

@Suite("The plan of polls") struct PollPlanTests {
    let now = Timestamp(seconds: 1_795_253_400)

    private func org(_ number: UInt8) -> OrgID { OrgID(bytes: [UInt8](repeating: number, count: 16)) }

    private func place(_ org: UInt8, _ connection: UInt8) -> PollPlan.Place {
        .init(org: self.org(org), connection: ConnectionID(bytes: [org] + [UInt8](repeating: connection, count: 15)))
    }

    @Test("what is due begins once, and not again before it has ended")
    func once() {
        var plan = PollPlan()
        plan.set(place(1, 1), dueAt: now)
        plan.set(place(1, 2), dueAt: now + .seconds(10))
        #expect(plan.begin(at: now).map(\.place) == [place(1, 1)])
        #expect(plan.begin(at: now + .seconds(5)).isEmpty)
        plan.ended(place(1, 1), dueAt: now + .seconds(10), lane: .healthy)
        #expect(Set(plan.begin(at: now + .seconds(10)).map(\.place)) == [place(1, 1), place(1, 2)])
    }

    @Test("organisations take turns however much one of them has waiting")
    func turns() {
        var plan = PollPlan(healthy: .init(width: 4, widthOfOne: 4))
        for number in 0..<100 { plan.set(place(1, UInt8(number)), dueAt: now) }
        plan.set(place(2, 1), dueAt: now + .seconds(1))
        let begun = plan.begin(at: now).map(\.place)
        #expect(begun.count == 4)
        for place in begun.prefix(2) { plan.ended(place, dueAt: now + .seconds(60), lane: .healthy) }
        // All of the first were due earlier, and yet the other's turn comes with the first two places.
        let next = plan.begin(at: now + .seconds(1)).map(\.place)
        #expect(next.count == 2)
        #expect(next.contains(place(2, 1)))
    }

    @Test("one organisation never holds the whole lane")
    func share() {
        var plan = PollPlan(healthy: .init(width: 10, widthOfOne: 3))
        for number in 0..<50 { plan.set(place(1, UInt8(number)), dueAt: now) }
        #expect(plan.begin(at: now).count == 3)
        plan.set(place(2, 1), dueAt: now)
        #expect(plan.begin(at: now).map(\.place) == [place(2, 1)])
    }

    @Test("what fails waits in a lane of its own")
    func lanes() {
        var plan = PollPlan(healthy: .init(width: 2, widthOfOne: 2), failing: .init(width: 1, widthOfOne: 1))
        for number in 0..<20 { plan.set(place(1, UInt8(number)), dueAt: now, lane: .failing) }
        #expect(plan.begin(at: now).count == 1)
        plan.set(place(1, 100), dueAt: now)
        #expect(plan.begin(at: now).map(\.place) == [place(1, 100)])
    }

    @Test("what is gone does not begin, and what is gone while it is asked leaves its place free")
    func removal() {
        var plan = PollPlan(healthy: .init(width: 1, widthOfOne: 1))
        plan.set(place(1, 1), dueAt: now)
        plan.set(place(1, 2), dueAt: now)
        let first = plan.begin(at: now).map(\.place)
        #expect(first == [place(1, 1)])
        plan.remove(place(1, 1))
        plan.remove(place(1, 2))
        plan.ended(place(1, 1), dueAt: nil, lane: .healthy)
        #expect(plan.count == 0)
        plan.set(place(1, 3), dueAt: now)
        #expect(plan.begin(at: now).map(\.place) == [place(1, 3)])
    }

    @Test("a time that was changed counts, the old one does not")
    func change() {
        var plan = PollPlan()
        plan.set(place(1, 1), dueAt: now)
        plan.set(place(1, 1), dueAt: now + .seconds(60))
        #expect(plan.begin(at: now + .seconds(30)).isEmpty)
        plan.set(place(1, 1), dueAt: now + .seconds(31))
        #expect(plan.begin(at: now + .seconds(31)).count == 1)
    }
}
