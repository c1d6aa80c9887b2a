import AgentProtocol
import JSONKit
import Kernel

/// Reports as machines send them, all different, the same in every run.
enum ReportSample {
    /// As many reports as make this many bytes, about.
    static func list(bytes: Int) -> [HostReport] {
        let each = encoded([report(0)]).count
        return (0..<max(1, bytes / each)).map(report)
    }

    static func encoded(_ reports: [HostReport]) -> [UInt8] {
        var writer = JSONWriter(capacity: 256 * 1024)
        reports.encode(to: &writer)
        return writer.bytes
    }

    static func report(_ number: Int) -> HostReport {
        var report = HostReport()
        report.agent.id = "agent-\(number)"
        report.agent.version = "1.4.2"
        report.agent.type = "unified"
        report.agent.intervalSeconds = 10
        report.host.id = "4f9c2a8e-1d3b-4c5d-8e7f-0000\(10_000_000 + number)"
        report.host.hostname = "web-\(number).example.com"
        report.host.machineID = report.host.id
        report.host.platform = "linux"
        report.host.osName = "Debian GNU/Linux"
        report.host.osVersion = "12 (bookworm)"
        report.host.kernelVersion = "6.1.0-28-amd64"
        report.host.architecture = "amd64"
        report.host.cpuCount = 8
        report.host.uptimeSeconds = Int64(86_400 + number * 977)
        report.host.loadAverage = [0.52, 0.48, 0.31]
        report.metrics.cpuUsagePercent = percent(number)
        report.metrics.cpuPerCorePercent = (0..<8).map { percent(number + $0 * 7) }
        report.metrics.memory = memory(number)
        report.disks = ["/", "/var", "/home"].map { disk($0, number) }
        report.diskIO = ["nvme0n1", "sda"].map { blockDevice($0, number) }
        report.network = ["eth0", "eth1", "wg0"].map { interface($0, number) }
        report.sensors.temperatureCelsius = ["cpu_package": 48.5, "cpu_core_0": 46.25, "nvme0": 39]
        report.tags = ["production", "café"]
        report.timestamp = Timestamp(milliseconds: 1_795_253_400_000 + Int64(number) * 10_000)
        report.sequenceID = "v1:0123456789abcdef0123456789abcdef:\(number + 1)"
        return report
    }

    private static func percent(_ number: Int) -> Double { Double((number &* 7919) % 10_000) / 100 }

    private static func memory(_ number: Int) -> HostReport.Memory {
        var memory = HostReport.Memory()
        memory.totalBytes = 33_567_891_456
        memory.usedBytes = 12_345_678_912 + Int64(number) * 4096
        memory.availableBytes = 21_222_212_544 - Int64(number) * 4096
        memory.freeBytes = 3_456_789_504
        memory.cacheBytes = 17_765_423_040
        memory.usage = percent(number + 3)
        memory.swapTotalBytes = 8_589_930_496
        memory.swapUsedBytes = Int64(number) * 8192
        return memory
    }

    private static func disk(_ mountpoint: String, _ number: Int) -> HostReport.Disk {
        var disk = HostReport.Disk()
        disk.device = "/dev/mapper/vg0-\(mountpoint.utf8.count)"
        disk.mountpoint = mountpoint
        disk.filesystem = "ext4"
        disk.totalBytes = 503_456_789_504
        disk.usedBytes = 201_234_567_168 + Int64(number) * 4096
        disk.freeBytes = 276_543_211_520
        disk.usage = percent(number + 11)
        return disk
    }

    private static func blockDevice(_ name: String, _ number: Int) -> HostReport.BlockDevice {
        var device = HostReport.BlockDevice()
        device.device = name
        device.readBytes = 18_446_744_073_709_000_000 + UInt64(number)
        device.writeBytes = 987_654_321_012 + UInt64(number) * 512
        device.readOps = 12_345_678
        device.writeOps = 87_654_321
        device.ioTimeMs = 4_567_890
        device.readBytesPerSecond = Double(number * 512)
        device.writeBytesPerSecond = 1_234_567
        return device
    }

    private static func interface(_ name: String, _ number: Int) -> HostReport.Interface {
        var interface = HostReport.Interface()
        interface.name = name
        interface.mac = "52:54:00:12:34:56"
        interface.addresses = ["10.20.30.40/24", "fe80::5054:ff:fe12:3456/64"]
        interface.rxBytes = 123_456_789_012 + UInt64(number)
        interface.txBytes = 98_765_432_109 + UInt64(number)
        interface.speedMbps = 10_000
        interface.rxBytesPerSecond = 345_678
        interface.txBytesPerSecond = Double(number * 1024)
        return interface
    }
}
