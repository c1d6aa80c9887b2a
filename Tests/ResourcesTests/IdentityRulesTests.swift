import Inventory
import Kernel
import Testing

@testable import Resources

@Suite("What people say about identity") struct IdentityRulesTests {
    private let told = Told()
    private var now: Timestamp { told.now }

    private func place(_ number: UInt8, _ key: String = "host") -> Claim.Place { .init(told.connection(number), key) }

    private func rules(_ all: (IdentityRules.Kind, Claim.Place, Claim.Place)...) -> IdentityRules {
        all.reduce(into: IdentityRules()) { $0.add($1.0, $1.1, $1.2) }
    }

    /// Case 75: an exclusion beats the same machine-id, in whichever order they speak.
    @Test("two that show one machine-id are two when somebody says so", arguments: [false, true])
    func exclusionBeatsEvidence(isReversed: Bool) {
        var registry = told.registry()
        registry.apply(rules((.different, place(1), place(2))), now: now)
        let both = [told.agent(1, "web", machine: "m-1"), told.agent(2, "web", machine: "m-1")]
        let ids = (isReversed ? both.reversed() : both).map { registry.take($0, now: now) }
        #expect(Set(ids).count == 2)
        // And they stay two, whatever is said again.
        for said in both { registry.take(said, now: now) }
        #expect(Set([place(1), place(2)].compactMap { registry.resource(of: $0) }).count == 2)
    }

    @Test("what was one comes apart: the first keeps its id and links") func takenApart() throws {
        var registry = told.registry()
        let one = registry.take(told.agent(1, "web", machine: "m-1"), now: now)
        #expect(registry.take(told.agent(2, "web", machine: "m-1"), now: now) == one)
        _ = registry.drain()
        registry.apply(rules((.different, place(1), place(2))), now: now)
        let (first, second) = (
            try #require(registry.resource(of: place(1))), try #require(registry.resource(of: place(2)))
        )
        #expect(first != second)
        #expect([first, second].contains(one))
        let changes = registry.drain()
        #expect(changes.resources == [first, second])
        #expect(changes.claims.isSubset(of: [place(1), place(2)]) && !changes.claims.isEmpty)
        #expect(changes.removed.isEmpty && changes.successions.isEmpty)
        #expect(Set(changes.revived) == Set([first, second]).subtracting([one]))

        // Evidence decides again once the rule is taken back.
        registry.apply(IdentityRules(), now: now)
        #expect(registry.resource(of: place(1)) == registry.resource(of: place(2)))
        #expect(registry.drain().successions.count == 1)
    }

    @Test(
        "what comes apart has the id again that it had before it was made one, and its keys", arguments: [false, true])
    func formerID(isReversed: Bool) {
        var registry = told.registry()
        let guestPlace = place(isReversed ? 9 : 1, "guest/101")
        let guest = registry.take(told.guest(isReversed ? 9 : 1, 101, "web", macs: ["bc:24:11:00:00:01"]), now: now)
        let agent = registry.take(told.agent(2, "intranet", machine: "m-1"), now: now)
        registry.apply(rules((.same, guestPlace, place(2))), now: now)
        let changes = registry.drain()
        let (gone, kept) = (changes.successions.first?.key, changes.successions.first?.value)
        #expect(Set([gone, kept]) == [guest, agent])
        #expect(changes.revived.isEmpty)

        registry.apply(IdentityRules(), now: now)
        #expect(registry.resource(of: guestPlace) == guest)
        #expect(registry.resource(of: place(2)) == agent)
        let apart = registry.drain()
        #expect(apart.revived == [gone] && apart.successions.isEmpty && apart.removed.isEmpty)
        #expect(apart.resources == [guest, agent])
        // The machine-id is the agent's again: whoever shows it is of the agent's machine.
        #expect(registry.take(told.agent(3, "intranet", machine: "m-1"), now: now) == agent)
    }

    @Test("who founded a resource keeps it, whichever of the two was named") func founderStays() {
        for number in [1, 9] as [UInt8] {
            var registry = told.registry()
            let agent = registry.take(told.agent(5, "web", machine: "m-1", dmi: "u-1"), now: now)
            #expect(registry.take(told.guest(number, 101, "web", dmi: "u-1"), now: now) == agent)
            registry.apply(rules((.different, place(5), place(number, "guest/101"))), now: now)
            #expect(registry.resource(of: place(5)) == agent)
            #expect(registry.resource(of: place(number, "guest/101")) != agent)
        }
    }

    @Test("two that nothing makes one are one when somebody says so, whatever speaks against it") func linked() {
        var registry = told.registry()
        let guest = registry.take(told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:24:11:00:00:01"]), now: now)
        let agent = registry.take(
            told.agent(2, "intranet", machine: "m-1", dmi: "u-2", macs: ["52:54:00:00:00:09"]), now: now)
        #expect(guest != agent)
        _ = registry.drain()
        registry.apply(rules((.same, place(1, "guest/101"), place(2))), now: now)
        let one = registry.resource(of: place(2))
        #expect(one == registry.resource(of: place(1, "guest/101")))
        #expect(registry.drain().successions.count == 1)
        // They stay one with each report, also one that tells more of itself.
        registry.take(told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:24:11:00:00:02"]), now: now)
        registry.take(told.agent(2, "intranet", machine: "m-1", dmi: "u-3", macs: ["52:54:00:00:00:09"]), now: now)
        #expect(registry.resource(of: place(1, "guest/101")) == one)
        #expect(registry.resource(of: place(2)) == one)

        registry.apply(IdentityRules(), now: now)
        #expect(registry.resource(of: place(1, "guest/101")) != registry.resource(of: place(2)))
    }

    /// A guest of the old machine, linked with an agent by hand.
    private func linkedGuest(_ registry: inout Registry) -> (guest: ResourceID?, agent: ResourceID) {
        registry.take(
            told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:24:11:00:00:01"]), now: now)
        let agent = registry.take(told.agent(2, "intranet", machine: "m-1", macs: ["52:54:00:00:00:09"]), now: now)
        registry.apply(rules((.same, place(1, "guest/101"), place(2))), now: now)
        return (registry.resource(of: place(1, "guest/101")), agent)
    }

    private var another: Observation {
        told.guest(1, 101, "mail", dmi: "u-9", macs: ["bc:24:11:00:00:77"], at: now + .seconds(20))
    }

    @Test("a link is about the guest that it was made for, not about another one under its number") func outlived() {
        var registry = told.registry()
        let (linked, _) = linkedGuest(&registry)
        #expect(linked == registry.resource(of: place(2)))
        let mail = registry.take(another, now: now + .seconds(20))
        #expect(mail != registry.resource(of: place(2)))
        // Also when the rules are read again before they are gone from storage.
        registry.apply(rules((.same, place(1, "guest/101"), place(2))), now: now + .seconds(21))
        #expect(registry.resource(of: place(1, "guest/101")) == mail)
        #expect(registry.resource(of: place(2)) != mail)
        // The number leads to the guest that has it now, whoever else tells of that.
        #expect(registry.take(told.guest(4, 101, "mail"), now: now + .seconds(22)) == mail)
    }

    @Test("so is an exclusion, and a link to a guest that was missed for a while first") func outlivedInSteps() {
        var registry = told.registry()
        registry.take(told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:24:11:00:00:01"]), now: now)
        registry.apply(rules((.different, place(1, "guest/101"), place(2))), now: now)
        let mail = registry.take(another, now: now + .seconds(20))
        let inside = told.agent(2, "mail", machine: "m-9", dmi: "u-9", macs: ["bc:24:11:00:00:77"])
        #expect(registry.take(inside, now: now + .seconds(21)) == mail)

        var second = told.registry()
        _ = linkedGuest(&second)
        for _ in 1...3 { second.close(scope: "guests", of: told.connection(1), told: []) }
        #expect(second.resource(of: place(1, "guest/101")) == nil)
        #expect(second.take(another, now: now + .seconds(60)) != second.resource(of: place(2)))
    }

    @Test("who was missed for a while and is the same is linked as before") func missed() {
        var registry = told.registry()
        let (linked, _) = linkedGuest(&registry)
        for _ in 1...3 { registry.close(scope: "guests", of: told.connection(1), told: []) }
        let back = told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:24:11:00:00:01"], at: now + .seconds(60))
        #expect(registry.take(back, now: now + .seconds(60)) == linked)
        #expect(registry.resource(of: place(2)) == linked)
    }

    @Test("a link waits for the one that has not spoken yet") func linkedBefore() {
        var registry = told.registry()
        registry.apply(rules((.same, place(1, "guest/101"), place(2))), now: now)
        let guest = registry.take(told.guest(1, 101, "web"), now: now)
        #expect(registry.take(told.agent(2, "intranet", machine: "m-1"), now: now) == guest)
    }

    @Test("what is not mentioned by a rule is left alone") func others() {
        var registry = told.registry()
        let other = registry.take(told.agent(3, "db", machine: "m-3"), now: now)
        registry.take(told.agent(1, "web", machine: "m-1"), now: now)
        registry.take(told.agent(2, "web", machine: "m-1"), now: now)
        _ = registry.drain()
        registry.apply(rules((.different, place(1), place(2))), now: now)
        #expect(!registry.drain().resources.contains(other))
        #expect(registry.resource(of: place(3)) == other)
    }

    @Test("ids after a restart are those of before") func restart() throws {
        let rules = rules((.different, place(1), place(2)))
        var first = told.registry()
        first.take(told.agent(1, "web", machine: "m-1"), now: now)
        first.take(told.agent(2, "web", machine: "m-1"), now: now)
        first.apply(rules, now: now)
        let stored = [place(1), place(2)].compactMap { first.claim(at: $0) }
        var second = Registry(org: told.org, claims: stored, keys: first.drain().keys, now: now)
        second.apply(rules, now: now)
        for number in [2, 1] as [UInt8] {
            let id = second.take(told.agent(number, "web", machine: "m-1"), now: now)
            #expect(id == first.resource(of: place(number)))
        }
    }
}

@Suite("How many systems there are") struct MonitoredSystemsTests {
    private let told = Told()

    private typealias Row = (
        id: ResourceID, name: String, type: ResourceType, status: ResourceStatus, claims: [Claim]
    )

    private func row(
        _ number: UInt8, _ said: Observation..., type: ResourceType = .agent, status: ResourceStatus = .online
    ) -> Row {
        let id = ResourceID(bytes: [UInt8](repeating: number, count: 16))
        return (id, said[0].name, type, status, said.map { Claim(said: $0, resource: id, isHeard: false) })
    }

    private func node(_ number: UInt8, _ name: String, addresses: [String] = []) -> Observation {
        Observation(
            connection: told.connection(number), source: .proxmox, type: .agent, key: "node/\(name)",
            evidence: [Evidence(.machineID, "m-\(number)")], name: name,
            identity: ResourceIdentity(hostnames: [name], ipAddresses: addresses), measuredAt: told.now,
            receivedAt: told.now)
    }

    @Test("fact 13: what runs on a system or belongs to it does not count") func guests() {
        let rows = [row(1, node(1, "pve1")), row(2, told.guest(1, 101, "web"), type: .vm)]
        #expect(MonitoredSystems(rows).systems.map(\.name) == ["pve1"])
        #expect(
            MonitoredSystems(rows).systems[0].reasons == [.init(kind: "standalone", signal: "single-top-level-view")])
    }

    @Test("a node and the agent on it are one, and it says why") func sameIdentity() {
        let systems = MonitoredSystems([row(1, node(1, "pve1"), told.agent(2, "pve1", machine: "m-1"))]).systems
        #expect(systems.count == 1)
        #expect(systems[0].kind == .proxmoxNode)
        #expect(systems[0].reasons == [.init(kind: "shared-identity", signal: "machine-id")])
        #expect(systems[0].surfaces.map(\.source) == ["proxmox", "agent"])
    }

    @Test("a lesser view is attached to the one greater that has its full name or its address") func attached() {
        let named = MonitoredSystems([row(1, node(1, "pve1.lan")), row(2, told.agent(2, "PVE1.lan"))]).systems
        #expect(named.count == 1)
        #expect(named[0].reasons == [.init(kind: "exact-host-attachment", signal: "exact-host")])
        #expect(named[0].resources.count == 2)
        let addressed = MonitoredSystems([
            row(1, node(1, "pve1", addresses: ["10.0.0.1"])), row(2, told.agent(2, "host", addresses: ["10.0.0.1"])),
        ]).systems
        #expect(addressed.map(\.reasons) == [[.init(kind: "exact-ip-attachment", signal: "exact-ip")]])
    }

    @Test("never to one of two, never between equals, never by a loopback") func unattached() {
        let twice = [row(1, node(1, "pve1")), row(2, node(2, "pve1")), row(3, told.agent(3, "pve1"))]
        #expect(MonitoredSystems(twice).systems.count == 3)
        #expect(MonitoredSystems([row(1, told.agent(1, "web")), row(2, told.agent(2, "web"))]).systems.count == 2)
        let loopback = [
            row(1, node(1, "pve1", addresses: ["127.0.0.1"])), row(2, told.agent(2, "host", addresses: ["127.0.0.1"])),
        ]
        #expect(MonitoredSystems(loopback).systems.count == 2)
    }

    @Test("a system is as well as the worst of its views") func status() {
        let rows = [row(1, node(1, "pve1")), row(2, told.agent(2, "pve1"), status: .offline)]
        #expect(MonitoredSystems(rows).systems.map(\.status) == [.offline])
    }
}
