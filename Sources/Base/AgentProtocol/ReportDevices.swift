package import JSONKit

extension HostReport {
    /// A mounted file system.
    package struct Disk: Hashable, Sendable {
        package var device: String?
        package var mountpoint: String?
        /// The file system's type; `type` on the wire repeats it.
        package var filesystem: String?
        package var totalBytes: Int64?
        package var usedBytes: Int64?
        /// What an ordinary user may still write; root's reserve is neither used nor free.
        package var freeBytes: Int64?
        /// As df counts: used / (used + free), percent.
        package var usage: Double?

        package init() {}
    }

    /// A whole block device. Counters since boot; rates since the report before, absent in the first.
    package struct BlockDevice: Hashable, Sendable {
        package var device = ""
        package var readBytes: UInt64?
        package var writeBytes: UInt64?
        package var readOps: UInt64?
        package var writeOps: UInt64?
        package var readTimeMs: UInt64?
        package var writeTimeMs: UInt64?
        package var ioTimeMs: UInt64?
        package var readBytesPerSecond: Double?
        package var writeBytesPerSecond: Double?

        package init() {}
    }

    /// A network interface. Counters since boot; rates since the report before, absent in the first.
    package struct Interface: Hashable, Sendable {
        package var name = ""
        package var mac: String?
        /// CIDR text, `192.168.1.7/24`.
        package var addresses: [String] = []
        package var rxBytes: UInt64?
        package var txBytes: UInt64?
        package var speedMbps: Int64?
        package var rxBytesPerSecond: Double?
        package var txBytesPerSecond: Double?

        package init() {}
    }
}

extension HostReport.Disk: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        var type: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "device": try reader.lax(&device)
            case "mountpoint": try reader.lax(&mountpoint)
            case "filesystem": try reader.lax(&filesystem)
            case "type": try reader.lax(&type)
            case "totalBytes": try reader.lax(&totalBytes)
            case "usedBytes": try reader.lax(&usedBytes)
            case "freeBytes": try reader.lax(&freeBytes)
            case "usage": try reader.lax(&usage)
            default: try reader.skip()
            }
        }
        filesystem = filesystem ?? type
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("device", device)
            json.member("mountpoint", mountpoint)
            json.member("filesystem", filesystem)
            json.member("type", filesystem)
            json.member("totalBytes", totalBytes)
            json.member("usedBytes", usedBytes)
            json.member("freeBytes", freeBytes)
            json.member("usage", usage, decimals: 2)
        }
    }
}

extension HostReport.BlockDevice: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "device": try reader.decode(into: &device)
            case "readBytes": try reader.lax(&readBytes)
            case "writeBytes": try reader.lax(&writeBytes)
            case "readOps": try reader.lax(&readOps)
            case "writeOps": try reader.lax(&writeOps)
            case "readTimeMs": try reader.lax(&readTimeMs)
            case "writeTimeMs": try reader.lax(&writeTimeMs)
            case "ioTimeMs": try reader.lax(&ioTimeMs)
            case "readBytesPerSecond": try reader.lax(&readBytesPerSecond)
            case "writeBytesPerSecond": try reader.lax(&writeBytesPerSecond)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("device", device)
            json.member("readBytes", readBytes)
            json.member("writeBytes", writeBytes)
            json.member("readOps", readOps)
            json.member("writeOps", writeOps)
            json.member("readTimeMs", readTimeMs)
            json.member("writeTimeMs", writeTimeMs)
            json.member("ioTimeMs", ioTimeMs)
            json.member("readBytesPerSecond", readBytesPerSecond, decimals: 0)
            json.member("writeBytesPerSecond", writeBytesPerSecond, decimals: 0)
        }
    }
}

extension HostReport.Interface: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": try reader.decode(into: &name)
            case "mac": try reader.lax(&mac)
            case "addresses": try reader.lax(&addresses)
            case "rxBytes": try reader.lax(&rxBytes)
            case "txBytes": try reader.lax(&txBytes)
            case "speedMbps": try reader.lax(&speedMbps)
            case "rxBytesPerSecond": try reader.lax(&rxBytesPerSecond)
            case "txBytesPerSecond": try reader.lax(&txBytesPerSecond)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("name", name)
            json.member("mac", mac)
            if !addresses.isEmpty { json.member("addresses", addresses) }
            json.member("rxBytes", rxBytes)
            json.member("txBytes", txBytes)
            json.member("speedMbps", speedMbps)
            json.member("rxBytesPerSecond", rxBytesPerSecond, decimals: 0)
            json.member("txBytesPerSecond", txBytesPerSecond, decimals: 0)
        }
    }
}
