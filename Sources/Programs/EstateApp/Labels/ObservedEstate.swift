/// One organisation's machines over sixty days: its clusters from the model, machines beside them, and what goes wrong
/// with identities in real estates. Every trap leaves evidence in the claims by which a careful reader can tell.
struct ObservedEstate: Sendable {
    /// 2026-01-01T00:00:00Z and sixty days.
    static let begin = 1_767_225_600.0
    static let end = begin + 60 * 86_400

    let label: String
    let seed: Seed
    private(set) var plans: [ClusterPlan] = []
    private(set) var clusterNames: [String] = []
    /// Clusters that were connected twice, by two of their nodes.
    private(set) var doubled: Set<Int> = []
    private(set) var systems: [ObservedSystem] = []

    init(organisation: Int, count: Int, seed: Seed) {
        label = Estate.label(ofOrganisation: organisation)
        self.seed = seed.child(.organisation, organisation)
        addClusters(organisation, count)
        while systems.count < count { systems.append(metal(systems.count)) }
        age()
    }

    // MARK: What there is

    /// Four of five machines are nodes and guests of Proxmox VE, at most forty of one cluster.
    private mutating func addClusters(_ organisation: Int, _ count: Int) {
        let wanted = count * 4 / 5
        while wanted - systems.count >= 4 {
            let number = plans.count
            var shape = EstateShape()
            let nodes = ClusterPlan.nodeCount(seed.child(.cluster, number), shape)
            shape.guests = min(40, wanted - systems.count - nodes)
            guard shape.guests > 0 else { return }
            let plan = ClusterPlan(
                index: number, organisation: organisation, number: number, seed: seed.child(.cluster, number),
                shape: shape)
            // People give the clusters of one company different names; lone machines are called pve everywhere.
            let isTaken = !plan.isStandalone && clusterNames.contains(plan.name)
            plans.append(plan)
            clusterNames.append(isTaken ? "\(plan.name)-\(number + 1)" : plan.name)
            if !plan.isStandalone, plan.seed.chance(.doubled, 0.02) { doubled.insert(number) }
            add(plan, number)
        }
    }

    private mutating func add(_ plan: ClusterPlan, _ cluster: Int) {
        for node in plan.nodes { systems.append(self.node(node, plan, cluster)) }
        var made: [Int: ObservedSystem] = [:]
        for guest in plan.guests {
            var system = self.guest(guest, plan, cluster)
            if let original = guest.clonedFrom.flatMap({ made[$0] }) { inherit(from: original, guest, &system) }
            made[guest.vmid] = system
            systems.append(system)
        }
    }

    /// A copied disk brings along what agent and engine call themselves; most clones are enrolled anew.
    private func inherit(from original: ObservedSystem, _ guest: GuestPlan, _ system: inout ObservedSystem) {
        let isRestored = guest.hardware != guest.seed
        if isRestored {
            system.agentID = original.agentID
            system.engineID = original.engineID
        } else if system.agentID != nil, let copied = original.agentID, guest.seed.child(.cloned).chance(.agent, 0.3) {
            system.agentID = copied
        }
    }

    private func node(_ node: NodePlan, _ plan: ClusterPlan, _ cluster: Int) -> ObservedSystem {
        var system = ObservedSystem(
            trueID: Truth.id(ofNode: node, in: plan), kind: .node, seed: node.seed, born: Self.begin, gone: Self.end,
            hostnames: [(Self.begin, node.name)], machineIDs: [(Self.begin, node.machineID)],
            addresses: [(Self.begin, "\(plan.network).\(2 + node.index)")], macs: [(Self.begin, node.hardwareAddress)])
        system.places = [.init(since: Self.begin, cluster: cluster, node: node.index, vmid: nil)]
        system.hardwareID = firmware(node.seed, node.hardwareUUID)
        system.visibleHardwareID = system.hardwareID
        system.agentID =
            node.seed.chance(.agentInstalled, 0.4) ? "agent-" + node.seed.hex(.agentInstalled, digits: 16) : nil
        system.diskSerials = DiskPlan.all(of: node, ceph: plan.ceph).map(\.serial)
        return system
    }

    private func guest(_ guest: GuestPlan, _ plan: ClusterPlan, _ cluster: Int) -> ObservedSystem {
        let isVM = guest.kind == .qemu
        var system = ObservedSystem(
            trueID: Truth.id(ofGuest: guest, in: plan), kind: isVM ? .vm : .container, seed: guest.seed,
            born: Self.begin, gone: Self.end, hostnames: [(Self.begin, guest.name)],
            machineIDs: [(Self.begin, guest.machineID)], addresses: [(Self.begin, guest.address)],
            macs: [(Self.begin, guest.hardwareAddress)])
        system.places = [.init(since: Self.begin, cluster: cluster, node: guest.home, vmid: guest.vmid)]
        system.hardwareID = guest.hardwareUUID
        system.visibleHardwareID = guest.hardwareUUID
        if !isVM, guest.seed.chance(.privileged, 0.2) {
            system.visibleHardwareID = firmware(plan.nodes[guest.home].seed, plan.nodes[guest.home].hardwareUUID)
        }
        system.guestAgentAnswers = guest.agent == .present || guest.agent == .slow
        guard !guest.isWindows, !guest.isTemplate else { return system }
        // An appliance of some vendor, delivered with a machine id: the same in every organisation that runs it.
        if guest.seed.chance(.golden, 0.01) {
            let vendor = Seed(0).child(.golden, guest.seed.child(.golden).int(.model, 0...4))
            system.machineIDs = [(Self.begin, vendor.hex(.machine, digits: 32))]
        }
        if guest.seed.chance(.agentInstalled, isVM ? 0.5 : 0.25) {
            system.agentID = "agent-" + guest.seed.hex(.agentInstalled, digits: 16)
        }
        if guest.seed.chance(.docker, isVM ? 0.15 : 0.05) { system.engineID = guest.seed.uuid(.docker) }
        return system
    }

    /// A machine beside the clusters. Sites reuse one network: the third of them has the addresses of the first.
    private func metal(_ index: Int) -> ObservedSystem {
        let seed = seed.child(.metal, index)
        let names = ["ubuntu", "debian", "server", "nas", "docker01", "localhost"]
        let name = seed.chance(.name, 0.1) ? seed.pick(.role, names) : "\(seed.pick(.role, GuestPlan.roles))-m\(index)"
        var system = ObservedSystem(
            trueID: Truth.id([label, "metal", "\(index)"]), kind: .metal, seed: seed, born: Self.begin, gone: Self.end,
            hostnames: [(Self.begin, name)], machineIDs: [(Self.begin, seed.hex(.machine, digits: 32))],
            addresses: [(Self.begin, "192.168.\(seed.pick(.subnet, [0, 1, 50])).\(200 + index % 16)")],
            macs: [
                (
                    Self.begin,
                    HardwareAddress.text(seed, vendor: seed.pick(.model, ["a8:a1:59", "d8:3a:dd", "3c:ec:ef"]))
                )
            ])
        system.hardwareID = firmware(seed, seed.uuid(.hardware))
        system.visibleHardwareID = system.hardwareID
        let hasEngine = seed.chance(.docker, 0.4)
        if hasEngine { system.engineID = seed.uuid(.docker) }
        // Somebody has to see it.
        if !hasEngine || seed.chance(.agentInstalled, 0.8) {
            system.agentID = "agent-" + seed.hex(.agentInstalled, digits: 16)
        }
        system.diskSerials = [DiskPlan(device: "/dev/sda", kind: .ssd, seed: seed, size: 0, use: "").serial]
        return system
    }

    /// Three boards in a hundred say what the manufacturer forgot to fill in, the same on all of them.
    private func firmware(_ seed: Seed, _ own: String) -> String {
        guard seed.chance(.placeholder, 0.03) else { return own }
        return seed.child(.placeholder).pick(
            .model,
            [
                "03000200-0400-0500-0006-000700080009", "00000000-0000-0000-0000-000000000000",
                "ffffffff-ffff-ffff-ffff-ffffffffffff",
            ])
    }

    // MARK: What happens

    private mutating func age() {
        for index in systems.indices {
            rename(index)
            reinstall(index)
            readdress(index)
            migrate(index)
        }
        reuseNumbers()
        moveBetweenClusters()
    }

    private func moment(_ seed: Seed, _ trait: Trait) -> Double {
        (Self.begin + seed.child(trait).number(.moment, 5...55) * 86_400).rounded(.down)
    }

    private mutating func rename(_ index: Int) {
        let seed = systems[index].seed
        guard systems[index].kind != .node, seed.child(.renaming).chance(.shift, 0.04) else { return }
        systems[index].hostnames.append((moment(seed, .renaming), systems[index].hostnames[0].name + "-v2"))
    }

    /// The same machine with another installation: another machine id, the same board and the same network card.
    private mutating func reinstall(_ index: Int) {
        let seed = systems[index].seed
        guard systems[index].machineIDs[0].id != nil, seed.chance(.reinstalled, 0.02) else { return }
        let time = moment(seed, .reinstalled)
        systems[index].machineIDs.append((time, seed.child(.reinstalled).hex(.machine, digits: 32)))
        // The agent goes with the disk and is installed again.
        if systems[index].agentID != nil, seed.child(.reinstalled).chance(.agent, 0.5) {
            systems[index].agentID = "agent-" + seed.child(.reinstalled).hex(.agentInstalled, digits: 16)
        }
    }

    /// DHCP: one machine in ten gets an address that another one of the organisation had.
    private mutating func readdress(_ index: Int) {
        let seed = systems[index].seed
        if systems[index].kind != .node, seed.child(.subnet).chance(.shift, 0.1) {
            let other = systems[seed.child(.subnet).int(.site, 0...systems.count - 1)]
            systems[index].addresses.append((moment(seed, .subnet), other.addresses[0].address))
        }
        guard systems[index].kind == .metal, seed.child(.hardwareAddress).chance(.shift, 0.01) else { return }
        systems[index].macs.append(
            (moment(seed, .hardwareAddress), HardwareAddress.text(seed.child(.hardwareAddress), vendor: "00:1b:21")))
    }

    private mutating func migrate(_ index: Int) {
        guard let place = systems[index].places.first, let vmid = place.vmid else { return }
        let seed = systems[index].seed
        let nodes = plans[place.cluster].nodes.count
        guard nodes > 1, seed.child(.migration).chance(.shift, 0.2) else { return }
        systems[index].places.append(
            .init(
                since: moment(seed, .migration), cluster: place.cluster,
                node: (place.node + 1 + seed.child(.migration).int(.home, 0...nodes - 2)) % nodes, vmid: vmid))
    }

    /// One guest in 250 is deleted, and a day later another one is made under its number.
    private mutating func reuseNumbers() {
        for index in systems.indices {
            let seed = systems[index].seed
            guard seed.chance(.reused, 0.004), let place = systems[index].places.first, place.vmid != nil,
                systems[index].places.count == 1,
                let successor = systems.indices.dropFirst(index + 1).first(where: { other in
                    systems[other].places.count == 1 && systems[other].places[0].cluster == place.cluster
                        && systems[other].kind == systems[index].kind && systems[other].born == Self.begin
                        && systems[other].gone == Self.end
                })
            else { continue }
            let time = moment(seed, .reused)
            systems[index].gone = time
            systems[successor].born = time + 86_400
            systems[successor].places = [
                .init(
                    since: time + 86_400, cluster: place.cluster, node: systems[successor].places[0].node,
                    vmid: place.vmid)
            ]
        }
    }

    /// One guest in 200 goes to another cluster of its organisation: number and instance change, the machine does not.
    private mutating func moveBetweenClusters() {
        guard plans.count > 1 else { return }
        for index in systems.indices {
            let seed = systems[index].seed
            guard seed.chance(.moved, 0.005), systems[index].places.count == 1, let place = systems[index].places.first,
                let vmid = place.vmid, systems[index].born == Self.begin, systems[index].gone == Self.end
            else { continue }
            let cluster = (place.cluster + 1) % plans.count
            systems[index].places.append(
                .init(
                    since: moment(seed, .moved), cluster: cluster,
                    node: seed.child(.moved).int(.home, 0...plans[cluster].nodes.count - 1), vmid: 10_000 + vmid))
        }
    }
}
