import Inventory
import Kernel
import Testing

@testable import Resources

@Suite("What time does to claims") struct RegistryTimeTests {
    private let told = Told()
    private var now: Timestamp { told.now }

    private func place(_ number: UInt8, _ key: String = "host") -> Claim.Place { .init(told.connection(number), key) }

    /// A registry that begins with what another one had stored.
    private func restarted(_ before: Registry, at now: Timestamp) -> Registry {
        let stored = before.claims.values.map { Claim(said: $0.said, resource: $0.resource, isHeard: false) }
        return Registry(
            org: told.org, claims: stored.sorted { $0.place < $1.place }, keys: before.changes.keys, now: now)
    }

    @Test("what is only shown again, with the time of old, stays silent with every look")
    func shownAgain() {
        var registry = told.registry()
        let guest = told.guest(1, 101, "web")
        registry.take(guest, now: now)
        for round in Int64(1)...30 {
            let at = now + .seconds(round * 10)
            registry.take(guest, now: at)
            #expect(registry.claim(at: guest.place)?.isStale == (round > 6), "taken after \(round * 10) s")
            registry.observeSilence(at: at)
            #expect(registry.claim(at: guest.place)?.isStale == (round > 6), "looked at after \(round * 10) s")
        }
        // Its node is back.
        let back = now + .seconds(400)
        registry.take(told.guest(1, 101, "web", at: back), now: back)
        #expect(registry.claim(at: guest.place)?.isStale == false)
    }

    @Test("a machine that was installed anew stays one after a restart, whatever else it tells of itself")
    func reinstalledBeforeRestart() {
        var before = told.registry()
        let id = before.take(told.agent(1, "db", machine: "m-old", dmi: "u", addresses: ["10.0.0.5"]), now: now)
        let later = now + .seconds(16 * 60)
        before.take(told.agent(3, "db", machine: "m-new", dmi: "u", addresses: ["10.0.0.5"], at: later), now: later)
        #expect(before.resource(of: place(3)) == id)

        let start = later + .seconds(10)
        var after = restarted(before, at: start)
        let soon = start + .seconds(10)
        let moved = told.agent(3, "db", machine: "m-new", dmi: "u", addresses: ["10.0.0.6"], at: soon)
        #expect(after.take(moved, now: soon) == id)
        #expect(after.claims(of: id).count == 2)

        // A rule about one of them and somebody else is no reason either.
        var ruled = restarted(before, at: start)
        var rules = IdentityRules()
        rules.add(.different, place(3), place(9))
        ruled.apply(rules, now: start)
        #expect(ruled.resource(of: place(3)) == id && ruled.resource(of: place(1)) == id)
    }

    @Test("a machine that was given up and comes back is itself again, also first thing after a restart")
    func backAfterRestart() {
        var before = told.registry()
        let id = before.take(told.agent(1, "db", machine: "m-old", dmi: "u"), now: now)
        let later = now + .seconds(16 * 60)
        before.take(told.agent(3, "db", machine: "m-new", dmi: "u", at: later), now: later)
        var after = restarted(before, at: later + .seconds(10))
        let soon = later + .seconds(20)
        let back = told.agent(1, "db", machine: "m-old", dmi: "u", addresses: ["10.0.0.9"], at: soon)
        #expect(after.take(back, now: soon) != id)
        #expect(after.resource(of: place(3)) == id)
    }

    @Test("what becomes another machine after a restart is another, though nobody else has spoken yet")
    func anotherAfterRestart() {
        var before = told.registry()
        let id = before.take(told.guest(1, 101, "web", dmi: "u-1"), now: now)
        before.take(told.agent(2, "web", machine: "m-1", dmi: "u-1"), now: now)
        before.take(told.agent(3, "web", machine: "m-1"), now: now)
        #expect(before.claims(of: id).count == 3)
        var after = restarted(before, at: now + .seconds(60))
        #expect(after.take(told.agent(2, "web", machine: "m-2", dmi: "u-1"), now: now + .seconds(60)) != id)
    }

    // MARK: Several machines under one name

    private func clone(_ number: Int, at: Timestamp? = nil) -> Observation {
        let tail = String(number + 4096, radix: 16)
        return told.agent(
            1, "clone-\(number)", machine: "m", dmi: "u-\(number)",
            macs: ["52:54:00:00:\(tail.prefix(2)):\(tail.suffix(2))"],
            at: at)
    }

    @Test("machines without end under one agent's name are kept up to a bound, and after a restart as well")
    func crowd() {
        var registry = told.registry()
        for number in 0..<200 {
            registry.take(clone(number, at: now + .seconds(Int64(number))), now: now + .seconds(200))
        }
        #expect(registry.claims.count == 17)
        var after = restarted(registry, at: now + .seconds(300))
        for number in 200..<400 { after.take(clone(number, at: now + .seconds(400)), now: now + .seconds(400)) }
        #expect(after.claims.count == 17)
    }

    @Test("a further machine that is silent for a day is gone, with what stood below it; the first one stays")
    func forgotten() throws {
        var registry = told.registry()
        let first = registry.take(clone(0), now: now)
        let second = registry.take(clone(1), now: now)
        let twin = try #require(registry.claims(of: second).first).place
        #expect(first != second && twin.key != "host")
        let container = Observation(
            connection: told.connection(1), source: .docker, type: .appContainer,
            key: "\(twin.key)/docker/container/web",
            scope: "\(twin.key)/docker/containers", parent: twin.key, name: "web", measuredAt: now, receivedAt: now)
        let below = registry.take(container, now: now)
        _ = registry.drain()
        registry.observeSilence(at: now + .seconds(86_000))
        #expect(registry.claims.count == 3)
        registry.observeSilence(at: now + .seconds(86_500))
        #expect(registry.claims.keys.map(\.key) == ["host"])
        #expect(registry.drain().removed == [second, below])
        // It comes back as what it was.
        let back = now + .seconds(90_000)
        #expect(registry.take(clone(1, at: back), now: back) == second)
    }

    @Test("a copy's older report is not taken for its original's") func olderThanTheOther() {
        var registry = told.registry()
        let copy = registry.take(clone(1), now: now)
        let original = registry.take(clone(2, at: now + .seconds(60)), now: now + .seconds(60))
        #expect(copy != original)
        #expect(registry.take(clone(1, at: now + .seconds(70)), now: now + .seconds(70)) == copy)
        #expect(registry.take(clone(2, at: now + .seconds(65)), now: now + .seconds(71)) == original)
    }

    @Test("numbers that a machine keeps inventing are not kept without end; those that it tells now are")
    func inventedNumbers() {
        var registry = told.registry()
        for number in 0..<5000 { registry.take(told.agent(1, "web", machine: "m", dmi: "u-\(number)"), now: now) }
        let keys = registry.changes.keys
        #expect(keys.count < 1000)
        #expect(keys[Evidence(.dmiUUID, "u-4999")] != nil && keys[Evidence(.machineID, "m")] != nil)
    }
}

extension Observation {
    fileprivate var place: Claim.Place { Claim.Place(connection, key) }
}
