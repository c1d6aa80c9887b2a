internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// What a customer grants to a provider, as the customer sees it.
struct GivenGrant: Sendable {
    let id: ProviderGrantID
    let slug: String
    let provider: OrgID?
    let role: String
    let note: String
    let createdAt: Timestamp
    let expiresAt: Timestamp
    let acceptedAt: Timestamp?
    let revokedAt: Timestamp?
    let ending: String?

    static let columns: SQL = """
        id, provider_slug, provider_org_id, role, note, created_at, expires_at, accepted_at, revoked_at, ending
        """

    init(_ row: inout RowReader) throws {
        id = try row.next()
        slug = try row.next()
        provider = try row.next()
        role = try row.next()
        note = try row.next()
        createdAt = try row.next()
        expiresAt = try row.next()
        acceptedAt = try row.next()
        revokedAt = try row.next()
        ending = try row.next()
    }

    func status(at now: Timestamp) -> String {
        if let ending { return ending }
        if expiresAt <= now { return "expired" }
        return acceptedAt == nil ? "offered" : "active"
    }

    func write(to json: inout JSONWriter, at now: Timestamp) {
        json.object { json in
            json.member("id", id)
            json.object("provider") { json in
                json.member("orgId", provider)
                json.member("slug", slug)
            }
            json.member("role", role)
            json.member("status", status(at: now))
            json.member("note", note)
            json.member("createdAt", createdAt)
            json.member("expiresAt", expiresAt)
            json.member("acceptedAt", acceptedAt)
            json.member("revokedAt", revokedAt)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "provider": .object(["orgId": .uuid.optional, "slug": .string]),
        "role": .enumeration(ProviderRequest.roles),
        "status": .enumeration(["offered", "active", "expired", "revoked", "declined"]), "note": .string,
        "createdAt": .timestamp, "expiresAt": .timestamp, "acceptedAt": .timestamp.optional,
        "revokedAt": .timestamp.optional,
    ]).named("ProviderGrant")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000c","provider":{"slug":"good-hands"},"role":"editor",\
        "status":"offered","note":"nights and weekends","createdAt":"2026-11-21T09:30:00.000Z",\
        "expiresAt":"2027-05-21T09:30:00.000Z"}
        """
}

/// The same, as the provider sees it.
struct ReceivedGrant: Sendable, JSONEncodable {
    let id: ProviderGrantID
    let customer: OrgID
    let slug: String
    let displayName: String
    let role: String
    let note: String
    let createdAt: Timestamp
    let expiresAt: Timestamp
    let acceptedAt: Timestamp?

    init(_ row: inout RowReader) throws {
        id = try row.next()
        customer = try row.next()
        slug = try row.next()
        displayName = try row.next()
        role = try row.next()
        note = try row.next()
        createdAt = try row.next()
        expiresAt = try row.next()
        acceptedAt = try row.next()
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.object("customer") { json in
                json.member("orgId", customer)
                json.member("slug", slug)
                json.member("displayName", displayName)
            }
            json.member("role", role)
            json.member("status", acceptedAt == nil ? "offered" : "active")
            json.member("note", note)
            json.member("createdAt", createdAt)
            json.member("expiresAt", expiresAt)
            json.member("acceptedAt", acceptedAt)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "customer": .object(["orgId": .uuid, "slug": .string, "displayName": .string]),
        "role": .enumeration(ProviderRequest.roles), "status": .enumeration(["offered", "active"]), "note": .string,
        "createdAt": .timestamp, "expiresAt": .timestamp, "acceptedAt": .timestamp.optional,
    ]).named("ReceivedGrant")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000c","customer":{"orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "slug":"nordwind","displayName":"Nordwind"},"role":"editor","status":"offered","note":"",\
        "createdAt":"2026-11-21T09:30:00.000Z","expiresAt":"2027-05-21T09:30:00.000Z"}
        """
}

/// `{provider, role, expiresAt, note?}`
struct ProviderRequest: JSONDecodable {
    static let roles = ["viewer", "auditor", "editor", "admin"]

    let provider: String
    let role: String
    let expiresAt: Timestamp
    var note = ""

    init(from reader: inout JSONReader) throws(JSONError) {
        var (provider, role): (String?, String?) = (nil, nil)
        var expiresAt: Timestamp?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "provider": provider = try reader.string()
            case "role": role = try reader.string()
            case "expiresAt": expiresAt = try reader.decode(Timestamp.self)
            case "note": note = try reader.string()
            default: try reader.skip()
            }
        }
        self.provider = try reader.required("provider", provider)
        self.role = try reader.required("role", role)
        self.expiresAt = try reader.required("expiresAt", expiresAt)
    }

    /// - Throws: 400 naming the member that does not fit.
    func check(at now: Timestamp) throws(Problem) -> Slug {
        guard let slug = Slug(provider.trimmed) else {
            throw .invalidField("provider", "the provider's slug is wanted: 3 to 40 of a-z, 0-9 and hyphen")
        }
        guard Self.roles.contains(role) else {
            throw Problem.invalidRole.with(detail: "one of viewer, auditor, editor and admin is wanted")
        }
        guard expiresAt > now, expiresAt <= now + .seconds(366 * 86_400) else {
            throw .invalidField("expiresAt", "a moment within the next year is wanted")
        }
        guard note.utf8.count <= 500, !note.utf8.contains(0) else {
            throw .invalidField("note", "at most 500 bytes are wanted")
        }
        return slug
    }
}
