internal import CollectorKit
internal import JSONKit

/// A pool in `/nodes/{node}/disks/zfs`.
struct ZFSPoolRow: Sendable, Hashable {
    var name = ""
    var health = ""
    var size: Int64?
    var allocated: Int64?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [ZFSPoolRow] {
        try reader.laxList(most: 128) { reader throws(JSONError) in
            let pool = try reader.row(ZFSPoolRow()) { key, reader, row throws(JSONError) in
                switch key {
                case "name": row.name = try reader.laxText() ?? ""
                case "health": row.health = try reader.laxText() ?? ""
                case "size": row.size = try reader.bytes()
                case "alloc": row.allocated = try reader.bytes()
                default: try reader.skip()
                }
            }
            return pool.name.isEmpty ? nil : pool
        }
    }
}

/// `/nodes/{node}/disks/zfs/{pool}`: the tree of devices, of which only the sick ones are kept.
struct ZFSPoolDetail: Sendable, Hashable {
    struct Device: Sendable, Hashable {
        let name: String
        /// `disk`, `vdev`, `mirror`, `raidz1`, `log`, `cache`, `spare`, `special` …
        let type: String
        let state: String
        let readErrors: Int64
        let writeErrors: Int64
        let checksumErrors: Int64
    }

    private struct Branch {
        var name = ""
        var state = ""
        var errors: (read: Int64, write: Int64, checksum: Int64) = (0, 0, 0)
        var children: [Branch] = []
    }

    var state = ""
    var scan: String?
    var sick: [Device] = []

    static func read(_ reader: inout JSONReader) throws(JSONError) -> ZFSPoolDetail {
        try reader.row(ZFSPoolDetail()) { key, reader, row throws(JSONError) in
            switch key {
            case "state": row.state = try reader.laxText() ?? ""
            case "scan": row.scan = try reader.laxText()
            case "children":
                for branch in try reader.laxList(branch) { row.keep(branch, role: nil) }
            default: try reader.skip()
            }
        }
    }

    // The reader's own limit ends the depth of this.
    private static func branch(_ reader: inout JSONReader) throws(JSONError) -> Branch? {
        try reader.row(Branch()) { key, reader, row throws(JSONError) in
            switch key {
            case "name": row.name = try reader.laxText() ?? ""
            case "state": row.state = (try reader.laxText() ?? "").uppercased()
            case "read": row.errors.read = try reader.laxCount() ?? 0
            case "write": row.errors.write = try reader.laxCount() ?? 0
            case "cksum": row.errors.checksum = try reader.laxCount() ?? 0
            case "children": row.children = try reader.laxList(branch)
            default: try reader.skip()
            }
        }
    }

    private mutating func keep(_ branch: Branch, role: String?) {
        let isLeaf = branch.children.isEmpty
        let own = Self.role(branch.name) ?? role
        let state = branch.state.isEmpty ? "UNKNOWN" : branch.state
        let errors = branch.errors
        let isWell =
            ["ONLINE", "SPARE", "AVAIL", "INUSE"].contains(state) || (state == "UNKNOWN" && own != nil)
        let hasErrors = errors.read > 0 || errors.write > 0 || errors.checksum > 0
        if !isWell || hasErrors, sick.count < 512 {
            sick.append(
                Device(
                    name: branch.name, type: Self.type(branch.name, role: own, isLeaf: isLeaf), state: state,
                    readErrors: errors.read, writeErrors: errors.write, checksumErrors: errors.checksum))
        }
        for child in branch.children { keep(child, role: own) }
    }

    private static func role(_ name: String) -> String? {
        let name = name.lowercased()
        if name == "log" || name == "logs" || name.hasPrefix("slog") { return "log" }
        if name == "cache" || name.hasPrefix("l2arc") { return "cache" }
        if name == "spare" || name == "spares" { return "spare" }
        return name == "special" ? "special" : nil
    }

    private static func type(_ name: String, role: String?, isLeaf: Bool) -> String {
        if let role {
            if isLeaf { return role }
            return role == "spare" || role == "special" ? role + "-group" : role
        }
        if name.hasPrefix("mirror") { return "mirror" }
        if name.hasPrefix("raidz") { return String(name.prefix { $0 != "-" }) }
        return isLeaf ? "disk" : "vdev"
    }
}
