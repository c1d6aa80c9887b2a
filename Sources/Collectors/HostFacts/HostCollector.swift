package import AgentProtocol
import Kernel

/// Reads the machine and makes reports; remembers the last counters so that the next report has rates.
/// Blocking (for five seconds at the worst), so it belongs on a thread of its own.
package struct HostCollector: Sendable {
    private struct Reading: Sendable {
        var at: Duration
        var cpu: CPUTimes?
        var disks: [String: DiskCounters] = [:]
        var interfaces: [String: InterfaceCounters] = [:]
    }

    private let root: SystemRoot
    private let addresses: @Sendable () -> [String: [String]]
    private let fileSystems: FileSystemProbe
    private var last: Reading?

    package init(root: SystemRoot = SystemRoot()) {
        self.init(root: root, addresses: { InterfaceAddresses.system() }, fileSystems: FileSystemProbe())
    }

    init(root: SystemRoot, addresses: @escaping @Sendable () -> [String: [String]], fileSystems: FileSystemProbe) {
        self.root = root
        self.addresses = addresses
        self.fileSystems = fileSystems
    }

    package func identity() -> MachineIdentity { MachineIdentity(root: root) }

    /// - Parameter monotonic: a clock that never jumps; rates are per second of it.
    package mutating func report(at monotonic: Duration) -> HostReport {
        var report = HostReport()
        var reading = Reading(at: monotonic)
        let seconds = last.map { (monotonic - $0.at).inSeconds } ?? 0
        fillHost(&report.host)
        fillCPU(&report, &reading)
        if let memory = HostReport.Memory(
            meminfo: root.text("/proc/meminfo") ?? "", arcstats: root.text("/proc/spl/kstat/zfs/arcstats"))
        {
            report.metrics.memory = memory
        }
        report.disks = disks()
        fillBlockDevices(&report, &reading, seconds)
        fillInterfaces(&report, &reading, seconds)
        report.sensors.temperatureCelsius = Dictionary(
            uniqueKeysWithValues: Temperatures.read(from: root).sorted { $0.key < $1.key }.prefix(ReportLimits.sensors)
                .map { ($0.key, $0.value) })
        last = reading
        return report
    }

    private func fillHost(_ host: inout HostReport.Host) {
        let identity = identity()
        host.id = identity.machineID
        host.machineID = identity.machineID
        host.dmiUUID = identity.dmiUUID
        host.hostname = identity.hostname ?? "localhost"
        host.displayName = identity.hostname
        host.platform = "linux"
        host.osName = identity.osName
        host.osVersion = identity.osVersion
        host.kernelVersion = identity.kernelVersion
        host.architecture = identity.architecture
        host.cpuModel = identity.cpuModel
        if let place = ClusterPlace(corosync: root.text("/etc/corosync/corosync.conf") ?? "", hostname: host.hostname) {
            (host.clusterName, host.clusterNode) = (place.cluster, place.node)
        }
        host.uptimeSeconds = root.line("/proc/uptime")
            .flatMap { Double($0[...].words.first ?? "") }.flatMap { Int64(exactly: $0.rounded(.down)) }
        let loads = (root.line("/proc/loadavg") ?? "")[...].words.prefix(3).compactMap { Double($0) }
        host.loadAverage = loads.count == 3 ? loads : []
    }

    private func fillCPU(_ report: inout HostReport, _ reading: inout Reading) {
        guard let text = root.text("/proc/stat") else { return }
        let times = CPUTimes(procStat: text)
        reading.cpu = times
        report.host.cpuCount = times.cores.isEmpty ? nil : Int64(times.cores.count)
        guard let earlier = last?.cpu else { return }
        report.metrics.cpuUsagePercent = times.all.flatMap { now in earlier.all.flatMap { now.usage(since: $0) } }
        report.metrics.cpuPerCorePercent = times.perCoreUsage(since: earlier)
    }

    private func disks() -> [HostReport.Disk] {
        let mounts = Mount.real(mountinfo: root.text("/proc/self/mountinfo") ?? "").prefix(ReportLimits.disks)
        let spaces = fileSystems.spaces(of: mounts.map { root.absolute($0.mountpoint) })
        return mounts.compactMap { mount in
            guard let space = spaces[root.absolute(mount.mountpoint)] else { return nil }
            var disk = HostReport.Disk()
            disk.device = mount.device
            disk.mountpoint = mount.mountpoint
            disk.filesystem = mount.filesystem
            disk.totalBytes = space.total
            disk.usedBytes = space.used
            disk.freeBytes = space.available
            disk.usage = space.usedPercent
            return disk
        }
    }

    private func fillBlockDevices(_ report: inout HostReport, _ reading: inout Reading, _ seconds: Double) {
        let names = Set(root.names(in: "/sys/block").map { String($0.map { $0 == "!" ? "/" : $0 }) })
        let disks = DiskCounters.wholeDisks(diskstats: root.text("/proc/diskstats") ?? "", blockDevices: names)
        for disk in disks.prefix(ReportLimits.blockDevices) {
            reading.disks[disk.device] = disk
            report.diskIO.append(disk.report(since: last?.disks[disk.device], seconds: seconds))
        }
        report.sensors.disks = PhysicalDisks.read(report.diskIO.map(\.device), from: root)
    }

    /// Interfaces with an address: what merely passes packets on (bridge ports, bond members, veth ends) would count
    /// the same bytes twice.
    private func fillInterfaces(_ report: inout HostReport, _ reading: inout Reading, _ seconds: Double) {
        let addresses = addresses()
        let interfaces = InterfaceCounters.all(netDev: root.text("/proc/net/dev") ?? "")
            .filter { $0.name != "lo" && !(addresses[$0.name] ?? []).isEmpty }
            .sorted { $0.name < $1.name }
        for interface in interfaces.prefix(ReportLimits.interfaces) {
            reading.interfaces[interface.name] = interface
            let mac = root.line("/sys/class/net/\(interface.name)/address")
            report.network.append(
                interface.report(
                    since: last?.interfaces[interface.name], seconds: seconds,
                    mac: mac == "00:00:00:00:00:00" ? nil : mac,
                    addresses: Array((addresses[interface.name] ?? []).prefix(ReportLimits.addressesPerInterface))))
        }
    }
}
