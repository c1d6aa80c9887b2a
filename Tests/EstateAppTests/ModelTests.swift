import Testing

@testable import EstateApp

@Suite struct ModelTests {
    @Test("the same seed and the same time give the same bytes, whatever was asked before")
    func determinism() {
        let (first, second) = (EstateFixture(), EstateFixture())
        _ = second.reply("/nodes", at: EstateFixture.noon - 99_999)
        for path in ["/cluster/resources", "/cluster/status", "/storage", "/cluster/replication", "/cluster/tasks"] {
            #expect(first.reply(path).body == second.reply(path).body)
        }
        #expect(EstateFixture(seed: 2).reply("/cluster/resources").body != first.reply("/cluster/resources").body)
    }

    @Test("a cluster is the same in a small and in a large estate")
    func independence() {
        var large = EstateShape()
        large.organisations = 500
        large.guests = 40
        large.nodes = 3
        large.releases = .nine
        #expect(Estate(large).cluster(0).guests.map(\.name) == EstateFixture().plan.guests.map(\.name))
    }

    @Test("counters and uptime only grow while a guest's process lives, and begin again at zero with the next one")
    func counters() {
        let fixture = EstateFixture(guests: 60)
        var resets = 0
        for guest in fixture.plan.guests where !guest.isTemplate {
            var last: (since: Double, bytes: Int64, uptime: Int64)?
            for step in 0..<400 {
                let scene = fixture.scene(at: EstateFixture.noon + Double(step) * 3600)
                guard let state = scene.state(of: guest), state.power == .running else { continue }
                let bytes = scene.counter(guest.networkIn, of: state)
                let uptime = scene.uptime(of: state)
                if let last, last.since == state.since {
                    #expect(bytes > last.bytes && uptime > last.uptime)
                } else if last != nil {
                    resets += 1
                    #expect(uptime <= 3600 * 24 * 60)
                }
                #expect(bytes >= 0 && uptime >= 0)
                last = (state.since, bytes, uptime)
            }
        }
        #expect(resets > 10)
    }

    @Test("in a calm estate nothing moves, restarts or is renamed")
    func calm() {
        let fixture = EstateFixture(isCalm: true)
        for guest in fixture.plan.guests where guest.habit != .office {
            let states = (0..<60).compactMap {
                fixture.scene(at: EstateFixture.noon + Double($0) * 86_400).state(of: guest)
            }
            #expect(Set(states.map(\.node)).count == 1)
            #expect(Set(states.map(\.name)) == [guest.name])
            if guest.habit == .always { #expect(Set(states.map(\.since)).count == 1) }
        }
    }

    @Test("a lively estate migrates, fails and renames within two months")
    func lively() {
        let fixture = EstateFixture(guests: 80)
        let scenes = (0..<24 * 60).map { fixture.scene(at: EstateFixture.noon + Double($0) * 3600) }
        let movers = fixture.plan.guests.filter { guest in
            Set(scenes.compactMap { $0.state(of: guest)?.node }).count > 1
        }
        let renamed = fixture.plan.guests.filter { guest in
            Set(scenes.compactMap { $0.state(of: guest)?.name }).count > 1
        }
        #expect(!movers.isEmpty && !renamed.isEmpty)
        for node in fixture.plan.nodes {
            #expect(fixture.scene().course(ofNode: node.index).lastOutage(at: EstateFixture.noon) != nil)
        }
    }

    @Test("a node that is stopped takes its guests with it, except those that high availability saves")
    func outage() throws {
        var fixture = EstateFixture(guests: 120, isCalm: true)
        let before = fixture.scene().guests(onNode: 0).filter { $0.state.power == .running }
        fixture.events.add(.stopNode(0), at: EstateFixture.noon)
        let after = fixture.scene(at: EstateFixture.noon + 300)
        for guest in before {
            let state = try #require(after.state(of: guest.plan))
            #expect(state.power == (guest.plan.isHighlyAvailable ? .running : .unknown))
            #expect((state.node != 0) == guest.plan.isHighlyAvailable)
        }
        fixture.events.add(.startNode(0), at: EstateFixture.noon + 400)
        let healed = fixture.scene(at: EstateFixture.noon + 1000)
        for guest in before where !guest.plan.isHighlyAvailable {
            let state = try #require(healed.state(of: guest.plan))
            #expect(state.power == .running && state.since == EstateFixture.noon + 460)
        }
    }

    @Test("clones share machine ids, restored copies hardware ids too, and networks repeat between organisations")
    func traps() {
        var shape = EstateShape()
        shape.organisations = 40
        let plans = (0..<40).map(Estate(shape).cluster)
        let guests = plans.flatMap(\.guests)
        let clones = guests.filter { $0.clonedFrom != nil && $0.machineID != nil }
        #expect(clones.count > 30)
        for plan in plans {
            for guest in plan.guests {
                guard let original = guest.clonedFrom.flatMap({ vmid in plan.guests.first { $0.vmid == vmid } }) else {
                    continue
                }
                #expect(original.machine == guest.machine && original.hardwareAddress != guest.hardwareAddress)
            }
        }
        #expect(guests.contains { $0.clonedFrom != nil && $0.hardware != $0.seed })
        #expect(Set(guests.map(\.address)).count < guests.count / 2)
    }
}
