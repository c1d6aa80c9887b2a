import AgentProtocol
import Dispatch
import NIOConcurrencyHelpers
import Testing

@testable import HostFacts

private let machine: [String: String] = [
    "/proc/sys/kernel/hostname": "web-1\n", "/proc/sys/kernel/osrelease": "6.1.0-18-amd64\n",
    "/etc/machine-id": "3D1219C7C4C5404AAA1F6D2A48ADFDA4\n",
    "/sys/class/dmi/id/product_uuid": "4C4C4544-0042-3510-8052-B4C04F333732\n",
    "/etc/os-release": "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nNAME=\"Debian GNU/Linux\"\nVERSION_ID=\"12\"\n",
    "/proc/cpuinfo": "processor\t: 0\nmodel name\t: AMD EPYC 7B13\n", "/proc/uptime": "86400.55 100000.00\n",
    "/proc/loadavg": "0.50 1.25 2.00 1/234 5678\n", "/proc/stat": "cpu 100 0 0 900 0 0 0 0\ncpu0 100 0 0 900 0 0 0 0\n",
    "/proc/meminfo": "MemTotal: 1000 kB\nMemFree: 100 kB\nMemAvailable: 750 kB\nSwapTotal: 0 kB\nSwapFree: 0 kB\n",
    "/proc/self/mountinfo": "1 0 8:1 / / rw - ext4 /dev/sda1 rw\n2 1 8:2 / /data rw - xfs /dev/sdb1 rw\n",
    "/proc/diskstats": "8 0 sda 100 0 2000 30 200 0 4000 70 0 90 100\n", "/sys/block/sda/size": "1\n",
    "/proc/net/dev":
        "lo: 5 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0\neth0: 1000 0 0 0 0 0 0 0 2000 0 0 0 0 0 0 0\nveth1: 1 0 0 0 0 0 0 0 1 0 0 0 0 0 0 0\n",
    "/sys/class/net/eth0/address": "aa:bb:cc:dd:ee:ff\n",
    "/sys/class/hwmon/hwmon0/name": "coretemp\n", "/sys/class/hwmon/hwmon0/temp1_input": "48500\n",
    "/sys/class/hwmon/hwmon0/temp1_label": "Package id 0\n", "/sys/class/hwmon/hwmon0/temp2_input": "45000\n",
    "/sys/class/hwmon/hwmon0/temp2_label": "Core 0\n", "/sys/class/hwmon/hwmon1/name": "nvme\n",
    "/sys/class/hwmon/hwmon1/temp1_input": "39850\n", "/sys/class/hwmon/hwmon1/temp1_label": "Composite\n",
    "/sys/class/hwmon/hwmon2/name": "nct6775\n", "/sys/class/hwmon/hwmon2/temp7_input": "-128000\n",
    "/sys/class/thermal/thermal_zone0/type": "x86_pkg_temp\n", "/sys/class/thermal/thermal_zone0/temp": "99000\n",
    "/sys/class/thermal/thermal_zone1/type": "acpitz\n", "/sys/class/thermal/thermal_zone1/temp": "27800\n",
]

@Suite struct HostCollectorTests {
    private func collector(_ tree: FixtureTree) -> HostCollector {
        HostCollector(
            root: tree.root, addresses: { ["eth0": ["10.0.0.2/24"], "lo": ["127.0.0.1/8"]] },
            fileSystems: FileSystemProbe { path in
                path.hasSuffix("/data")
                    ? FileSystemSpace(total: 200, used: 20, available: 180)
                    : FileSystemSpace(total: 100, used: 50, available: 45)
            })
    }

    @Test("the first report has everything but what needs two readings")
    func firstReport() throws {
        let tree = try FixtureTree(machine)
        var collector = collector(tree)
        let report = collector.report(at: .seconds(100))
        try report.validate()
        #expect(report.host.hostname == "web-1" && report.host.machineID == "3d1219c7-c4c5-404a-aa1f-6d2a48adfda4")
        #expect(report.host.dmiUUID == "4c4c4544-0042-3510-8052-b4c04f333732")
        #expect(report.host.osName == "Debian GNU/Linux" && report.host.osVersion == "12")
        #expect(report.host.kernelVersion == "6.1.0-18-amd64" && report.host.cpuModel == "AMD EPYC 7B13")
        #expect(report.host.uptimeSeconds == 86_400 && report.host.loadAverage == [0.5, 1.25, 2])
        #expect(report.host.cpuCount == 1 && report.metrics.cpuUsagePercent == nil)
        #expect(report.metrics.memory.usage == 25 && report.metrics.memory.swapUsedBytes == 0)
        #expect(report.disks.map(\.mountpoint) == ["/", "/data"] && report.disks[1].usage == 10)
        #expect(report.diskIO.map(\.device) == ["sda"] && report.diskIO[0].readBytesPerSecond == nil)
        #expect(report.network.map(\.name) == ["eth0"] && report.network[0].rxBytesPerSecond == nil)
        #expect(report.network[0].mac == "aa:bb:cc:dd:ee:ff" && report.network[0].addresses == ["10.0.0.2/24"])
        #expect(
            report.sensors.temperatureCelsius
                == ["cpu_package": 48.5, "cpu_core_0": 45, "nvme0": 39.85, "acpi_acpitz": 27.8])
    }

    @Test("the second report has usage and rates of the time between")
    func secondReport() throws {
        let tree = try FixtureTree(machine)
        var collector = collector(tree)
        _ = collector.report(at: .seconds(100))
        try tree.write("/proc/stat", "cpu 350 0 0 1650 0 0 0 0\ncpu0 350 0 0 1650 0 0 0 0\n")
        try tree.write("/proc/diskstats", "8 0 sda 100 0 22000 30 200 0 4000 70 0 90 100\n")
        try tree.write("/proc/net/dev", "eth0: 6000 0 0 0 0 0 0 0 2500 0 0 0 0 0 0 0\n")
        let report = collector.report(at: .seconds(110))
        #expect(report.metrics.cpuUsagePercent == 25 && report.metrics.cpuPerCorePercent == [25])
        #expect(report.diskIO[0].readBytesPerSecond == 1_024_000 && report.diskIO[0].writeBytesPerSecond == 0)
        #expect(report.network[0].rxBytesPerSecond == 500 && report.network[0].txBytesPerSecond == 50)
    }

    @Test("counters that went back give no rate, and the next report has one again")
    func reset() throws {
        let tree = try FixtureTree(machine)
        var collector = collector(tree)
        _ = collector.report(at: .seconds(0))
        try tree.write("/proc/net/dev", "eth0: 10 0 0 0 0 0 0 0 2500 0 0 0 0 0 0 0\n")
        let report = collector.report(at: .seconds(10))
        #expect(report.network[0].rxBytesPerSecond == nil && report.network[0].txBytesPerSecond == 50)
        try tree.write("/proc/net/dev", "eth0: 30 0 0 0 0 0 0 0 2500 0 0 0 0 0 0 0\n")
        #expect(collector.report(at: .seconds(20)).network[0].rxBytesPerSecond == 2)
    }

    @Test("what cannot be read is absent, and the report still goes")
    func emptyMachine() throws {
        let tree = try FixtureTree()
        var collector = HostCollector(root: tree.root, addresses: { [:] }, fileSystems: FileSystemProbe())
        let report = collector.report(at: .seconds(1))
        try report.validate()
        #expect(report.metrics == HostReport.Metrics() && report.disks.isEmpty && report.network.isEmpty)
        #expect(report.host.machineID == nil && report.host.uptimeSeconds == nil && report.host.loadAverage.isEmpty)
    }

    @Test("this very machine makes a valid report")
    func thisMachine() throws {
        var collector = HostCollector()
        let report = collector.report(at: .seconds(1))
        try report.validate()
        #expect(report.disks.contains { $0.mountpoint == "/" && ($0.totalBytes ?? 0) > 0 })
        #expect((report.metrics.memory.totalBytes ?? 0) > 0 && (report.host.cpuCount ?? 0) > 0)
    }

    @Test(
        "ids: placeholders of careless vendors and broken files are no identity",
        arguments: [
            ("00000000-0000-0000-0000-000000000000", nil), ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", nil),
            ("03000200-0400-0500-0006-000700080009", nil), ("Not Settable", nil), ("", nil),
            ("4C4C4544-0042-3510-8052-B4C04F333732", "4c4c4544-0042-3510-8052-b4c04f333732"),
        ])
    func dmi(text: String, wanted: String?) throws {
        let tree = try FixtureTree([
            "/sys/class/dmi/id/product_uuid": text + "\n", "/etc/machine-id": "uninitialized\n",
        ])
        let identity = MachineIdentity(root: tree.root)
        #expect(identity.dmiUUID == wanted && identity.machineID == nil)
    }
}

@Suite struct FileSystemProbeTests {
    @Test(
        "a file system that hangs is skipped, the others are measured, and it comes back when it answers",
        .timeLimit(.minutes(1)))
    func stuck() async throws {
        let gate = DispatchSemaphore(value: 0)
        let asked = NIOLockedValueBox<[String]>([])
        let probe = FileSystemProbe(timeout: .seconds(2)) { path in
            asked.withLockedValue { $0.append(path) }
            if path == "/nfs", asked.withLockedValue({ $0.filter { $0 == "/nfs" }.count }) == 1 { gate.wait() }
            return FileSystemSpace(total: 10, used: 1, available: 9)
        }
        #expect(Set(probe.spaces(of: ["/", "/nfs", "/late"]).keys) == ["/"], "the hanging one stops this round")
        #expect(Set(probe.spaces(of: ["/", "/nfs", "/late"]).keys) == ["/", "/late"], "it is not asked again")
        #expect(probe.stuckPaths == ["/nfs"])
        gate.signal()
        while !probe.stuckPaths.isEmpty { await Task.yield() }
        #expect(Set(probe.spaces(of: ["/", "/nfs"]).keys) == ["/", "/nfs"])
        #expect(asked.withLockedValue { $0.filter { $0 == "/nfs" }.count } == 2)
    }

    @Test("the real root has a size; what is not there has none")
    func real() {
        #expect((FileSystemSpace(at: "/")?.total ?? 0) > 0)
        #expect(FileSystemSpace(at: "/does/not/exist") == nil)
    }
}
