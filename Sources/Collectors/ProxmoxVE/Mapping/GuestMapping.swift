internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel

extension ProxmoxMapping {
    func guest(_ guest: GuestKnowledge, _ replication: [ReplicationJob]) -> Observation {
        let row = guest.row
        let isVM = row.kind == .qemu
        var evidence = platformID("guest/\(row.vmid)")
        if let uuid = guest.config?.systemUUID { evidence.append(Evidence(.dmiUUID, uuid)) }
        var observation = observation(
            isVM ? .vm : .systemContainer, "\(isVM ? "qemu" : "lxc")/\(row.vmid)", scope: "guests",
            name: row.name.isEmpty ? guest.config?.name ?? "\(row.vmid)" : row.name, evidence: evidence,
            parent: "node/\(row.node)", status: Self.status(ofGuest: row.status),
            seenAt: guest.isCarried ? guest.seenAt : nil)
        observation.identity = identity(of: guest)
        observation.tags = Self.tags(row.tags)
        observation.facts = [facts(of: guest)]
        observation.live = [live(of: guest, replication)]
        guard row.status != "unknown" else { return observation }
        measure(guest, &observation)
        return observation
    }

    private func measure(_ guest: GuestKnowledge, _ observation: inout Observation) {
        let row = guest.row
        observation.metrics.cpuPercent = guest.isRunning ? Self.percent(row.cpu) : 0
        observation.metrics.memory = Self.usage(guest.memory)
        observation.metrics.disk = guest.disk(at: now).flatMap { Self.usage($0.used, of: $0.total) }
        observation.metrics.netIn = guest.rates.netIn
        observation.metrics.netOut = guest.rates.netOut
        observation.metrics.diskRead = guest.rates.diskRead
        observation.metrics.diskWrite = guest.rates.diskWrite
        observation.uptimeSeconds = guest.isRunning ? row.uptime : nil
        // Shown again while its node is away, it was not measured.
        if !guest.isCarried { observation.samples = Self.samples(observation.metrics) }
    }

    private static func status(ofGuest status: String) -> ResourceStatus {
        switch status {
        case "running", "online": .online
        case "stopped", "offline", "paused": .offline
        default: .unknown
        }
    }

    private func identity(of guest: GuestKnowledge) -> ResourceIdentity {
        let name = guest.row.name.isEmpty ? guest.config?.name : guest.row.name
        return ResourceIdentity(
            dmiUUID: guest.config?.systemUUID, hostnames: name.map { [$0] } ?? [], ipAddresses: guest.told.addresses,
            macAddresses: guest.told.cards, clusterNames: clusterNames)
    }

    private func facts(of guest: GuestKnowledge) -> ResourceBlock {
        let (row, config) = (guest.row, guest.config)
        return Self.block("proxmox") { writer in
            writer.member("kind", row.kind == .qemu ? "qemu" : "lxc")
            writer.member("vmid", row.vmid)
            writer.member("node", row.node)
            writer.member("instance", instance)
            writer.member("cluster", known.status?.name)
            writer.member("pool", row.pool)
            writer.member("cpus", row.maxCPU.flatMap { Int64(cutting: $0) })
            writer.member("memoryBytes", row.maxMem)
            writer.member("diskBytes", row.maxDisk)
            writer.member("osName", guest.system?.name)
            writer.member("osVersion", guest.system?.version)
            writer.member("kernel", guest.system?.kernel)
            writer.member("osType", config?.osType)
            writer.member("machine", config?.machine)
            writer.member("onBoot", config?.startsOnBoot)
            writer.member("unprivileged", config?.isUnprivileged)
            writer.member("template", false)
            writer.member("agentEnabled", row.kind == .qemu ? config?.isAgentEnabled : nil)
            writer.member("agentVersion", guest.agentVersion)
            let colours = Self.colours(row.tags, known.tagStyle)
            if !colours.isEmpty {
                writer.object("tagColours") { writer in
                    for (tag, colour) in colours { writer.member(tag, colour) }
                }
            }
            if config != nil {
                writer.key("disks")
                writer.raw(guest.told.disks)
                writer.key("networks")
                writer.raw(guest.told.networks)
            }
        }
    }

    private func live(of guest: GuestKnowledge, _ replication: [ReplicationJob]) -> ResourceBlock {
        let row = guest.row
        return Self.block("proxmoxStatus") { writer in
            writer.member("status", row.status)
            writer.member("lock", row.lock)
            writer.member("haState", row.haState ?? guest.status?.haState)
            Self.write(guest.memory, to: &writer)
            writer.member("balloonBytes", guest.status?.balloon.flatMap { $0 > 0 ? Int64(fitting: $0) : nil })
            writer.member("diskReason", guest.diskReason(at: now))
            if !guest.files.isEmpty {
                writer.key("filesystems")
                writer.raw(guest.told.files)
            }
            if !guest.interfaces.isEmpty {
                writer.key("interfaces")
                writer.raw(guest.told.interfaces)
            }
            if let snapshots = guest.snapshots {
                writer.object("snapshots") { writer in
                    writer.member("count", snapshots.count)
                    writer.moment("newestAt", snapshots.newest)
                }
            }
            if let archive = known.archive(of: row.vmid) {
                writer.object("backups") { writer in
                    writer.member("count", archive.count)
                    writer.moment("newestAt", archive.newest)
                }
            }
            if !replication.isEmpty { writer.array("replication") { Self.write(replication, to: &$0) } }
        }
    }

    private static func write(_ jobs: [ReplicationJob], to writer: inout JSONWriter) {
        for job in jobs.sorted(by: { $0.id < $1.id }) {
            writer.object { writer in
                writer.member("id", job.id)
                writer.member("target", job.target)
                writer.member("schedule", job.schedule)
                writer.moment("lastSyncAt", job.lastSync)
                writer.moment("nextSyncAt", job.nextSync)
                writer.member("durationSeconds", job.seconds, decimals: 3)
                writer.member("failures", job.failures)
                writer.member("error", job.error)
            }
        }
    }
}
