package import JSONKit

/// What an agent tells of its machine beyond the headline values. Unknown is absent.
package struct AgentFacts: Sendable, Hashable, JSONEncodable {
    package var agentID: String
    package var version: String?
    package var hostname: String
    package var platform: String?
    package var osName: String?
    package var osVersion: String?
    package var kernelVersion: String?
    package var architecture: String?
    package var cpuModel: String?
    package var cpuCount: Int?
    /// 0...100 each, in the order of the kernel's numbers.
    package var cpuPerCorePercent: [Double]?
    /// 1, 5 and 15 minutes.
    package var loadAverage: [Double]?
    package var reportIntervalSeconds: Int?
    package var memory: Memory?
    package var disks: [Disk] = []
    package var network: [Interface] = []
    package var diskIO: [BlockDevice] = []
    /// °C by sensor.
    package var temperatures: [String: Double] = [:]

    package init(agentID: String, hostname: String) {
        self.agentID = agentID
        self.hostname = hostname
    }

    package struct Memory: Sendable, Hashable, JSONEncodable {
        package var totalBytes: Int64?
        package var usedBytes: Int64?
        package var availableBytes: Int64?
        package var freeBytes: Int64?
        package var cacheBytes: Int64?
        package var swapTotalBytes: Int64?
        package var swapUsedBytes: Int64?
        package init() {}

        package func encode(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("totalBytes", totalBytes)
                writer.member("usedBytes", usedBytes)
                writer.member("availableBytes", availableBytes)
                writer.member("freeBytes", freeBytes)
                writer.member("cacheBytes", cacheBytes)
                writer.member("swapTotalBytes", swapTotalBytes)
                writer.member("swapUsedBytes", swapUsedBytes)
            }
        }
    }

    package struct Disk: Sendable, Hashable, JSONEncodable {
        package var device: String?
        package var mountpoint: String
        package var filesystem: String?
        package var totalBytes: Int64?
        package var usedBytes: Int64?
        /// What an ordinary user may still write.
        package var freeBytes: Int64?
        /// 0...100 as `df` shows it: used / (used + free to users).
        package var usagePercent: Double?
        package init(mountpoint: String) { self.mountpoint = mountpoint }

        package func encode(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("device", device)
                writer.member("mountpoint", mountpoint)
                writer.member("filesystem", filesystem)
                writer.member("totalBytes", totalBytes)
                writer.member("usedBytes", usedBytes)
                writer.member("freeBytes", freeBytes)
                writer.member("usage", usagePercent, decimals: 2)
            }
        }
    }

    package struct Interface: Sendable, Hashable, JSONEncodable {
        package var name: String
        package var mac: String?
        package var addresses: [String] = []
        package var rxBytesPerSecond: Double?
        package var txBytesPerSecond: Double?
        package init(name: String) { self.name = name }

        package func encode(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("name", name)
                writer.member("mac", mac)
                writer.member("addresses", addresses)
                writer.member("rxBytesPerSecond", rxBytesPerSecond, decimals: 0)
                writer.member("txBytesPerSecond", txBytesPerSecond, decimals: 0)
            }
        }
    }

    package struct BlockDevice: Sendable, Hashable, JSONEncodable {
        package var device: String
        package var readBytesPerSecond: Double?
        package var writeBytesPerSecond: Double?
        package init(device: String) { self.device = device }

        package func encode(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("device", device)
                writer.member("readBytesPerSecond", readBytesPerSecond, decimals: 0)
                writer.member("writeBytesPerSecond", writeBytesPerSecond, decimals: 0)
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("agentId", agentID)
            writer.member("version", version)
            writer.member("hostname", hostname)
            writer.member("platform", platform)
            writer.member("osName", osName)
            writer.member("osVersion", osVersion)
            writer.member("kernelVersion", kernelVersion)
            writer.member("architecture", architecture)
            writer.member("cpuModel", cpuModel)
            writer.member("cpuCount", cpuCount)
            if let cpuPerCorePercent {
                writer.array("cpuPerCore") { array in
                    for percent in cpuPerCorePercent { array.double(percent, decimals: 2) }
                }
            }
            writer.member("loadAverage", loadAverage)
            writer.member("reportIntervalSeconds", reportIntervalSeconds)
            writer.member("memory", memory)
            writer.member("disks", disks)
            writer.member("network", network)
            writer.member("diskIO", diskIO)
            if !temperatures.isEmpty {
                writer.object("temperatures") { writer in
                    for (sensor, celsius) in temperatures.sorted(by: { $0.key < $1.key }) {
                        writer.member(sensor, celsius, decimals: 1)
                    }
                }
            }
        }
    }
}
