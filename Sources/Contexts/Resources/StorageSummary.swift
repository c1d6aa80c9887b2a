import Access
import HTTPKit
import JSONKit
import Kernel
import Postgres

/// How much room there is and how much of it is taken, over all storages that a caller sees. What several nodes share is one
/// storage and counts once; what has told no size is counted as unknown, never as empty.
struct StorageSummary {
    /// More than that no organisation watches; beyond it the sums would be of some of them, and say so.
    static let mostStorages = 10_000
    static let places = 20

    struct Sum: Equatable {
        var count = 0
        var total: Int64 = 0
        var used: Int64 = 0

        /// Platforms tell any number: a sum that outgrows what can be counted stays at its bound.
        mutating func add(_ room: Room) {
            count += 1
            total = Self.sum(total, room.total)
            used = Self.sum(used, room.used)
        }

        /// Of two that are not negative.
        private static func sum(_ one: Int64, _ other: Int64) -> Int64 {
            let (sum, isTooLarge) = one.addingReportingOverflow(other)
            return isTooLarge ? .max : sum
        }

        var percent: Double? { total > 0 ? Double(used) / Double(total) * 100 : nil }
    }

    struct Room: Equatable {
        let used: Int64
        let total: Int64
    }

    struct Place {
        let id: ResourceID
        let name: String
        let parentName: String?
        let room: Room
        var share: Double { Double(room.used) / Double(room.total) }
    }

    private(set) var all = Sum()
    private(set) var byKind: [String: Sum] = [:]
    private(set) var byStatus: [String: Int] = [:]
    /// Told no size.
    private(set) var unknown = 0
    /// The fullest first.
    private(set) var fullest: [Place] = []
    var isComplete = true

    mutating func add(_ storage: StoredResource) {
        byStatus[storage.status, default: 0] += 1
        let (facts, live) = (Self.read(storage.facts), Self.read(storage.live))
        guard let disk = live?["metrics"]?["disk"], let total = disk["total"]?.int, total > 0,
            let used = disk["used"]?.int, used >= 0
        else {
            unknown += 1
            return
        }
        let room = Room(used: Int64(used), total: Int64(total))
        all.add(room)
        byKind[facts?["storage"]?["type"]?.string ?? storage.source, default: Sum()].add(room)
        fullest.append(
            Place(id: storage.id, name: storage.name, parentName: facts?["parentName"]?.string, room: room))
    }

    private static func read(_ json: [UInt8]) -> JSONValue? {
        var reader = JSONReader(json)
        return try? reader.decode(JSONValue.self)
    }

    // MARK: HTTP

    static let schema = Schema.object([
        "storages": .object([
            "count": .integer, "totalBytes": .integer, "usedBytes": .integer, "freeBytes": .integer,
            "percent": .number(minimum: 0).optional,
        ]),
        "unknown": .integer.described("Storages that have told no size; they are in no sum"),
        "complete": .boolean.described("Whether all storages are in the sums"),
        "byStatus": .map(of: .integer),
        "byType": .array(
            .object([
                "type": .string, "count": .integer, "totalBytes": .integer, "usedBytes": .integer,
                "freeBytes": .integer, "percent": .number(minimum: 0).optional,
            ])),
        "fullest": .array(
            .object([
                "resourceId": .uuid, "name": .string, "parentName": .string.optional, "totalBytes": .integer,
                "usedBytes": .integer, "percent": .number(minimum: 0),
            ])),
    ])

    static let example = """
        {"storages":{"count":1,"totalBytes":1000000,"usedBytes":250000,"freeBytes":750000,"percent":25},"unknown":0,\
        "complete":true,"byStatus":{"online":1},"byType":[{"type":"zfspool","count":1,"totalBytes":1000000,\
        "usedBytes":250000,"freeBytes":750000,"percent":25}],"fullest":[{"resourceId":\
        "5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","name":"local-zfs","parentName":"pve1","totalBytes":1000000,\
        "usedBytes":250000,"percent":25}]}
        """

    static let statement: SQL = """
        SELECT \(StoredRows.columns) FROM resources row LEFT JOIN resource_live live USING (org_id, connection_id)
        WHERE row.type = 'storage' AND \(Visibility.shows("row.connection_id")) ORDER BY row.id LIMIT \(mostStorages + 1)
        """

    init() {}

    init(_ result: ResultSet) throws {
        var rows = StoredRows()
        try result.each { try rows.take(&$0) }
        for storage in rows.resources.prefix(Self.mostStorages) { add(storage) }
        isComplete = rows.count <= Self.mostStorages
    }

    /// - Parameter top: how many of the fullest.
    func encoded(top: Int) -> [UInt8] {
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.object("storages") { Self.write(all, to: &$0) }
            writer.member("unknown", unknown)
            writer.member("complete", isComplete)
            writer.member("byStatus", byStatus)
            writer.array("byType") { writer in
                for (type, sum) in byKind.sorted(by: { ($1.value.total, $0.key) < ($0.value.total, $1.key) }) {
                    writer.object { writer in
                        writer.member("type", type)
                        Self.write(sum, to: &writer)
                    }
                }
            }
            writer.array("fullest") { writer in
                for place in fullest.sorted(by: { ($1.share, $0.id) < ($0.share, $1.id) }).prefix(top) {
                    writer.object { writer in
                        writer.member("resourceId", place.id)
                        writer.member("name", place.name)
                        writer.member("parentName", place.parentName)
                        writer.member("totalBytes", place.room.total)
                        writer.member("usedBytes", place.room.used)
                        writer.member("percent", place.share * 100, decimals: 2)
                    }
                }
            }
        }
        return writer.bytes
    }

    private static func write(_ sum: Sum, to writer: inout JSONWriter) {
        writer.member("count", sum.count)
        writer.member("totalBytes", sum.total)
        writer.member("usedBytes", sum.used)
        writer.member("freeBytes", max(0, sum.total - sum.used))
        writer.member("percent", sum.percent, decimals: 2)
    }
}
