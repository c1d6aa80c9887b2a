package import JSONKit
package import Kernel

/// What one host says about itself at one moment. A member that is nil or empty is unknown; our own agent never sends
/// 0 for what it could not read. (Agents of the
/// field leave out a true 0, so there absent may mean 0.)
package struct HostReport: Hashable, Sendable {
    package var agent = Agent()
    package var host = Host()
    package var metrics = Metrics()
    package var disks: [Disk] = []
    package var diskIO: [BlockDevice] = []
    package var network: [Interface] = []
    package var sensors = Sensors()
    /// Of the container engine, when there is one.
    package var docker: Docker?
    package var tags: [String] = []
    /// The device's clock. Places the sample; freshness goes by the server's clock.
    package var timestamp: Timestamp?
    /// As sent; `sequence` when it has the form we know.
    package var sequenceID: String?

    package init() {}

    package var sequence: SequenceID? { sequenceID.flatMap(SequenceID.init) }
}

extension HostReport: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "agent": try reader.decode(into: &agent)
            case "host": try reader.decode(into: &host)
            case "metrics": try reader.decode(into: &metrics)
            case "disks": try reader.lax(&disks)
            case "diskIO": try reader.lax(&diskIO)
            case "network": try reader.lax(&network)
            case "sensors": try reader.decode(into: &sensors)
            case "docker": try reader.lax(&docker)
            case "tags": try reader.lax(&tags)
            case "timestamp": try reader.lax(&timestamp)
            case "sequenceId": try reader.lax(&sequenceID)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("agent", agent)
            json.member("host", host)
            json.member("metrics", metrics)
            if !disks.isEmpty { json.member("disks", disks) }
            if !diskIO.isEmpty { json.member("diskIO", diskIO) }
            if !network.isEmpty { json.member("network", network) }
            json.member("sensors", sensors)
            json.member("docker", docker)
            if !tags.isEmpty { json.member("tags", tags) }
            json.member("timestamp", timestamp)
            json.member("sequenceId", sequenceID)
        }
    }
}
