package import JSONKit

/// The headline values of a resource. Unknown is absent.
package struct ResourceMetrics: Sendable, Hashable, JSONEncodable {
    /// 0...100.
    package var cpuPercent: Double?
    package var memory: Usage?
    /// The root file system.
    package var disk: Usage?
    /// Bytes a second, all interfaces or devices together.
    package var netIn: Double?
    package var netOut: Double?
    package var diskRead: Double?
    package var diskWrite: Double?

    package init() {}

    /// A share of something that has a size. `percent` is 0...100.
    package struct Usage: Sendable, Hashable {
        package var percent: Double
        package var usedBytes: Int64
        package var totalBytes: Int64

        package init(percent: Double, usedBytes: Int64, totalBytes: Int64) {
            self.percent = percent
            self.usedBytes = usedBytes
            self.totalBytes = totalBytes
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            if let cpuPercent { Self.write("cpu", percent: cpuPercent, usage: nil, to: &writer) }
            if let memory { Self.write("memory", percent: memory.percent, usage: memory, to: &writer) }
            if let disk { Self.write("disk", percent: disk.percent, usage: disk, to: &writer) }
            for (name, rate) in [
                ("netIn", netIn), ("netOut", netOut), ("diskRead", diskRead), ("diskWrite", diskWrite),
            ] {
                guard let rate else { continue }
                writer.object(name) { writer in
                    writer.member("value", rate, decimals: 0)
                    writer.member("unit", MetricUnit.bytesPerSecond.rawValue)
                }
            }
        }
    }

    private static func write(_ name: String, percent: Double, usage: Usage?, to writer: inout JSONWriter) {
        writer.object(name) { writer in
            writer.member("value", percent, decimals: 2)
            writer.member("percent", percent, decimals: 2)
            writer.member("used", usage?.usedBytes)
            writer.member("total", usage?.totalBytes)
            writer.member("unit", MetricUnit.percent.rawValue)
        }
    }
}
