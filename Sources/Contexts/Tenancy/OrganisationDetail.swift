internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// An organisation in full, as its members see it.
struct OrganisationDetail: Sendable {
    let id: OrgID
    let slug: String
    let displayName: String
    let state: String
    let suspension: String?
    let createdAt: Timestamp
    let deletionRequestedAt: Timestamp?
    let deleteAfter: Timestamp?
    let memberCount: Int
    let pendingInvitationCount: Int

    static func query(at now: Timestamp) -> SQL {
        """
        SELECT o.id, o.slug, o.name, o.state, o.suspension, o.created_at, o.deletion_requested_at, o.delete_after,
               (SELECT count(*) FROM members),
               (SELECT count(*) FROM invitations i WHERE i.ended_at IS NULL AND i.expires_at > \(now))
        FROM org_details() o
        """
    }

    init(_ row: inout RowReader) throws {
        id = try row.next()
        slug = try row.next()
        displayName = try row.next()
        state = try row.next()
        suspension = try row.next()
        createdAt = try row.next()
        deletionRequestedAt = try row.next()
        deleteAfter = try row.next()
        memberCount = try row.next()
        pendingInvitationCount = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "slug": .string(minLength: 3, maxLength: 40), "displayName": .string, "role": .string.optional,
        "status": .enumeration(["active", "provisioning", "suspended", "pending_deletion"]),
        "suspendReason": .enumeration(["billing", "abuse"]).optional, "createdAt": .timestamp,
        "deletionRequestedAt": .timestamp.optional,
        "deleteAfter": .timestamp.optional.described("until then it can be restored"),
        "memberCount": .integer(minimum: 0), "pendingInvitationCount": .integer(minimum: 0),
    ]).named("OrganisationDetail")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-000000000001","slug":"nordwind","displayName":"Nordwind","role":"owner",\
        "status":"active","createdAt":"2026-11-21T09:30:00.000Z","memberCount":3,"pendingInvitationCount":1}
        """

    func response(for role: Role?) -> APIResponse {
        .json { json in
            json.member("id", id)
            json.member("slug", slug)
            json.member("displayName", displayName)
            json.member("role", role?.rawValue)
            json.member("status", state)
            json.member("suspendReason", suspension)
            json.member("createdAt", createdAt)
            json.member("deletionRequestedAt", deletionRequestedAt)
            json.member("deleteAfter", deleteAfter)
            json.member("memberCount", memberCount)
            json.member("pendingInvitationCount", pendingInvitationCount)
        }
    }
}
