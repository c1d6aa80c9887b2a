package import JSONKit

/// By what a machine is known.
package struct ResourceIdentity: Sendable, Hashable, JSONEncodable {
    package var machineID: String?
    package var dmiUUID: String?
    package var hostnames: [String]
    package var ipAddresses: [String]
    package var macAddresses: [String]

    package init(
        machineID: String? = nil, dmiUUID: String? = nil, hostnames: [String] = [], ipAddresses: [String] = [],
        macAddresses: [String] = []
    ) {
        self.machineID = machineID
        self.dmiUUID = dmiUUID
        self.hostnames = hostnames
        self.ipAddresses = ipAddresses
        self.macAddresses = macAddresses
    }

    package func encode(to writer: inout JSONWriter) {
        writer.object { writer in
            writer.member("machineId", machineID)
            writer.member("dmiUuid", dmiUUID)
            writer.member("hostnames", hostnames)
            writer.member("ipAddresses", ipAddresses)
            writer.member("macAddresses", macAddresses)
        }
    }
}
