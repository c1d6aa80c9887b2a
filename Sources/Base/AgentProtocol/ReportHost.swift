package import JSONKit

extension HostReport {
    /// The machine: who it is and what it runs.
    package struct Host: Hashable, Sendable {
        /// The machine id, as agents send it.
        package var id: String?
        /// Required: the only member without which a report is refused.
        package var hostname = ""
        package var displayName: String?
        /// Linux: `/etc/machine-id` in UUID form. Clones of an image may share it.
        package var machineID: String?
        /// The mainboard's or virtual machine's UUID from the firmware; readable by root only.
        package var dmiUUID: String?
        /// linux, macos, windows, freebsd; old agents send the distribution or `darwin`.
        package var platform: String?
        package var osName: String?
        package var osVersion: String?
        package var kernelVersion: String?
        package var architecture: String?
        package var cpuModel: String?
        /// Logical processors.
        package var cpuCount: Int64?
        package var uptimeSeconds: Int64?
        /// 1, 5 and 15 minutes.
        package var loadAverage: [Double] = []
        package var reportIP: String?
        /// Of a cluster's configuration: its name, and what this machine is called in it.
        package var clusterName: String?
        package var clusterNode: String?

        package init() {}
    }
}

extension HostReport.Host: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "id": try reader.lax(&id)
            case "hostname": try reader.decode(into: &hostname)
            case "displayName": try reader.lax(&displayName)
            case "machineId": try reader.lax(&machineID)
            case "dmiUuid": try reader.lax(&dmiUUID)
            case "platform": try reader.lax(&platform)
            case "osName": try reader.lax(&osName)
            case "osVersion": try reader.lax(&osVersion)
            case "kernelVersion": try reader.lax(&kernelVersion)
            case "architecture": try reader.lax(&architecture)
            case "cpuModel": try reader.lax(&cpuModel)
            case "cpuCount": try reader.lax(&cpuCount)
            case "uptimeSeconds": try reader.lax(&uptimeSeconds)
            case "loadAverage": try reader.lax(&loadAverage)
            case "reportIp": try reader.lax(&reportIP)
            case "clusterName": try reader.lax(&clusterName)
            case "clusterNode": try reader.lax(&clusterNode)
            default: try reader.skip()
            }
        }
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("hostname", hostname)
            json.member("displayName", displayName)
            json.member("machineId", machineID)
            json.member("dmiUuid", dmiUUID)
            json.member("platform", platform)
            json.member("osName", osName)
            json.member("osVersion", osVersion)
            json.member("kernelVersion", kernelVersion)
            json.member("architecture", architecture)
            json.member("cpuModel", cpuModel)
            json.member("cpuCount", cpuCount)
            json.member("uptimeSeconds", uptimeSeconds)
            if !loadAverage.isEmpty { json.member("loadAverage", loadAverage) }
            json.member("reportIp", reportIP)
            json.member("clusterName", clusterName)
            json.member("clusterNode", clusterNode)
        }
    }
}
