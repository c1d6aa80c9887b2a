import JSONKit

/// `/nodes/{node}/qemu` and `/nodes/{node}/lxc`: lists, states, configurations, snapshots.
enum PVEGuestAnswers {
    static let routes =
        both(.qemu) + both(.lxc) + [
            PVERoute("nodes/{node}/lxc/{vmid}/interfaces") { call, json throws(PVEError) in try interfaces(call, &json)
            }
        ]

    private static func both(_ kind: GuestPlan.Kind) -> [PVERoute] {
        let base = "nodes/{node}/\(kind.rawValue)"
        return [
            PVERoute(base, ["full"]) { call, json throws(PVEError) in
                let node = try call.node()
                json.array { json in
                    for guest in call.scene.guests(onNode: node) where guest.plan.kind == kind {
                        json.object { listed(guest.plan, guest.state, call, &$0) }
                    }
                }
            },
            PVERoute("\(base)/{vmid}") { call, json throws(PVEError) in
                _ = try call.guest(kind)
                json.array { json in
                    for name in ["config", "status", "snapshot", "rrddata", kind == .qemu ? "agent" : "interfaces"] {
                        json.object { $0.member("subdir", name) }
                    }
                }
            },
            PVERoute("\(base)/{vmid}/status/current") { call, json throws(PVEError) in
                let guest = try call.guest(kind)
                json.object { current(guest.plan, guest.state, call, &$0) }
            },
            PVERoute("\(base)/{vmid}/config", ["current", "snapshot"]) { call, json throws(PVEError) in
                let guest = try call.guest(kind)
                json.object { PVEGuestConfig.write(guest.plan, guest.state, call, &$0) }
            },
            PVERoute("\(base)/{vmid}/snapshot") { call, json throws(PVEError) in
                let guest = try call.guest(kind)
                json.array { snapshots(of: guest.plan, guest.state, call, &$0) }
            },
        ]
    }

    /// A guest in `/cluster/resources`.
    static func resource(
        _ guest: GuestPlan, _ state: GuestState, isLocked: Bool, _ call: PVECall, _ json: inout JSONWriter
    ) {
        json.member("id", "\(guest.kind.rawValue)/\(guest.vmid)")
        json.member("type", guest.kind.rawValue)
        json.member("vmid", guest.vmid)
        json.member("node", call.scene.nodes[state.node].name)
        json.member("name", state.name)
        json.flag("template", guest.isTemplate)
        json.member("status", word(state.power))
        if !guest.tags.isEmpty { json.member("tags", guest.tags.joined(separator: ";")) }
        json.member("pool", guest.pool)
        if guest.isHighlyAvailable { json.member("hastate", state.power == .stopped ? "stopped" : "started") }
        if isLocked { json.member("lock", "backup") }
        guard state.power != .unknown else { return }
        json.member("maxcpu", guest.cores)
        json.member("maxmem", guest.memory)
        json.member("maxdisk", guest.disk)
        measures(guest, state, call, &json)
        if call.release.isNine, guest.kind == .qemu { json.member("memhost", memory(guest, state, call.scene)) }
    }

    /// What moves, in all three views of a guest. A container knows its disk, a VM does not: 0.
    private static func measures(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        let scene = call.scene
        let isRunning = state.power == .running
        json.member("cpu", isRunning ? guest.cpu.value(at: scene.now) : 0)
        json.member("mem", memory(guest, state, scene))
        json.member("disk", guest.kind == .lxc && isRunning ? guest.diskUse(at: scene.now) : 0)
        json.member("uptime", scene.uptime(of: state))
        json.member("netin", scene.counter(guest.networkIn, of: state))
        json.member("netout", scene.counter(guest.networkOut, of: state))
        json.member("diskread", scene.counter(guest.reads, of: state))
        json.member("diskwrite", scene.counter(guest.writes, of: state))
    }

    private static func memory(_ guest: GuestPlan, _ state: GuestState, _ scene: ClusterScene) -> Int64 {
        state.power == .running ? Int64(Double(guest.memory) * guest.memoryUse.value(at: scene.now)) : 0
    }

    private static func word(_ power: GuestState.Power) -> String {
        switch power {
        case .running: "running"
        case .stopped: "stopped"
        case .unknown: "unknown"
        }
    }

    /// A guest in its node's list. Containers come with numbers as text from some versions.
    private static func listed(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        if guest.kind == .lxc, !call.release.isNine {
            json.member("vmid", "\(guest.vmid)")
            json.member("cpus", "\(guest.cores)")
            json.member("type", "lxc")
        } else {
            json.member("vmid", guest.vmid)
            json.member("cpus", guest.cores)
            if guest.kind == .lxc { json.member("type", "lxc") }
        }
        json.member("name", state.name)
        json.member("status", word(state.power))
        json.member("maxmem", guest.memory)
        json.member("maxdisk", guest.disk)
        if guest.isTemplate { json.member("template", 1) }
        if !guest.tags.isEmpty { json.member("tags", guest.tags.joined(separator: ";")) }
        if guest.kind == .lxc {
            json.member("swap", Int64(0))
            json.member("maxswap", guest.memory / 2)
        } else if state.power == .running {
            json.member("pid", guest.seed.int(.process, 1000...900_000))
        }
        measures(guest, state, call, &json)
    }

    private static func current(_ guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        json.member("vmid", guest.vmid)
        json.member("name", state.name)
        json.member("status", word(state.power))
        json.member("cpus", guest.cores)
        json.member("maxmem", guest.memory)
        json.member("maxdisk", guest.disk)
        if guest.isTemplate { json.member("template", 1) }
        if !guest.tags.isEmpty { json.member("tags", guest.tags.joined(separator: ";")) }
        if Backups(call.scene).lockedGuests().contains(guest.vmid) { json.member("lock", "backup") }
        json.object("ha") { json in
            json.flag("managed", guest.isHighlyAvailable)
            if guest.isHighlyAvailable { json.member("state", state.power == .stopped ? "stopped" : "started") }
        }
        measures(guest, state, call, &json)
        guard guest.kind == .qemu else {
            json.member("type", "lxc")
            json.member("swap", Int64(0))
            json.member("maxswap", guest.memory / 2)
            return
        }
        json.member("qmpstatus", word(state.power))
        agent(of: guest, state, call, &json)
        guard state.power == .running else { return }
        json.member("pid", guest.seed.int(.process, 1000...900_000))
        json.member("running-machine", "pc-q35-9.0+pve0")
        json.member("running-qemu", call.release.isNine ? "10.1.2" : "9.0.2")
        if call.release.isNine { json.member("memhost", memory(guest, state, call.scene)) }
        balloon(of: guest, call, &json)
        blocks(of: guest, state, call, &json)
    }

    private static func agent(of guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        guard guest.agent != .disabled else { return }
        guard call.release.tellsAgentAsObject else { return json.member("agent", 1) }
        json.object("agent") { json in
            json.member("enabled", 1)
            json.flag("available", guest.agent != .missing && state.power == .running)
        }
    }

    /// The balloon driver of Linux counts caches as used. Windows here has none: its free memory is not known.
    private static func balloon(of guest: GuestPlan, _ call: PVECall, _ json: inout JSONWriter) {
        json.member("balloon", guest.memory)
        guard !guest.isWindows else { return }
        let memory = GuestMemory(guest, at: call.scene.now)
        json.member("freemem", memory.free)
        json.object("ballooninfo") { json in
            json.member("actual", guest.memory)
            json.member("max_mem", guest.memory)
            json.member("total_mem", memory.total)
            json.member("free_mem", memory.free)
            json.member("last_update", Int64(call.scene.now))
            json.member("mem_swapped_in", Int64(0))
            json.member("mem_swapped_out", Int64(0))
            json.member("major_page_faults", Int64(call.scene.now) % 100_000)
        }
    }

    private static func blocks(of guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        json.object("blockstat") { json in
            json.object("scsi0") { json in
                let read = call.scene.counter(guest.reads, of: state)
                let written = call.scene.counter(guest.writes, of: state)
                json.member("rd_bytes", read)
                json.member("wr_bytes", written)
                json.member("rd_operations", read / 16_384)
                json.member("wr_operations", written / 8_192)
                json.member("failed_rd_operations", Int64(0))
                json.member("failed_wr_operations", Int64(0))
            }
        }
        json.object("nics") { json in
            json.object("tap\(guest.vmid)i0") { json in
                json.member("netin", call.scene.counter(guest.networkIn, of: state))
                json.member("netout", call.scene.counter(guest.networkOut, of: state))
            }
        }
    }

    private static func snapshots(of guest: GuestPlan, _ state: GuestState, _ call: PVECall, _ json: inout JSONWriter) {
        var parent: String?
        for index in 0..<guest.snapshots {
            let name = ["before-update", "monthly", "clean"][index]
            json.object { json in
                json.member("name", name)
                json.member("description", "taken by hand\n")
                // Oldest first; the last one a few days ago.
                let age = Double(guest.snapshots - index) * 9 + guest.seed.child(.snapshot, index).fraction(.moment) * 5
                let day = (call.scene.now / 2_592_000).rounded(.down) * 2_592_000
                json.member("snaptime", Int64(day - age * 86_400))
                if guest.kind == .qemu { json.member("vmstate", 0) }
                json.member("parent", parent)
            }
            parent = name
        }
        json.object { json in
            json.member("name", "current")
            json.member("description", "You are here!")
            json.member("digest", guest.seed.hex(.options, digits: 40))
            if guest.kind == .qemu { json.flag("running", state.power == .running) }
            json.member("parent", parent)
        }
    }

    private static func interfaces(_ call: PVECall, _ json: inout JSONWriter) throws(PVEError) {
        let guest = try call.guest(.lxc)
        guard guest.state.power == .running else { return json.null() }
        json.array { json in
            json.object { json in
                json.member("name", "lo")
                json.member("hwaddr", "00:00:00:00:00:00")
                json.member("inet", "127.0.0.1/8")
                json.member("inet6", "::1/128")
            }
            json.object { json in
                json.member("name", "eth0")
                json.member("hwaddr", guest.plan.hardwareAddress)
                json.member("inet", "\(guest.plan.address)/24")
                guard call.release.isNine else { return }
                json.member("hardware-address", guest.plan.hardwareAddress)
                json.array("ip-addresses") { json in
                    json.object { json in
                        json.member("ip-address", guest.plan.address)
                        json.member("ip-address-type", "inet")
                        json.member("prefix", "24")
                    }
                }
            }
        }
    }
}

/// Where a guest's memory goes, seen from within; agrees with what the hypervisor says of it.
struct GuestMemory {
    let total: Int64
    /// Empty.
    let free: Int64
    let cached: Int64
    let available: Int64

    init(_ guest: GuestPlan, at time: Double) {
        total = guest.memory
        let used = Int64(Double(guest.memory) * guest.memoryUse.value(at: time))
        free = total - used
        cached = guest.isWindows ? 0 : Int64(Double(used) * guest.cacheShare)
        available = free + cached / 20 * 19
    }
}
