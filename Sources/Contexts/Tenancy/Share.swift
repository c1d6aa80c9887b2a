internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A resource that an organisation shows to another one, as its owner sees it.
struct Share: Sendable, JSONEncodable {
    static let roles = ["viewer", "editor", "admin"]

    let id: OrgShareID
    let targetSlug: String
    let target: OrgID?
    let resource: ResourceID
    let resourceType: String?
    let resourceName: String?
    let accessRole: String
    let createdAt: Timestamp
    let acceptedAt: Timestamp?

    static let query: SQL = """
        SELECT s.id, s.target_slug, s.target_org_id, s.resource_id, r.type, r.name, s.access_role, s.created_at,
               s.accepted_at
        FROM org_shares s LEFT JOIN resources r ON r.org_id = s.org_id AND r.id = s.resource_id
        """

    init(_ row: inout RowReader) throws {
        id = try row.next()
        targetSlug = try row.next()
        target = try row.next()
        resource = try row.next()
        resourceType = try row.next()
        resourceName = try row.next()
        accessRole = try row.next()
        createdAt = try row.next()
        acceptedAt = try row.next()
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("targetOrgId", target)
            json.member("targetSlug", targetSlug)
            json.member("resourceId", resource)
            json.member("resourceType", resourceType)
            json.member("resourceName", resourceName)
            json.member("accessRole", accessRole)
            json.member("status", acceptedAt == nil ? "pending" : "accepted")
            json.member("createdAt", createdAt)
            json.member("acceptedAt", acceptedAt)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "targetOrgId": .uuid.optional, "targetSlug": .string, "resourceId": .uuid,
        "resourceType": .string.optional, "resourceName": .string.optional, "accessRole": .enumeration(roles),
        "status": .enumeration(["pending", "accepted"]), "createdAt": .timestamp, "acceptedAt": .timestamp.optional,
    ]).named("Share")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000d","targetSlug":"suedwind",\
        "resourceId":"01935c1e-7d00-8000-8000-00000000000e","resourceType":"host","resourceName":"web-1",\
        "accessRole":"viewer","status":"pending","createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

/// The same, as the other organisation sees it: with the resource as it is now, once it has accepted.
struct ReceivedShare: Sendable, JSONEncodable {
    let id: OrgShareID
    let source: OrgID
    let slug: String
    let displayName: String
    let accessRole: String
    let createdAt: Timestamp
    let acceptedAt: Timestamp?
    let resource: ResourceID
    let resourceType: String
    let resourceName: String
    let resourceStatus: String?
    let changedAt: Timestamp?

    init(_ row: inout RowReader) throws {
        id = try row.next()
        source = try row.next()
        slug = try row.next()
        displayName = try row.next()
        accessRole = try row.next()
        createdAt = try row.next()
        acceptedAt = try row.next()
        resource = try row.next()
        resourceType = try row.next()
        resourceName = try row.next()
        resourceStatus = try row.next()
        changedAt = try row.next()
    }

    /// Offers are for those who may take them; what is taken is for those whose own role is as strong.
    func isVisible(to role: Role?) -> Bool {
        let ranks = ["custom": 0, "auditor": 1, "viewer": 1, "editor": 2, "admin": 3, "owner": 4]
        let rank = role.flatMap { ranks[$0.rawValue] } ?? 0
        return acceptedAt == nil ? rank >= 3 : rank >= ranks[accessRole] ?? 4
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.object("source") { json in
                json.member("orgId", source)
                json.member("slug", slug)
                json.member("displayName", displayName)
            }
            json.member("resourceId", resource)
            json.member("resourceType", resourceType)
            json.member("resourceName", resourceName)
            json.member("resourceStatus", resourceStatus)
            json.member("changedAt", changedAt)
            json.member("accessRole", accessRole)
            json.member("status", acceptedAt == nil ? "pending" : "accepted")
            json.member("createdAt", createdAt)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "source": .object(["orgId": .uuid, "slug": .string, "displayName": .string]),
        "resourceId": .uuid, "resourceType": .string, "resourceName": .string,
        "resourceStatus": .string.optional.described("once accepted"), "changedAt": .timestamp.optional,
        "accessRole": .enumeration(Share.roles), "status": .enumeration(["pending", "accepted"]),
        "createdAt": .timestamp,
    ]).named("ReceivedShare")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000d","source":{"orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "slug":"nordwind","displayName":"Nordwind"},"resourceId":"01935c1e-7d00-8000-8000-00000000000e",\
        "resourceType":"host","resourceName":"web-1","resourceStatus":"online","accessRole":"viewer",\
        "status":"accepted","createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

/// `{target, resourceId, accessRole?}`
struct ShareRequest: JSONDecodable {
    let target: String
    let resource: ResourceID
    var accessRole = "viewer"

    init(from reader: inout JSONReader) throws(JSONError) {
        var target: String?
        var resource: ResourceID?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "target": target = try reader.string()
            case "resourceId": resource = try reader.decode(ResourceID.self)
            case "accessRole": accessRole = try reader.string()
            default: try reader.skip()
            }
        }
        self.target = try reader.required("target", target)
        self.resource = try reader.required("resourceId", resource)
    }

    /// - Throws: 400 naming the member that does not fit.
    func check() throws(Problem) -> Slug {
        guard let slug = Slug(target.trimmed) else {
            throw .invalidField("target", "the other organisation's slug is wanted: 3 to 40 of a-z, 0-9 and hyphen")
        }
        guard Share.roles.contains(accessRole) else {
            throw .invalidField("accessRole", "one of viewer, editor and admin is wanted")
        }
        return slug
    }
}
