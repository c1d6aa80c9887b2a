internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A place where machines of an organisation stand.
struct Site: Sendable {
    let id: SiteID
    var name: String
    var description: String
    var tags: [String]
    let createdAt: Timestamp

    static let columns: SQL = "id, name, description, tags, created_at"

    init(_ row: inout RowReader) throws {
        id = try row.next()
        name = try row.next()
        description = try row.next()
        tags = try row.next()
        createdAt = try row.next()
    }

    init(id: SiteID, name: String, createdAt: Timestamp) {
        self.id = id
        self.name = name
        self.createdAt = createdAt
        description = ""
        tags = []
    }

    static let schema = Schema.object([
        "id": .uuid, "name": .string(minLength: 1, maxLength: 64), "description": .string(maxLength: 500),
        "tags": .array(.string, maxItems: 16), "createdAt": .timestamp,
    ]).named("Site")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000b","name":"Bremen","description":"","tags":["north"],\
        "createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension Site {
    /// For the audit trail.
    var told: JSONValue {
        ["name": .string(name), "description": .string(description), "tags": .array(tags.map { .string($0) })]
    }
}

extension Site: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("description", description)
            json.array("tags") { json in for tag in tags { json.string(tag) } }
            json.member("createdAt", createdAt)
        }
    }
}

/// `{name?, description?, tags?}`: what is absent stays.
struct SiteRequest: JSONDecodable {
    var name: String?
    var description: String?
    var tags: [String]?

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.string()
            case "description": description = try reader.string()
            case "tags": tags = try reader.decode([String].self)
            default: try reader.skip()
            }
        }
    }

    static let schema = Schema.object([
        "name": .string(minLength: 1, maxLength: 64).optional, "description": .string(maxLength: 500).optional,
        "tags": .array(.string, maxItems: 16).optional,
    ])

    /// - Throws: 400 naming the member that does not fit.
    func change(_ site: inout Site) throws(Problem) {
        if let name {
            let name = name.trimmed
            guard (1...64).contains(name.utf8.count), name.isPlainLine else {
                throw .invalidField("name", "one line of 1 to 64 bytes is wanted")
            }
            site.name = name
        }
        if let description {
            guard description.utf8.count <= 500, !description.utf8.contains(0) else {
                throw .invalidField("description", "at most 500 bytes are wanted")
            }
            site.description = description
        }
        if let tags {
            let fits = tags.allSatisfy { (1...64).contains($0.utf8.count) && $0.isPlainLine }
            guard tags.count <= 16, fits else {
                throw .invalidField("tags", "at most 16 of 1 to 64 bytes are wanted")
            }
            site.tags = Array(Set(tags)).sorted()
        }
    }
}
