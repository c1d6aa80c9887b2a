internal import CollectorKit
internal import JSONKit

/// `/cluster/ceph/status`.
struct CephStatus: Sendable, Hashable {
    var fsid = ""
    var health = ""
    var messages: [String] = []
    var monitors = 0
    var activeManager: String?
    var standbyManagers = 0
    var osds = 0
    var osdsUp = 0
    var osdsIn = 0
    var placementGroups: Int?
    var total: Int64?
    var used: Int64?
    var available: Int64?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> CephStatus {
        var (named, quorum) = (0, 0)
        var status = try reader.row(CephStatus()) { key, reader, row throws(JSONError) in
            switch key {
            case "fsid": row.fsid = try reader.laxText() ?? ""
            case "health": row = try reader.maybeRow(row, health) ?? row
            case "quorum_names", "quorum": quorum = max(quorum, try count(&reader))
            case "monmap": named = try monitors(&reader)
            case "osdmap": row = try reader.maybeRow(row, osds) ?? row
            case "mgrmap": row = try reader.maybeRow(row, managers) ?? row
            case "pgmap": row = try reader.maybeRow(row, groups) ?? row
            default: try reader.skip()
            }
        }
        status.monitors = named > 0 ? named : quorum
        return status
    }

    private static func count(_ reader: inout JSONReader) throws(JSONError) -> Int {
        guard reader.peek() == .array else {
            try reader.skip()
            return 0
        }
        var count = 0
        try reader.enterArray()
        while try reader.nextElement() {
            try reader.skip()
            count += 1
        }
        return count
    }

    /// A number under either of two names, or a list under either of two others.
    private static func monitors(_ reader: inout JSONReader) throws(JSONError) -> Int {
        let (told, listed) =
            try reader.maybeRow((0, 0)) { key, reader, row throws(JSONError) in
                switch key {
                case "num_mons", "numMons": row.0 = try reader.laxInt() ?? 0
                case "mons", "monitors": row.1 = try count(&reader)
                default: try reader.skip()
                }
            } ?? (0, 0)
        return told > 0 ? told : listed
    }

    private static func health(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout CephStatus) throws(JSONError) {
        switch key {
        case "status": row.health = try reader.laxText() ?? ""
        case "checks" where reader.peek() == .object:
            try reader.enterObject()
            while let check = try reader.nextKey() {
                try reader.skip()
                if row.messages.count < 64 { row.messages.append(check.description) }
            }
        default: try reader.skip()
        }
    }

    private static func osds(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout CephStatus) throws(JSONError) {
        switch key {
        case "num_osds": row.osds = try reader.laxInt() ?? 0
        case "num_up_osds": row.osdsUp = try reader.laxInt() ?? 0
        case "num_in_osds": row.osdsIn = try reader.laxInt() ?? 0
        // An older form nests the map once more.
        case "osdmap": row = try reader.maybeRow(row, osds) ?? row
        default: try reader.skip()
        }
    }

    private static func managers(
        _ key: JSONKey, _ reader: inout JSONReader, _ row: inout CephStatus
    ) throws(JSONError) {
        switch key {
        case "active_name": row.activeManager = try reader.laxText()
        case "standbys": row.standbyManagers = max(row.standbyManagers, try count(&reader))
        case "num_standbys": row.standbyManagers = max(row.standbyManagers, try reader.laxInt() ?? 0)
        default: try reader.skip()
        }
    }

    private static func groups(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout CephStatus) throws(JSONError) {
        switch key {
        case "num_pgs": row.placementGroups = try reader.laxInt()
        case "bytes_total": row.total = try reader.bytes()
        case "bytes_used": row.used = try reader.bytes()
        case "bytes_avail": row.available = try reader.bytes()
        default: try reader.skip()
        }
    }
}

/// `/cluster/ceph/df`: its totals count more than the status's.
struct CephUse: Sendable, Hashable {
    struct Pool: Sendable, Hashable {
        var name = ""
        var used: Int64?
        var available: Int64?
        var fraction: Double?
    }

    var total: Int64 = 0
    var used: Int64 = 0
    var available: Int64 = 0
    var pools: [Pool] = []

    static func read(_ reader: inout JSONReader) throws(JSONError) -> CephUse {
        try reader.row(CephUse()) { key, reader, row throws(JSONError) in
            switch key {
            case "stats":
                row =
                    try reader.maybeRow(row) { key, reader, row throws(JSONError) in
                        switch key {
                        case "total_bytes": row.total = try reader.bytes() ?? 0
                        case "total_used_bytes": row.used = try reader.bytes() ?? 0
                        case "total_avail_bytes": row.available = try reader.bytes() ?? 0
                        default: try reader.skip()
                        }
                    } ?? row
            case "pools":
                row.pools = try reader.laxList(most: 512) { reader throws(JSONError) in
                    try reader.row(Pool()) { key, reader, row throws(JSONError) in
                        switch key {
                        case "name": row.name = try reader.laxText() ?? ""
                        case "stats":
                            row =
                                try reader.maybeRow(row) { key, reader, row throws(JSONError) in
                                    switch key {
                                    case "bytes_used": row.used = try reader.bytes()
                                    case "max_avail": row.available = try reader.bytes()
                                    case "percent_used": row.fraction = try reader.laxDouble()
                                    default: try reader.skip()
                                    }
                                } ?? row
                        default: try reader.skip()
                        }
                    }
                }
            default: try reader.skip()
            }
        }
    }
}
