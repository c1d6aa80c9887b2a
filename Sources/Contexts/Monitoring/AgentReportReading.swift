import AgentProtocol
import Inventory
import JSONKit
import Kernel

/// What a host's report claims. Pure but for `rates`, which remembers the counters of agents that send no rates.
struct AgentReportReading {
    /// Device clocks: ahead by more than this is wrong; behind by more than the agent's queue reaches (24 h) is too.
    private static let aheadLimit: Duration = .seconds(5 * 60)
    private static let behindLimit: Duration = .seconds(26 * 3600)
    private static let defaultIntervalSeconds = 30

    private var rates = CounterRates()
    private var engine = EngineBlocks()

    /// Who reports, without anything measured.
    static func speaker(of report: HostReport, agent: AgentID, receivedAt: Timestamp) -> Observation {
        let machine = report.host.machineID?.trimmed.lowercased()
        return Observation(
            connection: ConnectionID(agent.uuid), source: .agent, type: .agent, key: "host",
            evidence: Self.evidence(machine: machine, report, agent: agent),
            name: report.host.displayName.flatMap { $0.isEmpty ? nil : $0 } ?? report.host.hostname,
            technology: report.host.platform, identity: identity(of: report, machine: machine),
            uptimeSeconds: report.host.uptimeSeconds,
            silence: silence(reportingEvery: report.agent.intervalSeconds.map(Int.init)),
            measuredAt: measuredAt(report, receivedAt: receivedAt), receivedAt: receivedAt)
    }

    /// - Parameters:
    ///   - speaker: of this report.
    ///   - isLate: it is of the past, and not how things are now.
    mutating func observation(of report: HostReport, by speaker: Observation, isLate: Bool) -> Observation {
        var said = speaker
        var facts = Self.facts(of: report, agent: AgentID(speaker.connection.uuid))
        fillRates(of: report, in: &facts, at: said.measuredAt)
        said.metrics = Self.metrics(of: report, facts)
        said.temperature = facts.temperatures.values.max()
        var writer = JSONWriter(capacity: 2048)
        facts.encode(to: &writer)
        let engine = self.engine.blocks(of: report, receivedAt: said.receivedAt, isLate: isLate)
        said.facts = engine.facts
        said.live = [ResourceBlock("agent", json: writer.bytes)] + engine.live
        said.samples = Self.samples(said.metrics, facts, said.temperature)
        return said
    }

    /// What the container engine on a host claims.
    /// - Parameter key: under which the host's own claim stands.
    static func docker(
        of report: HostReport, host: Observation, key: String
    ) -> DockerReading.Claims {
        guard let part = report.docker else { return .init() }
        let place = DockerReading.Host(
            connection: host.connection, key: key, processors: report.host.cpuCount, silence: host.silence,
            measuredAt: host.measuredAt, receivedAt: host.receivedAt)
        return DockerReading(part: part, host: place).claims
    }

    /// A machine that is silent for six report intervals is offline, within these bounds.
    private static func silence(reportingEvery seconds: Int?) -> Duration {
        min(max(.seconds(6 * (seconds ?? 10)), .seconds(60)), .seconds(600))
    }

    private static func measuredAt(_ report: HostReport, receivedAt: Timestamp) -> Timestamp {
        guard let told = report.timestamp, told <= receivedAt + aheadLimit, told >= receivedAt - behindLimit else {
            return receivedAt
        }
        return told
    }

    private static func evidence(machine: String?, _ report: HostReport, agent: AgentID) -> [Evidence] {
        var evidence: [Evidence] = []
        if let machine, !machine.isEmpty { evidence.append(Evidence(.machineID, machine)) }
        evidence.append(Evidence(.agentID, agent.description))
        if let dmi = report.host.dmiUUID?.trimmed.lowercased(), !dmi.isEmpty {
            evidence.append(Evidence(.dmiUUID, dmi))
        }
        if let cluster = report.host.clusterName?.trimmed, let node = report.host.clusterNode?.trimmed,
            !cluster.isEmpty,
            !node.isEmpty
        {
            evidence.append(Evidence(clusterNode: node, in: cluster))
        }
        return evidence + report.sensors.disks.flatMap { Evidence.ofHost(diskSerial: $0.serial, wwn: $0.wwn) }
    }

    private static func identity(of report: HostReport, machine: String?) -> ResourceIdentity {
        var addresses: [String] = []
        var macs: [String] = []
        for interface in report.network {
            // Agents write addresses with their prefix length.
            addresses += interface.addresses.map { String($0.prefix { $0 != "/" }) }
            if let mac = interface.mac?.lowercased(), !mac.isEmpty { macs.append(mac) }
        }
        return ResourceIdentity(
            machineID: machine, dmiUUID: report.host.dmiUUID?.lowercased(), hostnames: [report.host.hostname],
            ipAddresses: Array(Set(addresses)).sorted(), macAddresses: Array(Set(macs)).sorted())
    }

    private static func facts(of report: HostReport, agent: AgentID) -> AgentFacts {
        var facts = AgentFacts(agentID: agent.description, hostname: report.host.hostname)
        facts.version = report.agent.version
        facts.platform = report.host.platform
        facts.osName = report.host.osName
        facts.osVersion = report.host.osVersion
        facts.kernelVersion = report.host.kernelVersion
        facts.architecture = report.host.architecture
        facts.cpuModel = report.host.cpuModel
        facts.cpuCount = report.host.cpuCount.map(Int.init)
        let cores = report.metrics.cpuPerCorePercent
        facts.cpuPerCorePercent = cores.isEmpty ? nil : cores
        facts.loadAverage = report.host.loadAverage.isEmpty ? nil : report.host.loadAverage
        facts.reportIntervalSeconds = report.agent.intervalSeconds.map(Int.init)
        facts.memory = memory(of: report)
        facts.disks = report.disks.compactMap(disk)
        facts.network = report.network.map { told in
            var interface = AgentFacts.Interface(name: told.name)
            interface.mac = told.mac
            interface.addresses = told.addresses
            interface.rxBytesPerSecond = told.rxBytesPerSecond
            interface.txBytesPerSecond = told.txBytesPerSecond
            return interface
        }
        facts.diskIO = report.diskIO.map { told in
            var device = AgentFacts.BlockDevice(device: told.device)
            device.readBytesPerSecond = told.readBytesPerSecond
            device.writeBytesPerSecond = told.writeBytesPerSecond
            return device
        }
        facts.temperatures = report.sensors.temperatureCelsius
        return facts
    }

    private static func memory(of report: HostReport) -> AgentFacts.Memory? {
        let told = report.metrics.memory
        guard let total = told.totalBytes, total > 0 else { return nil }
        var memory = AgentFacts.Memory()
        memory.totalBytes = total
        memory.usedBytes = told.usedBytes.flatMap { (0...total).contains($0) ? $0 : nil }
        memory.availableBytes = told.availableBytes
        memory.freeBytes = told.freeBytes
        memory.cacheBytes = told.cacheBytes
        memory.swapTotalBytes = told.swapTotalBytes
        memory.swapUsedBytes = told.swapUsedBytes
        return memory
    }

    private static func disk(_ told: HostReport.Disk) -> AgentFacts.Disk? {
        guard let mountpoint = told.mountpoint, !mountpoint.isEmpty else { return nil }
        var disk = AgentFacts.Disk(mountpoint: mountpoint)
        disk.device = told.device
        disk.filesystem = told.filesystem
        disk.totalBytes = told.totalBytes
        disk.usedBytes = told.usedBytes
        disk.freeBytes = told.freeBytes
        disk.usagePercent = told.usage ?? share(told)
        return disk
    }

    /// As `df`: blocks reserved for root count as neither used nor free.
    private static func share(_ disk: HostReport.Disk) -> Double? {
        guard let used = disk.usedBytes.map(Double.init), let free = disk.freeBytes.map(Double.init), used >= 0,
            free >= 0, used + free > 0
        else { return nil }
        return used / (used + free) * 100
    }

    private static func metrics(of report: HostReport, _ facts: AgentFacts) -> ResourceMetrics {
        var metrics = ResourceMetrics()
        metrics.cpuPercent = report.metrics.cpuUsagePercent
        if let memory = facts.memory, let total = memory.totalBytes, let used = memory.usedBytes {
            metrics.memory = .init(
                percent: Double(used) / Double(total) * 100, usedBytes: used, totalBytes: total)
        }
        if let root = facts.disks.first(where: { $0.mountpoint == "/" }) ?? facts.disks.first,
            let percent = root.usagePercent, let used = root.usedBytes, let total = root.totalBytes
        {
            metrics.disk = .init(percent: percent, usedBytes: used, totalBytes: total)
        }
        let interfaces = facts.network.filter { !MachineParts.isVirtualInterface($0.name) }
        let counted = interfaces.isEmpty ? facts.network : interfaces
        metrics.netIn = sum(counted.map(\.rxBytesPerSecond))
        metrics.netOut = sum(counted.map(\.txBytesPerSecond))
        let devices = facts.diskIO.filter { !MachineParts.isStackedDevice($0.device) }
        metrics.diskRead = sum(devices.map(\.readBytesPerSecond))
        metrics.diskWrite = sum(devices.map(\.writeBytesPerSecond))
        return metrics
    }

    /// Of what is known; nothing known is not zero.
    private static func sum(_ values: [Double?]) -> Double? {
        let known = values.compactMap { $0 }
        return known.isEmpty ? nil : known.reduce(0, +)
    }

    private static func samples(
        _ metrics: ResourceMetrics, _ facts: AgentFacts, _ temperature: Double?
    ) -> [(metric: MetricName, value: Double)] {
        var samples: [(metric: MetricName, value: Double)] = []
        func add(_ family: MetricFamily, part: String? = nil, _ value: Double?) {
            guard let value, value.isFinite else { return }
            guard let name = part.map({ MetricName(family, part: $0) }) ?? MetricName(family) else { return }
            samples.append((name, value))
        }
        add(.cpu, metrics.cpuPercent)
        for (core, percent) in (facts.cpuPerCorePercent ?? []).enumerated() { add(.cpuCore, part: "\(core)", percent) }
        add(.memory, metrics.memory?.percent)
        add(.memoryUsed, metrics.memory.map { Double($0.usedBytes) })
        add(.swapUsed, facts.memory?.swapUsedBytes.map(Double.init))
        add(.disk, metrics.disk?.percent)
        for disk in facts.disks { add(.disk, part: disk.mountpoint, disk.usagePercent) }
        add(.netIn, metrics.netIn)
        add(.netOut, metrics.netOut)
        for interface in facts.network {
            add(.netIn, part: interface.name, interface.rxBytesPerSecond)
            add(.netOut, part: interface.name, interface.txBytesPerSecond)
        }
        add(.diskRead, metrics.diskRead)
        add(.diskWrite, metrics.diskWrite)
        for device in facts.diskIO {
            add(.diskRead, part: device.device, device.readBytesPerSecond)
            add(.diskWrite, part: device.device, device.writeBytesPerSecond)
        }
        add(.temperature, temperature)
        for (sensor, celsius) in facts.temperatures { add(.temperature, part: sensor, celsius) }
        add(.load1, facts.loadAverage?.first)
        return samples.sorted { $0.metric < $1.metric }
    }

    private mutating func fillRates(of report: HostReport, in facts: inout AgentFacts, at: Timestamp) {
        for (index, told) in report.network.enumerated() {
            let received = rates.rate(of: "rx:" + told.name, counter: told.rxBytes, at: at)
            let sent = rates.rate(of: "tx:" + told.name, counter: told.txBytes, at: at)
            facts.network[index].rxBytesPerSecond = told.rxBytesPerSecond ?? received
            facts.network[index].txBytesPerSecond = told.txBytesPerSecond ?? sent
        }
        for (index, told) in report.diskIO.enumerated() {
            let read = rates.rate(of: "rd:" + told.device, counter: told.readBytes, at: at)
            let written = rates.rate(of: "wr:" + told.device, counter: told.writeBytes, at: at)
            facts.diskIO[index].readBytesPerSecond = told.readBytesPerSecond ?? read
            facts.diskIO[index].writeBytesPerSecond = told.writeBytesPerSecond ?? written
        }
    }
}

/// Which parts of a machine are seen twice: traffic of a bridge or a container's end passes a real interface too, and
/// what a mapped device reads, a disk below it reads.
enum MachineParts {
    private static let virtualPrefixes = [
        "veth", "docker", "br-", "virbr", "vmbr", "fwbr", "fwln", "fwpr", "tap", "cni", "flannel", "cali", "lxc",
        "vnet",
        "lo", "dummy", "ifb", "bond", "team", "wg", "tun",
    ]

    static func isVirtualInterface(_ name: String) -> Bool { virtualPrefixes.contains { name.hasPrefix($0) } }

    static func isStackedDevice(_ name: String) -> Bool {
        ["dm-", "md", "loop", "zram", "ram", "sr", "fd"].contains { name.hasPrefix($0) }
    }
}
