internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel

extension ProxmoxMapping {
    func node(_ node: NodeKnowledge, _ member: ClusterStatus.Member?) -> Observation {
        let name = node.row.node
        let isShown = node.isOnline || known.isInGrace(name, at: now)
        var observation = observation(
            .agent, "node/\(name)", scope: "nodes", name: name,
            evidence: platformID("node/\(name)") + hardware(of: node),
            parent: nil,
            status: isShown ? .online : .offline, seenAt: node.isOnline ? nil : node.onlineAt)
        observation.identity = ResourceIdentity(
            hostnames: [name], ipAddresses: member?.address.map { [$0] } ?? [], clusterNames: clusterNames)
        observation.facts = [facts(of: node, member)]
        observation.live = [live(of: node)]
        guard isShown else { return observation }
        observation.metrics.cpuPercent = Self.percent(node.row.cpu)
        observation.metrics.memory = Self.usage(node.memory)
        observation.metrics.disk = node.disk(storages: known.storages).flatMap { Self.usage($0.used, of: $0.total) }
        observation.uptimeSeconds = node.row.uptime ?? node.status?.uptime
        // What is only shown again was not measured again.
        guard node.isOnline else { return observation }
        observation.samples = Self.samples(observation.metrics)
        if let load = node.status?.loadAverage.first { observation.samples.append((MetricName(.load1), load)) }
        if let swap = node.status?.swapUsed { observation.samples.append((MetricName(.swapUsed), Double(swap))) }
        observation.samples.sort { $0.metric < $1.metric }
        return observation
    }

    /// What an agent on the node reads as well; the platform tells neither machine-id nor network cards.
    private func hardware(of node: NodeKnowledge) -> [Evidence] {
        let place = known.status?.name.map { [Evidence(clusterNode: node.row.node, in: $0)] } ?? []
        return place + node.disks.flatMap { Evidence.ofHost(diskSerial: $0.serial, wwn: $0.wwn) }
    }

    private func facts(of node: NodeKnowledge, _ member: ClusterStatus.Member?) -> ResourceBlock {
        Self.block("proxmox") { writer in
            writer.member("kind", "node")
            writer.member("node", node.row.node)
            writer.member("instance", instance)
            writer.member("cluster", known.status?.name)
            writer.member("nodeId", member?.nodeID)
            writer.member("address", member?.address)
            writer.member("version", node.told?.version)
            writer.member("kernel", node.told?.kernel)
            writer.member("cpuModel", node.told?.cpuModel)
            writer.member("cpuSockets", node.told?.sockets)
            writer.member("cpuCores", node.told?.cores)
            writer.member("cpuThreads", node.told?.threads ?? node.row.maxCPU.flatMap { Int(exactly: $0.rounded()) })
        }
    }

    private func live(of node: NodeKnowledge) -> ResourceBlock {
        Self.block("proxmoxStatus") { writer in
            writer.member("status", node.isOnline ? "online" : "offline")
            writer.member("isQuorate", known.status?.isQuorate)
            Self.write(node.memory, to: &writer)
            writer.member("diskSource", node.disk(storages: known.storages)?.source)
            if let load = node.status?.loadAverage, !load.isEmpty { writer.member("loadAverage", load) }
            writer.member("ioWaitPercent", Self.percent(node.status?.ioWait), decimals: 2)
            writer.member("swapTotalBytes", node.status?.swapTotal.map { Int64(fitting: $0) })
            writer.member("swapUsedBytes", node.status?.swapUsed.map { Int64(fitting: $0) })
            writer.member("pendingUpdates", node.updates)
            if !node.pools.isEmpty { writer.array("zfsPools") { pools(of: node, &$0) } }
            let failed = node.tasks.filter { $0.end != nil && $0.outcome != "OK" }
            if !node.tasks.isEmpty {
                writer.object("backupTasks") { writer in
                    writer.member("running", node.tasks.count { $0.end == nil })
                    writer.member("failed", failed.count)
                    writer.moment("lastStartedAt", node.tasks.map(\.start).max())
                    writer.moment("lastFailedAt", failed.map(\.start).max())
                }
            }
        }
    }

    private func pools(of node: NodeKnowledge, _ writer: inout JSONWriter) {
        for pool in node.pools.sorted(by: { $0.name < $1.name }) {
            writer.object { Self.write(pool, node.poolDetails[pool.name], to: &$0) }
        }
    }

    static func write(_ pool: ZFSPoolRow, _ detail: ZFSPoolDetail?, to writer: inout JSONWriter) {
        let state = detail.flatMap { $0.state.isEmpty ? nil : $0.state } ?? pool.health
        writer.member("name", pool.name)
        writer.member("state", state)
        writer.member("totalBytes", pool.size)
        writer.member("usedBytes", pool.allocated)
        writer.member("scan", detail?.scan)
        guard let detail else { return }
        writer.member("readErrors", detail.sick.reduce(Int64(0)) { $0.addingClamped($1.readErrors) })
        writer.member("writeErrors", detail.sick.reduce(Int64(0)) { $0.addingClamped($1.writeErrors) })
        writer.member("checksumErrors", detail.sick.reduce(Int64(0)) { $0.addingClamped($1.checksumErrors) })
        writer.array("devices") { writer in
            for device in detail.sick {
                writer.object { writer in
                    writer.member("name", device.name)
                    writer.member("type", device.type)
                    writer.member("state", device.state)
                    writer.member("readErrors", device.readErrors)
                    writer.member("writeErrors", device.writeErrors)
                    writer.member("checksumErrors", device.checksumErrors)
                }
            }
        }
    }

    func disks(of node: NodeKnowledge) -> [Observation] {
        let name = node.row.node
        let serials = Self.counted(node.disks.compactMap(\.serial))
        let wwns = Self.counted(node.disks.compactMap { $0.wwn?.lowercased() })
        return node.disks.map { disk in
            // Two that show one number are told apart by where they are, whichever of them is listed first.
            let serial = disk.serial.flatMap { serials[$0] == 1 ? $0 : nil }
            let wwn = (disk.wwn?.lowercased()).flatMap { wwns[$0] == 1 ? $0 : nil }
            var evidence: [Evidence] = []
            // What tells nothing of the machine, such as what makers ship instead of a number, tells nothing of the disk.
            if let serial, !Evidence.ofHost(diskSerial: serial, wwn: nil).isEmpty {
                evidence.append(Evidence(.diskSerial, serial))
            }
            if let wwn, !Evidence.ofHost(diskSerial: nil, wwn: wwn).isEmpty {
                evidence.append(Evidence(.diskSerial, wwn))
            }
            let seenAt = node.isOnline ? nil : node.onlineAt
            var observation = observation(
                .physicalDisk, "disk/\(name)/\(serial ?? disk.device)", scope: "disks/\(name)",
                name: disk.model.map { "\($0) (\(disk.device))" } ?? disk.device, evidence: evidence,
                parent: "node/\(name)", status: Self.status(ofDisk: disk.health), seenAt: seenAt)
            let smart = node.smart[disk.device]
            observation.temperature = smart?.celsius
            observation.facts = [
                Self.block("physicalDisk") { writer in
                    writer.member("node", name)
                    writer.member("device", disk.device)
                    writer.member("model", disk.model)
                    writer.member("serial", disk.serial)
                    writer.member("wwn", disk.wwn)
                    writer.member("type", disk.type)
                    writer.member("sizeBytes", disk.size)
                    writer.member("usedFor", disk.used)
                    writer.member("rpm", disk.rpm > 0 ? disk.rpm : nil)
                }
            ]
            observation.live = [
                Self.block("diskHealth") { writer in
                    writer.member("health", disk.health)
                    let worn = smart?.lifeUsed.map { max(0, 100 - Int(clamping: $0)) }
                    writer.member("lifeLeftPercent", disk.lifeLeft ?? worn)
                    writer.member("powerOnHours", smart?.powerOnHours)
                    writer.member("reallocatedSectors", smart?.reallocatedSectors)
                    writer.member("mediaErrors", smart?.mediaErrors)
                }
            ]
            // Measured once in half an hour: what is only shown again was not measured again.
            if node.isOnline, node.smartAt[disk.device] == now, let celsius = smart?.celsius {
                observation.samples = [(MetricName(.temperature), celsius)]
            }
            return observation
        }
    }

    private static func counted(_ numbers: [String]) -> [String: Int] {
        Dictionary(numbers.map { ($0, 1) }) { $0 + $1 }
    }

    private static func status(ofDisk health: String?) -> ResourceStatus {
        switch health?.uppercased() {
        case "PASSED", "OK": .online
        case "FAILED": .offline
        default: .unknown
        }
    }
}
