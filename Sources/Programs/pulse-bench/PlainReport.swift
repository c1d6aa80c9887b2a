import AgentProtocol
import Foundation
import Kernel

/// A report as one would write it for Foundation's decoder: the members of `HostReport` that the sample fills, and nothing
/// clever. The time stays text there, which spares Foundation the slowest part.
struct PlainReport: Decodable {
    struct Agent: Decodable {
        let id, version, type: String?
        let intervalSeconds: Int64?
        let hostname: String?
    }
    struct Host: Decodable {
        let id: String?
        let hostname: String
        let displayName, machineId, dmiUuid, platform, osName, osVersion, kernelVersion, architecture: String?
        let cpuModel: String?
        let cpuCount, uptimeSeconds: Int64?
        let loadAverage: [Double]?
        let reportIp: String?
    }
    struct Metrics: Decodable {
        let cpuUsagePercent: Double?
        let cpuPerCorePercent: [Double]?
        let memory: Memory
    }
    struct Memory: Decodable {
        let totalBytes, usedBytes, availableBytes, freeBytes, cacheBytes: Int64?
        let usage: Double?
        let swapTotalBytes, swapUsedBytes: Int64?
    }
    struct Disk: Decodable {
        let device, mountpoint, filesystem: String?
        let totalBytes, usedBytes, freeBytes: Int64?
        let usage: Double?
    }
    struct BlockDevice: Decodable {
        let device: String
        let readBytes, writeBytes, readOps, writeOps, readTimeMs, writeTimeMs, ioTimeMs: UInt64?
        let readBytesPerSecond, writeBytesPerSecond: Double?
    }
    struct Interface: Decodable {
        let name: String
        let mac: String?
        let addresses: [String]?
        let rxBytes, txBytes: UInt64?
        let speedMbps: Int64?
        let rxBytesPerSecond, txBytesPerSecond: Double?
    }
    struct Sensors: Decodable {
        let temperatureCelsius, fanRpm, powerWatts, additional: [String: Double]?
    }

    let agent: Agent
    let host: Host
    let metrics: Metrics
    let disks: [Disk]?
    let diskIO: [BlockDevice]?
    let network: [Interface]?
    let sensors: Sensors
    let tags: [String]?
    let timestamp: String?
    let sequenceId: String?
}

/// As our own values, to be compared; this is not measured.
extension PlainReport {
    var report: HostReport {
        var report = HostReport()
        report.agent = agent.value
        report.host = host.value
        report.metrics.cpuUsagePercent = metrics.cpuUsagePercent
        report.metrics.cpuPerCorePercent = metrics.cpuPerCorePercent ?? []
        report.metrics.memory = metrics.memory.value
        report.disks = (disks ?? []).map(\.value)
        report.diskIO = (diskIO ?? []).map(\.value)
        report.network = (network ?? []).map(\.value)
        report.sensors.temperatureCelsius = sensors.temperatureCelsius ?? [:]
        report.sensors.fanRPM = sensors.fanRpm ?? [:]
        report.sensors.powerWatts = sensors.powerWatts ?? [:]
        report.sensors.additional = sensors.additional ?? [:]
        report.tags = tags ?? []
        report.timestamp = timestamp.flatMap { Timestamp(rfc3339: Array($0.utf8)) }
        report.sequenceID = sequenceId
        return report
    }
}

extension PlainReport.Agent {
    fileprivate var value: HostReport.Agent {
        var value = HostReport.Agent()
        (value.id, value.version, value.type) = (id, version, type)
        (value.intervalSeconds, value.hostname) = (intervalSeconds, hostname)
        return value
    }
}

extension PlainReport.Host {
    fileprivate var value: HostReport.Host {
        var value = HostReport.Host()
        (value.id, value.hostname, value.displayName, value.machineID) = (id, hostname, displayName, machineId)
        (value.dmiUUID, value.platform, value.osName, value.osVersion) = (dmiUuid, platform, osName, osVersion)
        (value.kernelVersion, value.architecture, value.cpuModel) = (kernelVersion, architecture, cpuModel)
        (value.cpuCount, value.uptimeSeconds, value.reportIP) = (cpuCount, uptimeSeconds, reportIp)
        value.loadAverage = loadAverage ?? []
        return value
    }
}

extension PlainReport.Memory {
    fileprivate var value: HostReport.Memory {
        var value = HostReport.Memory()
        (value.totalBytes, value.usedBytes, value.availableBytes) = (totalBytes, usedBytes, availableBytes)
        (value.freeBytes, value.cacheBytes, value.usage) = (freeBytes, cacheBytes, usage)
        (value.swapTotalBytes, value.swapUsedBytes) = (swapTotalBytes, swapUsedBytes)
        return value
    }
}

extension PlainReport.Disk {
    fileprivate var value: HostReport.Disk {
        var value = HostReport.Disk()
        (value.device, value.mountpoint, value.filesystem) = (device, mountpoint, filesystem)
        (value.totalBytes, value.usedBytes, value.freeBytes) = (totalBytes, usedBytes, freeBytes)
        value.usage = usage
        return value
    }
}

extension PlainReport.BlockDevice {
    fileprivate var value: HostReport.BlockDevice {
        var value = HostReport.BlockDevice()
        (value.device, value.readBytes, value.writeBytes) = (device, readBytes, writeBytes)
        (value.readOps, value.writeOps) = (readOps, writeOps)
        (value.readTimeMs, value.writeTimeMs, value.ioTimeMs) = (readTimeMs, writeTimeMs, ioTimeMs)
        (value.readBytesPerSecond, value.writeBytesPerSecond) = (readBytesPerSecond, writeBytesPerSecond)
        return value
    }
}

extension PlainReport.Interface {
    fileprivate var value: HostReport.Interface {
        var value = HostReport.Interface()
        (value.name, value.mac, value.addresses) = (name, mac, addresses ?? [])
        (value.rxBytes, value.txBytes, value.speedMbps) = (rxBytes, txBytes, speedMbps)
        (value.rxBytesPerSecond, value.txBytesPerSecond) = (rxBytesPerSecond, txBytesPerSecond)
        return value
    }
}
