internal import HTTPKit
internal import JSONKit
internal import Kernel

/// What became of an archive.
struct ImportReport: Sendable {
    struct Entry: Sendable {
        let table: String
        let id: String
        let name: String?
    }

    let header: ArchiveHeader
    private(set) var rows: [String: Int] = [:]
    private(set) var leftOut: [String: Int] = [:]
    /// Samples whose time was over.
    private(set) var expired = 0
    /// Rows of the archive that are not here now as they were there.
    var differences = 0
    private(set) var enterAgain: [Entry] = []
    var members = 0
    var invited = 0

    init(header: ArchiveHeader) { self.header = header }

    mutating func note(_ batch: [ArrivingRows.Row], stored: Int, same: Int, of table: PortableTable) {
        rows[table.name, default: 0] += stored
        expired += batch.count - stored
        differences += stored - same
        if !table.secrets.isEmpty { batch.forEach { tell($0, of: table) } }
    }

    mutating func leaveOut(_ batch: [ArrivingRows.Row], of table: PortableTable) {
        leftOut[table.name, default: 0] += batch.count
        if table.handling == .enteredAgain {
            batch.forEach { tell($0, of: table) }
        } else {
            differences += batch.count
        }
    }

    private mutating func tell(_ row: ArrivingRows.Row, of table: PortableTable) {
        guard enterAgain.count < PortabilityLimits.toldAgain, row.json["revoked_at"]?.string == nil,
            row.json["ended_at"]?.string == nil
        else { return }
        let name = ["name", "hostname", "email"].lazy.compactMap { row.json[$0]?.string }.first
        enterAgain.append(Entry(table: table.name, id: row.json["id"]?.string ?? "", name: name))
    }

    /// For the audit entry.
    var summary: JSONValue {
        [
            "source": .string("\(header.org)"), "exportedAt": .string("\(header.exportedAt)"),
            "rows": .integer(Int64(rows.values.reduce(0, +))), "differences": .integer(Int64(differences)),
        ]
    }
}

extension ImportReport: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.object("source") { json in
                json.member("orgId", header.org)
                json.member("slug", header.slug)
                json.member("displayName", header.displayName)
                json.member("exportedAt", header.exportedAt)
            }
            json.member("rows", rows.values.reduce(0, +))
            json.member("expired", expired)
            json.member("differences", differences)
            json.array("tables") { json in
                for name in Set(rows.keys).union(leftOut.keys).sorted() {
                    json.object { json in
                        json.member("name", name)
                        json.member("rows", rows[name] ?? 0)
                        json.member("leftOut", leftOut[name])
                    }
                }
            }
            json.object("people") { json in
                json.member("members", members)
                json.member("invited", invited)
            }
            json.array("enterAgain") { json in
                for entry in enterAgain {
                    json.object { json in
                        json.member("what", entry.table)
                        json.member("id", entry.id)
                        json.member("name", entry.name)
                    }
                }
            }
        }
    }

    static let schema = Schema.object([
        "source": .object(["orgId": .uuid, "slug": .string, "displayName": .string, "exportedAt": .timestamp]),
        "rows": .integer(minimum: 0),
        "expired": .integer(minimum: 0).described("samples whose time was over"),
        "differences": .integer(minimum: 0)
            .described(
                "rows of the archive that are not here as they were there; secrets aside, which are entered again"),
        "tables": .array(
            .object(["name": .string, "rows": .integer(minimum: 0), "leftOut": .integer(minimum: 0).optional])),
        "people": .object(["members": .integer(minimum: 0), "invited": .integer(minimum: 0)]),
        "enterAgain": .array(
            .object(["what": .string, "id": .string, "name": .string.optional]), maxItems: PortabilityLimits.toldAgain),
    ]).named("ImportReport")

    static let example = """
        {"source":{"orgId":"01935c1e-7d00-7000-8000-000000000001","slug":"nordwind","displayName":"Nordwind",\
        "exportedAt":"2026-11-21T09:30:00.000Z"},"rows":4211,"expired":0,"differences":0,\
        "tables":[{"name":"sites","rows":3}],"people":{"members":5,"invited":0},\
        "enterAgain":[{"what":"agents","id":"01935c1e-7d00-7000-8000-000000000005","name":"web-1"}]}
        """
}
