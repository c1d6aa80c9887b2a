import Bus
import Kernel
import Testing

@Suite struct LocalBusTests {
    let subject = Subject.deltas(of: OrgID.new(at: SystemTime().now))

    @Test("every subscriber of the subject gets each message in order, others get none") func delivers() async {
        let bus = LocalBus()
        let first = bus.subscribe(to: subject, capacity: 8)
        let second = bus.subscribe(to: subject, capacity: 8)
        let other = bus.subscribe(to: .reports(shard: 1), capacity: 8)
        for number: UInt8 in 1...3 { bus.publish([number], to: subject) }
        for subscription in [first, second] {
            subscription.cancel()
            var heard: [Subscription.Message] = []
            for await message in subscription { heard.append(message) }
            #expect(heard == [.payload([1]), .payload([2]), .payload([3])])
        }
        other.cancel()
        for await message in other { Issue.record("heard \(message)") }
    }

    @Test("a subscriber that is too slow is told that it lost something") func loss() async {
        let bus = LocalBus()
        let slow = bus.subscribe(to: subject, capacity: 2)
        for number: UInt8 in 1...5 { bus.publish([number], to: subject) }
        slow.cancel()
        var heard: [Subscription.Message] = []
        for await message in slow { heard.append(message) }
        #expect(heard.contains(.lost))
        #expect(heard.last == .payload([5]))
    }

    @Test("a subscription that ended is forgotten") func ends() async {
        let bus = LocalBus()
        let subscription = bus.subscribe(to: subject, capacity: 2)
        #expect(bus.listeners(of: subject) == 1)
        subscription.cancel()
        #expect(bus.listeners(of: subject) == 0)
    }
}
