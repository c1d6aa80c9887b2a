internal import Kernel

/// One key by which a thing is known, kept in `resource_keys`.
package struct Evidence: Hashable, Sendable, Comparable {
    package enum Kind: String, Sendable, Hashable, CaseIterable {
        /// `/etc/machine-id`, lower case.
        case machineID = "machine-id"
        /// The SMBIOS system UUID, lower case.
        case dmiUUID = "dmi-uuid"
        case agentID = "agent-id"
        /// What a platform calls the thing, with the platform's instance before it: `pve:INSTANCE/qemu/101`. Names no node
        /// where the thing may move. An instance is one the world over, or begins with the connection's id.
        case platformID = "platform-id"
        /// Serial number or WWN of a disk, of the disk itself.
        case diskSerial = "disk-serial"
        /// The same, of the machine that the disk is in; a machine has several.
        case hostDisk = "host-disk"
        /// `CLUSTER/NODE`, lower case: what a node and an agent on it both know, where cluster names differ.
        case clusterNode = "cluster-node"
        /// A connection and its own key: `CONNECTION/KEY`.
        case claim
    }

    package let kind: Kind
    package let value: String

    package init(_ kind: Kind, _ value: String) {
        self.kind = kind
        self.value = value
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.kind.rawValue, left.value) < (right.kind.rawValue, right.value)
    }
}

extension Evidence {
    package init(clusterNode node: String, in cluster: String) {
        self.init(.clusterNode, "\(cluster)/\(node)".lowercased())
    }

    /// What the numbers of a disk say of the machine that it is in. Not what virtual machines give to each of their disks, nor
    /// what makers ship instead of a number.
    package static func ofHost(diskSerial serial: String?, wwn: String?) -> [Evidence] {
        [telling(serial: serial), telling(wwn: wwn)].compactMap { $0.map { Evidence(.hostDisk, $0) } }
    }

    private static func telling(serial: String?) -> String? {
        guard let number = serial?.trimmed.lowercased(), number.count >= 6 else { return nil }
        return isMadeUp(number) ? nil : number
    }

    private static func telling(wwn: String?) -> String? {
        guard var number = wwn?.trimmed.lowercased()[...] else { return nil }
        for prefix in ["0x", "naa.", "eui."] where number.hasPrefix(prefix) { number = number.dropFirst(prefix.count) }
        guard number.count >= 16, number.allSatisfy(\.isHexDigit) else { return nil }
        return isMadeUp(String(number)) ? nil : String(number)
    }

    private static func isMadeUp(_ number: String) -> Bool {
        Set(number).count < 3 || ["qm0000", "drive-", "unknown", "0123456", "123456"].contains(where: number.hasPrefix)
    }
}
