import JSONKit

/// What one source says of a system at one moment: no more than that source can know, spelled as it spells it.
struct ObservationClaims {
    enum Source: String, CaseIterable, Sendable { case pve, agent, docker }

    let system: ObservedSystem
    let estate: ObservedEstate
    let source: Source
    let time: Double
    /// Drawn anew for each observation.
    let seed: Seed
    /// Configuration and guest agent were read too, not just the list of guests.
    let isDetailed: Bool

    func write(_ json: inout JSONWriter) {
        switch source {
        case .pve where system.kind == .node: node(&json)
        case .pve: guest(&json)
        case .agent: agent(&json)
        case .docker: docker(&json)
        }
    }

    private func connection(_ place: ObservedSystem.Place) -> String {
        let label = "pve-\(estate.plans[place.cluster].label)"
        return estate.doubled.contains(place.cluster) && seed.chance(.doubled, 0.4) ? "\(label)-second" : label
    }

    private func node(_ json: inout JSONWriter) {
        guard let place = system.place(at: time) else { return }
        let instance = connection(place)
        let name = system.hostname(at: time)
        json.member("type", "node")
        json.member("sourceId", "\(instance):\(name)")
        json.member("instance", instance)
        cluster(place, &json)
        json.member("node", name)
        json.member("hostname", name)
        json.member("addresses", [system.address(at: time)])
        if isDetailed { json.member("diskSerials", system.diskSerials) }
    }

    private func guest(_ json: inout JSONWriter) {
        guard let place = system.place(at: time), let vmid = place.vmid else { return }
        let instance = connection(place)
        let node = estate.plans[place.cluster].nodes[place.node].name
        let name = system.hostname(at: time)
        json.member("type", system.kind == .vm ? "qemu" : "lxc")
        json.member("sourceId", "\(instance):\(node):\(vmid)")
        json.member("instance", instance)
        cluster(place, &json)
        json.member("node", node)
        json.member("vmid", vmid)
        // What people call it in Proxmox VE follows a renaming only sometimes.
        json.member("name", system.seed.chance(.renaming, 0.5) ? name : system.hostnames[0].name)
        guard isDetailed else { return }
        if system.kind == .vm { json.member("dmiUuid", system.hardwareID) }
        let mac = system.mac(at: time)
        if system.kind == .container {
            json.member("hostname", name)
            json.member("macs", [mac.uppercased()])
            if seed.chance(.detail, 0.8) { json.member("addresses", ["\(system.address(at: time))/24"]) }
        } else if system.guestAgentAnswers {
            json.member("hostname", name)
            json.member("macs", [mac])
            json.member("addresses", [system.address(at: time)] + (system.engineID == nil ? [] : ["172.17.0.1"]))
        } else {
            json.member("macs", [mac.uppercased()])
        }
    }

    private func cluster(_ place: ObservedSystem.Place, _ json: inout JSONWriter) {
        guard !estate.plans[place.cluster].isStandalone else { return }
        json.member("cluster", estate.clusterNames[place.cluster])
    }

    private func agent(_ json: inout JSONWriter) {
        json.member("type", "host")
        json.member("sourceId", system.agentID)
        json.member("hostname", spelled(system.hostname(at: time)))
        json.member("machineId", system.machineID(at: time))
        // An agent that is not root cannot read the board's id nor ask disks for their number.
        let isRoot = !system.seed.chance(.nonRoot, 0.1)
        if isRoot, let id = system.visibleHardwareID {
            json.member("dmiUuid", system.seed.chance(.letterCase, 0.3) ? id.uppercased() : id)
            if !system.diskSerials.isEmpty { json.member("diskSerials", system.diskSerials) }
        }
        json.member(
            "addresses", ["127.0.0.1", system.address(at: time)] + (system.engineID == nil ? [] : ["172.17.0.1"]))
        var macs = [system.mac(at: time)]
        if system.engineID != nil { macs.append(bridge) }
        // Two routers that share an address share its MAC as well.
        if system.seed.chance(.bridge, 0.02) { macs.append("00:00:5e:00:01:01") }
        json.member("macs", macs)
        if system.kind == .container { json.member("insideLxc", true) }
        guard system.kind == .node, isRoot, let place = system.place(at: time) else { return }
        cluster(place, &json)
        json.member("node", system.hostname(at: time))
    }

    private func docker(_ json: inout JSONWriter) {
        json.member("type", "host")
        json.member("sourceId", system.engineID)
        json.member("hostname", system.hostname(at: time))
        json.member("machineId", system.machineID(at: time))
        // From within a container of its own it does not see the host's network; another agent sees that.
        if system.agentID != nil, system.seed.child(.docker).chance(.detail, 0.1) { return }
        json.member("addresses", [system.address(at: time), "172.17.0.1"])
        json.member("macs", [system.mac(at: time), bridge])
    }

    /// Docker's own bridge.
    private var bridge: String { HardwareAddress.text(system.seed.child(.docker), vendor: "02:42:ac") }

    /// Three agents in ten know their full name, a few shout it.
    private func spelled(_ name: String) -> String {
        let full =
            system.seed.chance(.qualified, 0.3)
            ? "\(name).\(system.seed.pick(.domain, ["lan", "example.net", "local"]))" : name
        return system.seed.child(.qualified).chance(.letterCase, 0.05) ? full.uppercased() : full
    }
}
