package import JSONKit

extension HostReport {
    package struct Metrics: Hashable, Sendable {
        /// 0...100 of all processors together, over the time since the report before.
        package var cpuUsagePercent: Double?
        /// 0...100 each, in the order of the processors.
        package var cpuPerCorePercent: [Double] = []
        package var memory = Memory()

        package init() {}
    }

    /// Agents that do not know `availableBytes` count used = total - available, cache = available - free.
    package struct Memory: Hashable, Sendable {
        package var totalBytes: Int64?
        /// Total less what is available: page cache does not count as used.
        package var usedBytes: Int64?
        package var availableBytes: Int64?
        package var freeBytes: Int64?
        package var cacheBytes: Int64?
        /// Percent, 0...100.
        package var usage: Double?
        package var swapTotalBytes: Int64?
        package var swapUsedBytes: Int64?

        package init() {}
    }
}

extension HostReport.Metrics: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "cpuUsagePercent": try reader.lax(&cpuUsagePercent)
            case "cpuPerCorePercent": try reader.lax(&cpuPerCorePercent)
            case "memory": try reader.decode(into: &memory)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("cpuUsagePercent", cpuUsagePercent, decimals: 2)
            if !cpuPerCorePercent.isEmpty {
                json.array("cpuPerCorePercent") { json in
                    for percent in cpuPerCorePercent { json.double(percent, decimals: 2) }
                }
            }
            json.member("memory", memory)
        }
    }
}

extension HostReport.Memory: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "totalBytes": try reader.lax(&totalBytes)
            case "usedBytes": try reader.lax(&usedBytes)
            case "availableBytes": try reader.lax(&availableBytes)
            case "freeBytes": try reader.lax(&freeBytes)
            case "cacheBytes": try reader.lax(&cacheBytes)
            case "usage": try reader.lax(&usage)
            case "swapTotalBytes": try reader.lax(&swapTotalBytes)
            case "swapUsedBytes": try reader.lax(&swapUsedBytes)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("totalBytes", totalBytes)
            json.member("usedBytes", usedBytes)
            json.member("availableBytes", availableBytes)
            json.member("freeBytes", freeBytes)
            json.member("cacheBytes", cacheBytes)
            json.member("usage", usage, decimals: 2)
            json.member("swapTotalBytes", swapTotalBytes)
            json.member("swapUsedBytes", swapUsedBytes)
        }
    }
}
