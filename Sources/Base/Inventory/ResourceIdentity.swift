package import JSONKit

/// By what a machine is known.
package struct ResourceIdentity: Sendable, Hashable, JSONEncodable {
    package var machineID: String?
    package var dmiUUID: String?
    package var hostnames: [String]
    package var ipAddresses: [String]
    package var macAddresses: [String]
    /// Of the cluster or swarm that it is in: its name, then its number, as far as they are known.
    package var clusterNames: [String]

    package init(
        machineID: String? = nil, dmiUUID: String? = nil, hostnames: [String] = [], ipAddresses: [String] = [],
        macAddresses: [String] = [], clusterNames: [String] = []
    ) {
        self.machineID = machineID
        self.dmiUUID = dmiUUID
        self.hostnames = hostnames
        self.ipAddresses = ipAddresses
        self.macAddresses = macAddresses
        self.clusterNames = clusterNames
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("machineId", machineID)
            writer.member("dmiUuid", dmiUUID)
            writer.member("hostnames", hostnames)
            writer.member("ipAddresses", ipAddresses)
            writer.member("macAddresses", macAddresses)
            writer.member("clusterName", clusterNames.first)
            if clusterNames.count > 1 { writer.member("clusterNames", clusterNames) }
        }
    }
}
