import Inventory
import Kernel
import Testing

@testable import Resources

/// Claims as the sources of one estate make them.
struct Told {
    let now = Timestamp(seconds: 1_795_253_400)
    let org = OrgID(bytes: [UInt8](repeating: 7, count: 16))

    func connection(_ number: UInt8) -> ConnectionID { ConnectionID(bytes: [UInt8](repeating: number, count: 16)) }

    func agent(
        _ number: UInt8, _ name: String, machine: String? = nil, dmi: String? = nil, macs: [String] = [],
        addresses: [String] = [], disks: [String] = [], at: Timestamp? = nil
    ) -> Observation {
        var evidence = disks.map { Evidence(.hostDisk, $0) }
        if let machine { evidence.append(Evidence(.machineID, machine)) }
        evidence.append(Evidence(.agentID, "agent-\(number)"))
        if let dmi { evidence.append(Evidence(.dmiUUID, dmi)) }
        return Observation(
            connection: connection(number), source: .agent, type: .agent, key: "host", evidence: evidence, name: name,
            identity: ResourceIdentity(
                machineID: machine, dmiUUID: dmi, hostnames: [name], ipAddresses: addresses, macAddresses: macs),
            metrics: cpu(10), measuredAt: at ?? now, receivedAt: at ?? now)
    }

    func guest(
        _ number: UInt8, _ vmid: Int, _ name: String, instance: String = "pve:one", dmi: String? = nil,
        macs: [String] = [], type: ResourceType = .vm, at: Timestamp? = nil
    ) -> Observation {
        var evidence = [Evidence(.platformID, "\(instance)/guest/\(vmid)")]
        if let dmi { evidence.append(Evidence(.dmiUUID, dmi)) }
        return Observation(
            connection: connection(number), source: .proxmox, type: type, key: "guest/\(vmid)", scope: "guests",
            evidence: evidence, parent: "node/pve1", name: name,
            identity: ResourceIdentity(dmiUUID: dmi, hostnames: [name], macAddresses: macs), metrics: cpu(50),
            measuredAt: at ?? now, receivedAt: at ?? now)
    }

    private func cpu(_ percent: Double) -> ResourceMetrics {
        var metrics = ResourceMetrics()
        metrics.cpuPercent = percent
        return metrics
    }

    func registry() -> Registry { Registry(org: org, claims: [], keys: [:], now: now) }
}

@Suite("Which claims are of one thing") struct RegistryTests {
    private let told = Told()
    private var now: Timestamp { told.now }

    @Test("fact 10: a guest and the agent inside it are one by their hardware id, and the CPU is the hypervisor's")
    func guestWithAgent() {
        var registry = told.registry()
        let guest = registry.take(told.guest(1, 101, "web", dmi: "u-1"), now: now)
        let agent = registry.take(told.agent(2, "web-1", machine: "m-1", dmi: "u-1"), now: now)
        #expect(guest == agent)
        let record = ResourceMerge.record(guest, from: registry.claims(of: guest), now: now) { _ in nil }
        #expect(record.type == .vm)
        #expect(record.name == "web")
        #expect(record.sources.map(\.source) == [.proxmox, .agent])
        #expect(record.metrics.cpuPercent == 50)
    }

    @Test("disks of one number are one where their machine is one, and two in two machines")
    func disks() {
        func node(_ number: UInt8, _ instance: String) -> Observation {
            Observation(
                connection: told.connection(number), source: .proxmox, type: .agent, key: "node/pve1", scope: "nodes",
                evidence: [Evidence(.platformID, "pve:\(instance)/node/pve1")], name: "pve1", measuredAt: now,
                receivedAt: now)
        }
        func disk(_ number: UInt8) -> Observation {
            Observation(
                connection: told.connection(number), source: .proxmox, type: .physicalDisk, key: "disk/pve1/S1",
                scope: "disks/pve1", evidence: [Evidence(.diskSerial, "S1X7NX0J812345")], parent: "node/pve1",
                name: "SSD", measuredAt: now, receivedAt: now)
        }
        var registry = told.registry()
        for (number, instance) in [(1, "one"), (2, "one"), (3, "two")] as [(UInt8, String)] {
            registry.take(node(number, instance), now: now)
        }
        let found = [1, 2, 3].map { registry.take(disk(UInt8($0)), now: now) }
        #expect(found[0] == found[1] && found[0] != found[2])
        // Told again, nothing is made one after all.
        #expect([3, 1, 2].map { registry.take(disk(UInt8($0)), now: now) } == [found[2], found[0], found[0]])
    }

    @Test("a node and the agent on it are one by a disk and the host's name")
    func nodeWithAgent() {
        func node(_ name: String, _ disk: String) -> Observation {
            Observation(
                connection: told.connection(1), source: .proxmox, type: .agent, key: "node/\(name)", scope: "nodes",
                evidence: [
                    Evidence(.platformID, "pve:one/node/\(name)"), Evidence(.hostDisk, disk),
                    Evidence(.hostDisk, "s-2"),
                ],
                name: name, identity: ResourceIdentity(hostnames: [name]), measuredAt: now, receivedAt: now)
        }
        var registry = told.registry()
        let first = registry.take(node("pve1", "s-1"), now: now)
        // A storage system's disk, which the other node sees as well.
        let second = registry.take(node("pve2", "s-4"), now: now)
        #expect(
            registry.take(told.agent(2, "pve1.lan", machine: "m-1", disks: ["s-1", "s-2", "s-3"]), now: now) == first)
        #expect(registry.take(told.agent(3, "PVE2", machine: "m-2", disks: ["s-2", "s-4"]), now: now) == second)
        // A container that is shown them all.
        let inside = registry.take(told.agent(4, "ct", machine: "m-3", disks: ["s-1", "s-2"]), now: now)
        #expect(inside != first && inside != second)
        // By its place in a cluster, where its disks say nothing; two platforms of one name do not meet by that.
        let place = Evidence(clusterNode: "PVE3", in: "West")
        var (inWest, agent) = (node("pve3", "s-5"), told.agent(6, "pve3", machine: "m-5"))
        inWest.evidence.append(place)
        agent.evidence.append(Evidence(clusterNode: "pve3", in: "west"))
        let elsewhere = Observation(
            connection: told.connection(9), source: .proxmox, type: .agent, key: "node/pve3", scope: "nodes",
            evidence: [Evidence(.platformID, "pve:two/node/pve3"), place], name: "pve3",
            identity: inWest.identity, measuredAt: now, receivedAt: now)
        let third = registry.take(inWest, now: now)
        #expect(registry.take(elsewhere, now: now) != third)
        #expect(registry.take(agent, now: now) == third)
        // Another machine of that name.
        #expect(registry.take(told.agent(5, "pve1", machine: "m-4", disks: ["s-9"]), now: now) != first)
    }

    @Test("what is told after our clock was set back is so now; what only lagged behind is not")
    func setBack() {
        var registry = told.registry()
        let id = registry.take(told.agent(2, "before", machine: "m-1", at: now), now: now)
        let back = now - .seconds(3600)
        registry.take(told.agent(2, "after", machine: "m-1", at: back), now: back)
        #expect(registry.claims(of: id).map(\.said.name) == ["after"])
        registry.take(told.agent(2, "lagging", machine: "m-1", at: back - .seconds(1)), now: back)
        // Another process's clock is a little ahead of ours.
        registry.take(told.agent(2, "lagging", machine: "m-1", at: back - .seconds(1)), now: back - .seconds(2))
        #expect(registry.claims(of: id).map(\.said.name) == ["after"])
    }

    @Test("whatever comes first, the result is the same thing")
    func order() {
        let claims = [
            told.guest(1, 101, "web", dmi: "u-1"), told.agent(2, "web", machine: "m-1", dmi: "u-1"),
            told.guest(3, 101, "web", dmi: "u-1"),
        ]
        for shift in 0..<3 {
            var registry = told.registry()
            let ids = (0..<3).map { registry.take(claims[($0 + shift) % 3], now: now) }
            #expect(Set(ids.suffix(1)).count == 1)
            #expect(registry.claims(of: ids[2]).count == 3)
        }
    }

    @Test("a container's agent shows its host's hardware and is not its host")
    func containerOnHost() {
        var registry = told.registry()
        let host = registry.take(
            told.agent(1, "pve1", machine: "m-host", dmi: "u-host", macs: ["aa:00:00:00:00:01"]), now: now)
        let inside = registry.take(
            told.agent(2, "ct", machine: "m-ct", dmi: "u-host", macs: ["bc:24:11:00:00:02"]), now: now)
        let container = registry.take(
            told.guest(3, 200, "ct", macs: ["BC:24:11:00:00:02"], type: .systemContainer), now: now)
        #expect(host != inside)
        // Host name with a card: 0.9.
        #expect(inside == container || registry.drain().successions[inside] == container)
    }

    @Test("copies of one disk share a machine-id and are two")
    func clones() {
        var registry = told.registry()
        let first = registry.take(told.agent(1, "a", machine: "m", dmi: "u-1", macs: ["aa:00:00:00:00:01"]), now: now)
        let second = registry.take(told.agent(2, "b", machine: "m", dmi: "u-2", macs: ["aa:00:00:00:00:02"]), now: now)
        let third = registry.take(told.agent(3, "a", machine: "m", macs: ["aa:00:00:00:00:03"]), now: now)
        #expect(Set([first, second, third]).count == 3)
    }

    @Test("fact 11: a host name with an address is no proof, a card alone is none")
    func weak() {
        var registry = told.registry()
        let one = registry.take(
            told.agent(1, "db", machine: "m-1", macs: ["aa:00:00:00:00:01"], addresses: ["10.0.0.5"]), now: now)
        var other = told.guest(2, 7, "db")
        other.identity.ipAddresses = ["10.0.0.5"]
        #expect(registry.take(other, now: now) != one)
        #expect(registry.take(told.guest(2, 8, "else", macs: ["aa:00:00:00:00:01"]), now: now) != one)
        #expect(registry.take(told.guest(2, 9, "DB.example.org", macs: ["AA:00:00:00:00:01"]), now: now) == one)
    }

    @Test("two guests of one platform are two, whatever they share")
    func sameUUID() {
        var registry = told.registry()
        let first = registry.take(told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:00:00:00:00:01"]), now: now)
        let copy = registry.take(told.guest(1, 102, "web", dmi: "u-1", macs: ["bc:00:00:00:00:01"]), now: now)
        let elsewhere = registry.take(told.guest(2, 101, "web", dmi: "u-1"), now: now)
        #expect(first != copy)
        #expect(first == elsewhere)
        #expect(registry.take(told.guest(3, 101, "other", instance: "pve:two"), now: now) != first)
    }

    @Test("a machine that is installed anew stays itself once the old system is silent")
    func reinstalled() {
        var registry = told.registry()
        let before = registry.take(told.agent(1, "db", machine: "m-old", dmi: "u"), now: now)
        let soon = now + .seconds(60)
        let later = now + .seconds(16 * 60)
        #expect(registry.take(told.agent(2, "db", machine: "m-x", dmi: "u", at: soon), now: soon) != before)
        var second = told.registry()
        _ = second.take(told.agent(1, "db", machine: "m-old", dmi: "u"), now: now)
        #expect(second.take(told.agent(3, "db", machine: "m-new", dmi: "u", at: later), now: later) == before)
    }

    @Test("what is learned later makes two into one, and the old id leads to it")
    func union() throws {
        var registry = told.registry()
        let guest = registry.take(told.guest(1, 101, "web"), now: now)
        let agent = registry.take(told.agent(2, "web-1", machine: "m-1", dmi: "u-1"), now: now)
        #expect(guest != agent)
        _ = registry.drain()
        let now = now + .seconds(10)
        let both = registry.take(told.guest(1, 101, "web", dmi: "u-1", at: now), now: now)
        let changes = registry.drain()
        let gone = both == guest ? agent : guest
        #expect(changes.successions == [gone: both])
        #expect(changes.resources.contains(both))
        #expect(registry.claims(of: both).count == 2)
        #expect(registry.claims(of: gone).isEmpty)
    }

    @Test("a thing is gone when three complete lists leave it out, not when one does")
    func removal() {
        var registry = told.registry()
        let id = registry.take(told.guest(1, 101, "web"), now: now)
        let other = registry.take(told.guest(1, 102, "db"), now: now)
        _ = registry.drain()
        for turn in 1...2 {
            registry.close(scope: "guests", of: told.connection(1), told: ["guest/102"])
            #expect(registry.drain().removed.isEmpty, "after \(turn)")
        }
        // Told again in between: the count begins anew.
        registry.take(told.guest(1, 101, "web"), now: now)
        _ = registry.drain()
        for _ in 1...3 { registry.close(scope: "guests", of: told.connection(1), told: ["guest/102"]) }
        let changes = registry.drain()
        #expect(changes.removed == [id])
        #expect(changes.goneClaims == [Claim.Place(told.connection(1), "guest/101")])
        #expect(registry.claims(of: other).count == 1)
    }

    @Test("a disk is as ill as the worst that is said of it, anything else as well as the best")
    func worstOfDisk() throws {
        for (type, expected) in [(ResourceType.physicalDisk, ResourceStatus.offline), (.agent, .online)] {
            var registry = told.registry()
            var id: ResourceID?
            for (number, status) in [(UInt8(1), ResourceStatus.online), (2, .offline), (3, .unknown)] {
                let disk = Observation(
                    connection: told.connection(number), source: .proxmox, type: type, key: "disk",
                    evidence: [Evidence(.platformID, "one")], name: "disk", status: status, measuredAt: now,
                    receivedAt: now)
                id = registry.take(disk, now: now)
            }
            let found = try #require(id)
            #expect(registry.claims(of: found).count == 3)
            #expect(
                ResourceMerge.record(found, from: registry.claims(of: found), now: now) { _ in nil }.status == expected)
        }
    }

    @Test("fact 11: what is live counts before what ranks higher")
    func freshness() {
        var registry = told.registry()
        var node = told.guest(1, 1, "pve1", macs: ["aa:00:00:00:00:01"], type: .agent)
        node.evidence = [Evidence(.platformID, "pve:one/node/pve1")]
        _ = registry.take(node, now: now)
        let id = registry.take(told.agent(2, "pve1", machine: "m", macs: ["aa:00:00:00:00:01"]), now: now)
        #expect(ResourceMerge.record(id, from: registry.claims(of: id), now: now) { _ in nil }.metrics.cpuPercent == 10)
        let later = now + .seconds(120)
        var again = told.guest(1, 1, "pve1", macs: ["aa:00:00:00:00:01"], type: .agent, at: later)
        again.evidence = node.evidence
        _ = registry.take(again, now: later)
        registry.observeSilence(at: later)
        let record = ResourceMerge.record(id, from: registry.claims(of: id), now: later) { _ in nil }
        #expect(record.metrics.cpuPercent == 50)
        #expect(record.status == .online)
        #expect(record.sources.map(\.isStale) == [true, false])
    }

    @Test("a claim comes back from its row as it was")
    func codec() throws {
        var said = told.guest(1, 101, "web", dmi: "u-1", macs: ["bc:00:00:00:00:01"])
        said.tags = ["prod"]
        said.facts = [ResourceBlock("proxmox", json: Array(#"{"vmid":101}"#.utf8))]
        said.silence = .seconds(90)
        let back = try #require(
            ClaimCodec.decode(ClaimCodec.encode(said), at: Claim.Place(said.connection, said.key)))
        #expect(back.isToldLike(said))
        #expect(back.evidence == said.evidence)
        #expect(back.identity == said.identity)
        #expect(back.scope == "guests")
        #expect(ClaimCodec.decode([1, 2, 3], at: Claim.Place(said.connection, said.key)) == nil)
    }
}
