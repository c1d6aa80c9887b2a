package import JSONKit
package import Kernel

extension HostReport {
    /// One container. Values of which nothing is known yet are nil: a stopped one has no use of memory, not 0.
    package struct DockerContainer: Hashable, Sendable {
        package var id = ""
        /// Without the slash that the engine writes before it.
        package var name = ""
        package var image: String?
        package var imageID: String?
        package var createdAt: Timestamp?
        /// created, running, paused, restarting, removing, exited, dead.
        package var state: String?
        /// The engine's own words, `Up 5 minutes (healthy)`.
        package var status: String?
        /// starting, healthy, unhealthy; nil without a health check.
        package var health: String?
        /// As `docker stats` shows it: 200 is two whole cores.
        package var cpuPercent: Double?
        /// Without page cache.
        package var memoryUsageBytes: Int64?
        package var memoryLimitBytes: Int64?
        package var memoryPercent: Double?
        package var processes: Int64?
        /// How old the measured values are; nil when they are of this report's moment.
        package var statsAgeSeconds: Int64?
        package var restartCount: Int64?
        package var exitCode: Int64?
        package var oomKilled: Bool?
        package var startedAt: Timestamp?
        package var finishedAt: Timestamp?
        package var ports: [Port] = []
        /// What looks like a secret is told as `<redacted>`.
        package var labels: [String: String] = [:]
        package var networks: [Attachment] = []
        package var mounts: [Mount] = []
        package var networkRxBytes: UInt64?
        package var networkTxBytes: UInt64?
        package var networkRxBytesPerSecond: Double?
        package var networkTxBytesPerSecond: Double?
        package var blockReadBytes: UInt64?
        package var blockWriteBytes: UInt64?
        package var blockReadBytesPerSecond: Double?
        package var blockWriteBytesPerSecond: Double?

        package init() {}

        package struct Port: Hashable, Sendable {
            package var privatePort: Int64?
            package var publicPort: Int64?
            package var protocolName: String?
            package var ip: String?
            package init() {}
        }

        package struct Attachment: Hashable, Sendable {
            package var name = ""
            package var ipv4: String?
            package var ipv6: String?
            package init() {}
        }

        package struct Mount: Hashable, Sendable {
            package var type: String?
            /// The volume's name or the host's path.
            package var source: String?
            package var destination: String?
            package var isWritable: Bool?
            package init() {}
        }
    }
}

extension HostReport.DockerContainer: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.decode(into: &id)
            case "name": try reader.decode(into: &name)
            case "image": try reader.lax(&image)
            case "imageId": try reader.lax(&imageID)
            case "createdAt": try reader.lax(&createdAt)
            case "state": try reader.lax(&state)
            case "status": try reader.lax(&status)
            case "health": try reader.lax(&health)
            case "cpuPercent": try reader.lax(&cpuPercent)
            case "memoryUsageBytes": try reader.lax(&memoryUsageBytes)
            case "memoryLimitBytes": try reader.lax(&memoryLimitBytes)
            case "memoryPercent": try reader.lax(&memoryPercent)
            case "pids": try reader.lax(&processes)
            case "statsAgeSeconds": try reader.lax(&statsAgeSeconds)
            case "restartCount": try reader.lax(&restartCount)
            case "exitCode": try reader.lax(&exitCode)
            case "oomKilled": try reader.lax(&oomKilled)
            case "startedAt": try reader.lax(&startedAt)
            case "finishedAt": try reader.lax(&finishedAt)
            case "ports": try reader.lax(&ports)
            case "labels": try reader.lax(&labels)
            case "networks": try reader.lax(&networks)
            case "mounts": try reader.lax(&mounts)
            case "networkRxBytes": try reader.lax(&networkRxBytes)
            case "networkTxBytes": try reader.lax(&networkTxBytes)
            case "networkRxBytesPerSecond": try reader.lax(&networkRxBytesPerSecond)
            case "networkTxBytesPerSecond": try reader.lax(&networkTxBytesPerSecond)
            case "blockIo": try readBlockIO(&reader)
            default: try reader.skip()
            }
        }
    }

    private mutating func readBlockIO(_ reader: inout JSONReader) throws(JSONError) {
        if try reader.skipNull() { return }
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "readBytes": try reader.lax(&blockReadBytes)
            case "writeBytes": try reader.lax(&blockWriteBytes)
            case "readBytesPerSecond": try reader.lax(&blockReadBytesPerSecond)
            case "writeBytesPerSecond": try reader.lax(&blockWriteBytesPerSecond)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("image", image)
            json.member("imageId", imageID)
            json.member("createdAt", createdAt)
            json.member("state", state)
            json.member("status", status)
            json.member("health", health)
            json.member("cpuPercent", cpuPercent, decimals: 2)
            json.member("memoryUsageBytes", memoryUsageBytes)
            json.member("memoryLimitBytes", memoryLimitBytes)
            json.member("memoryPercent", memoryPercent, decimals: 2)
            json.member("pids", processes)
            json.member("statsAgeSeconds", statsAgeSeconds)
            json.member("restartCount", restartCount)
            json.member("exitCode", exitCode)
            json.member("oomKilled", oomKilled)
            json.member("startedAt", startedAt)
            json.member("finishedAt", finishedAt)
            if !ports.isEmpty { json.member("ports", ports) }
            if !labels.isEmpty { json.member("labels", labels) }
            if !networks.isEmpty { json.member("networks", networks) }
            if !mounts.isEmpty { json.member("mounts", mounts) }
            json.member("networkRxBytes", networkRxBytes)
            json.member("networkTxBytes", networkTxBytes)
            json.member("networkRxBytesPerSecond", networkRxBytesPerSecond, decimals: 0)
            json.member("networkTxBytesPerSecond", networkTxBytesPerSecond, decimals: 0)
            if blockReadBytes != nil || blockWriteBytes != nil {
                json.object("blockIo") { json in
                    json.member("readBytes", blockReadBytes)
                    json.member("writeBytes", blockWriteBytes)
                    json.member("readBytesPerSecond", blockReadBytesPerSecond, decimals: 0)
                    json.member("writeBytesPerSecond", blockWriteBytesPerSecond, decimals: 0)
                }
            }
        }
    }
}

extension HostReport.DockerContainer.Port: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "privatePort": try reader.lax(&privatePort)
            case "publicPort": try reader.lax(&publicPort)
            case "protocol": try reader.lax(&protocolName)
            case "ip": try reader.lax(&ip)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("privatePort", privatePort)
            json.member("publicPort", publicPort)
            json.member("protocol", protocolName)
            json.member("ip", ip)
        }
    }
}

extension HostReport.DockerContainer.Attachment: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": try reader.decode(into: &name)
            case "ipv4": try reader.lax(&ipv4)
            case "ipv6": try reader.lax(&ipv6)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("name", name)
            json.member("ipv4", ipv4)
            json.member("ipv6", ipv6)
        }
    }
}

extension HostReport.DockerContainer.Mount: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "type": try reader.lax(&type)
            case "source": try reader.lax(&source)
            case "destination": try reader.lax(&destination)
            case "rw": try reader.lax(&isWritable)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("type", type)
            json.member("source", source)
            json.member("destination", destination)
            json.member("rw", isWritable)
        }
    }
}
