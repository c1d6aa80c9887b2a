import HTTPKit
import JSONKit
import Kernel

/// Where a machine stands: what roles can be limited to.
struct Placement: Sendable, Hashable {
    var site: SiteID?
    var tags: [String] = []

    /// - Throws: 400 naming the member.
    func checked() throws(Problem) -> Placement {
        var unique: [String] = []
        for tag in tags.map(\.trimmed) where !unique.contains(tag) { unique.append(tag) }
        guard unique.count <= 16, unique.allSatisfy({ (1...64).contains($0.utf8.count) && $0.isPlainLine }) else {
            throw .invalidField("tags", "at most 16 tags of 1 to 64 bytes are wanted")
        }
        return Placement(site: site, tags: unique)
    }
}

/// `{siteId?, tags?}`: what is left out stays, `null` takes the site away.
struct PlacementChange: JSONDecodable {
    private var site: SiteID??
    private var tags: [String]?

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "siteId": site = .some(try reader.decode())
            case "tags": tags = try reader.decode()
            default: try reader.skip()
            }
        }
    }

    static let schema = Schema.object([
        "siteId": .uuid.nullable.optional, "tags": .array(.string, maxItems: 16).nullable.optional,
    ])

    func applied(to placement: Placement) throws(Problem) -> Placement {
        try Placement(site: site ?? placement.site, tags: tags ?? placement.tags).checked()
    }
}

/// `{name?, uses?, expiresInSeconds?, tags?, siteId?}`, also no body at all.
struct NewTicketRequest: Sendable {
    var name = ""
    /// How many machines it enrols.
    var uses = 1
    var lifetime = FleetRoutes.tokenLifetime
    var placement = Placement()

    static let schema = Schema.object([
        "name": .string(maxLength: 64).optional, "uses": .integer(minimum: 1, maximum: 1000).optional,
        "expiresInSeconds": .integer(minimum: 300, maximum: 2_592_000).optional,
        "tags": .array(.string, maxItems: 16).nullable.optional, "siteId": .uuid.nullable.optional,
    ])

    /// - Throws: 400 naming the member.
    init(_ request: APIRequest) throws {
        if !request.body.isEmpty { try read(request.body) }
        name = name.trimmed
        guard name.utf8.count <= 64, name.isPlainLine else {
            throw Problem.invalidField("name", "one line of at most 64 bytes is wanted")
        }
        guard (1...1000).contains(uses) else { throw Problem.invalidField("uses", "1 to 1000 is wanted") }
        guard (.seconds(300) ... .seconds(2_592_000)).contains(lifetime) else {
            throw Problem.invalidField("expiresInSeconds", "five minutes to 30 days are wanted")
        }
        placement = try placement.checked()
    }

    private mutating func read(_ body: [UInt8]) throws(JSONError) {
        var reader = JSONReader(body)
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": try reader.decode(into: &name)
            case "uses": try reader.decode(into: &uses)
            case "expiresInSeconds":
                let seconds = try reader.int()
                lifetime = .seconds(min(max(seconds, -1), 1_000_000_000))
            case "tags": placement.tags = try reader.decode([String]?.self) ?? []
            case "siteId": placement.site = try reader.decode()
            default: try reader.skip()
            }
        }
        try reader.finish()
    }
}
