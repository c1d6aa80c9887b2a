internal import CollectorKit
internal import JSONKit

/// A row of `/cluster/resources`: a node, a guest or a storage, told apart by `type`.
struct ClusterRow: Sendable {
    enum Kind: Sendable { case node, qemu, lxc, storage, other }

    var kind = Kind.other
    var node = ""
    var name = ""
    var status = ""
    var vmid = 0
    var isTemplate = false
    var tags = ""
    var lock: String?
    var haState: String?
    var pool: String?
    /// 0...1 of all cores it has.
    var cpu: Double?
    var maxCPU: Double?
    var mem: Int64?
    var maxMem: Int64?
    var disk: Int64?
    var maxDisk: Int64?
    var uptime: Int64?
    var netIn: Double?
    var netOut: Double?
    var diskRead: Double?
    var diskWrite: Double?
    var storage = ""
    var pluginType = ""
    var content = ""
    var isShared = false
}

struct ClusterRows: Sendable {
    var nodes: [ClusterRow] = []
    var guests: [ClusterRow] = []
    var storages: [ClusterRow] = []

    /// All types in one pass: this is what every poll of every connection reads.
    static func read(_ reader: inout JSONReader) throws(JSONError) -> ClusterRows {
        var rows = ClusterRows()
        try reader.enterArray()
        while try reader.nextElement() {
            let row = try reader.row(ClusterRow(), member)
            switch row.kind {
            case .node: if !row.node.isEmpty { rows.nodes.append(row) }
            case .qemu, .lxc: if row.vmid > 0, !row.node.isEmpty { rows.guests.append(row) }
            case .storage: if !row.storage.isEmpty { rows.storages.append(row) }
            case .other: break
            }
        }
        return rows
    }

    private static func member(
        _ key: JSONKey, _ reader: inout JSONReader, _ row: inout ClusterRow
    ) throws(JSONError) {
        switch key {
        case "type": row.kind = kind(try reader.laxText())
        case "node": row.node = try reader.laxText() ?? ""
        case "name": row.name = try reader.laxText() ?? ""
        case "status": row.status = try reader.laxText() ?? ""
        case "vmid": row.vmid = try reader.laxInt() ?? 0
        case "template": row.isTemplate = try reader.laxBool()
        case "tags": row.tags = try reader.laxText() ?? ""
        case "lock": row.lock = try reader.laxText()
        case "hastate": row.haState = try reader.laxText()
        case "pool": row.pool = try reader.laxText()
        case "cpu": row.cpu = try reader.laxDouble()
        case "maxcpu": row.maxCPU = try reader.laxDouble()
        case "mem": row.mem = try reader.bytes()
        case "maxmem": row.maxMem = try reader.bytes()
        case "disk": row.disk = try reader.bytes()
        case "maxdisk": row.maxDisk = try reader.bytes()
        case "uptime": row.uptime = try reader.laxUptime()
        case "netin": row.netIn = try reader.laxDouble()
        case "netout": row.netOut = try reader.laxDouble()
        case "diskread": row.diskRead = try reader.laxDouble()
        case "diskwrite": row.diskWrite = try reader.laxDouble()
        case "storage": row.storage = try reader.laxText() ?? ""
        case "plugintype": row.pluginType = try reader.laxText() ?? ""
        case "content": row.content = try reader.laxText() ?? ""
        case "shared": row.isShared = try reader.laxBool()
        default: try reader.skip()
        }
    }

    private static func kind(_ text: String?) -> ClusterRow.Kind {
        switch text {
        case "node": .node
        case "qemu": .qemu
        case "lxc": .lxc
        case "storage": .storage
        default: .other
        }
    }
}
