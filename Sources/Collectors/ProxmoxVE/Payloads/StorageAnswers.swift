internal import CollectorKit
internal import JSONKit

/// A storage as the cluster configures it (`/storage`).
struct StorageConfig: Sendable, Hashable {
    var name = ""
    var type = ""
    var content = ""
    var isShared = false
    var isDisabled = false
    /// Empty: every node.
    var nodes: [String] = []
    var pool: String?
    var path: String?
    var server: String?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [StorageConfig] {
        try reader.laxList(most: 1024) { reader throws(JSONError) in
            let one = try reader.row(StorageConfig()) { key, reader, row throws(JSONError) in
                switch key {
                case "storage": row.name = try reader.laxText() ?? ""
                case "type": row.type = try reader.laxText() ?? ""
                case "content": row.content = try reader.laxText() ?? ""
                case "shared": row.isShared = try reader.laxBool()
                case "disable": row.isDisabled = try reader.laxBool()
                case "nodes":
                    row.nodes = (try reader.laxText() ?? "").split(separator: ",").map(String.init)
                case "pool": row.pool = try reader.laxText()
                case "path": row.path = try reader.laxText()
                case "server": row.server = try reader.laxText()
                default: try reader.skip()
                }
            }
            return one.name.isEmpty ? nil : one
        }
    }
}

/// The backups of one storage (`/nodes/{node}/storage/{storage}/content?content=backup`).
struct StorageBackup: Sendable, Hashable {
    var vmid = 0
    var time: Int64 = 0
    var size: Int64?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [StorageBackup] {
        try reader.laxList { reader throws(JSONError) in
            let (backup, content) = try reader.row((StorageBackup(), "")) { key, reader, row throws(JSONError) in
                switch key {
                case "vmid": row.0.vmid = try reader.laxInt() ?? 0
                case "ctime": row.0.time = try reader.laxCount() ?? 0
                case "size": row.0.size = try reader.bytes()
                case "content": row.1 = try reader.laxText() ?? ""
                default: try reader.skip()
                }
            }
            return content == "backup" && backup.vmid > 0 ? backup : nil
        }
    }
}

/// A vzdump task of a node (`/nodes/{node}/tasks`).
struct BackupTask: Sendable, Hashable {
    var number = ""
    var vmid: Int?
    var start: Int64 = 0
    var end: Int64?
    var outcome: String?

    static let pageSize = 200
    private static let mostPages = 5
    /// Of older ones nothing is shown.
    private static let longAgo: Int64 = 7 * 86_400

    /// Newest first, page by page, until one is short or of long ago; a platform that has ever another page is not followed.
    static func pages(
        _ page: (_ start: Int) async throws(PlatformFailure) -> [BackupTask]
    ) async throws(PlatformFailure) -> [BackupTask] {
        var all: [BackupTask] = []
        var known: Set<String> = []
        for number in 0..<mostPages {
            let some = try await page(number * pageSize)
            // One that started while we read moves the others on to the next page.
            all += some.filter { $0.number.isEmpty || known.insert($0.number).inserted }
            guard some.count == pageSize, let newest = all.map(\.start).max(), let oldest = some.map(\.start).min(),
                newest - oldest < longAgo
            else { break }
        }
        return all
    }

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [BackupTask] {
        try reader.laxList(most: pageSize) { reader throws(JSONError) in
            try reader.row(BackupTask()) { key, reader, row throws(JSONError) in
                switch key {
                case "upid": row.number = try reader.laxText() ?? ""
                case "id": row.vmid = Int(try reader.laxText() ?? "")
                case "starttime": row.start = try reader.laxMoment() ?? 0
                case "endtime": row.end = try reader.laxCount()
                case "status": row.outcome = try reader.laxText()
                default: try reader.skip()
                }
            }
        }
    }
}

/// A disk of a node (`/nodes/{node}/disks/list`).
struct NodeDisk: Sendable, Hashable {
    var device = ""
    var model: String?
    var serial: String?
    var wwn: String?
    var type: String?
    var health: String?
    var used: String?
    var size: Int64?
    /// 0 where nothing turns.
    var rpm = 0
    /// Per cent of its life that is LEFT; `nil` is unknown.
    var lifeLeft: Int?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [NodeDisk] {
        try reader.laxList(most: 1024) { reader throws(JSONError) in
            let disk = try reader.row(NodeDisk()) { key, reader, row throws(JSONError) in
                switch key {
                case "devpath": row.device = try reader.laxText() ?? ""
                case "model": row.model = known(try reader.laxText())
                case "serial": row.serial = known(try reader.laxText())
                case "wwn": row.wwn = known(try reader.laxText())
                case "type": row.type = try reader.laxText()
                case "health": row.health = try reader.laxText()
                case "used": row.used = try reader.laxText()
                case "size": row.size = try reader.bytes()
                case "rpm": row.rpm = max(0, try reader.laxInt() ?? 0)
                case "wearout": row.lifeLeft = try lifeLeft(&reader)
                default: try reader.skip()
                }
            }
            return disk.device.isEmpty ? nil : disk
        }
    }

    private static func known(_ text: String?) -> String? {
        let text = text?.split(separator: " ").joined(separator: " ")
        return text?.isEmpty == false && text?.lowercased() != "unknown" ? text : nil
    }

    /// A number, cut and kept within 0...100; `81%` and `"81"` too. Everything else is unknown, not 0.
    static func lifeLeft(_ reader: inout JSONReader) throws(JSONError) -> Int? {
        guard reader.peek() == .number || reader.peek() == .string else {
            try reader.skip()
            return nil
        }
        let text = (try reader.laxText() ?? "").filter { $0 != "\"" && $0 != "%" && $0 != " " }
        guard let value = Double(text), value.isFinite, value >= 0 else { return nil }
        return Int(min(value, 100))
    }
}

/// What SMART adds (`/nodes/{node}/disks/smart`).
struct DiskSMART: Sendable, Hashable {
    var celsius: Double?
    var powerOnHours: Int64?
    var reallocatedSectors: Int64?
    var mediaErrors: Int64?
    /// Per cent of its life; NVMe counts on beyond 100.
    var lifeUsed: Int64?

    static func read(_ reader: inout JSONReader) throws(JSONError) -> DiskSMART {
        try reader.row(DiskSMART()) { key, reader, row throws(JSONError) in
            switch key {
            case "attributes":
                for (id, raw) in try reader.laxList(attribute) {
                    switch id {
                    case 5: row.reallocatedSectors = raw
                    case 9: row.powerOnHours = raw
                    case 190 where row.celsius == nil, 194: row.celsius = Double(raw)
                    default: break
                    }
                }
            case "text": row.take(text: try reader.laxText() ?? "")
            default: try reader.skip()
            }
        }
    }

    private static func attribute(_ reader: inout JSONReader) throws(JSONError) -> (Int, Int64)? {
        let (id, raw) = try reader.row((0, "")) { key, reader, row throws(JSONError) in
            switch key {
            case "id": row.0 = try reader.laxInt() ?? 0
            case "raw": row.1 = try reader.laxText() ?? ""
            default: try reader.skip()
            }
        }
        // `31 (Min/Max 20/45)`: the first number is the value.
        return Int64(raw.prefix { $0.isNumber }).map { (id, $0) }
    }

    /// smartctl's own words, for NVMe.
    private mutating func take(text: String) {
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard parts.count == 2 else { continue }
            let value = Int64(parts[1].filter { $0 != "," && $0 != " " }.prefix { $0.isNumber })
            switch parts[0] {
            case "Temperature": celsius = value.map(Double.init)
            case "Percentage Used": lifeUsed = value
            case "Power On Hours": powerOnHours = value
            case "Media and Data Integrity Errors": mediaErrors = value
            default: break
            }
        }
    }
}
