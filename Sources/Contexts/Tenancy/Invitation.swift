internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Someone asked to join, as the organisation sees it.
struct Invitation: Sendable {
    let id: InvitationID
    let email: String
    let role: String
    let invitedBy: UserID
    let invitedByName: String?
    let createdAt: Timestamp
    let expiresAt: Timestamp
    let isExpired: Bool

    static func query(at now: Timestamp) -> SQL {
        """
        SELECT i.id, i.email, i.role, i.invited_by, m.display_name, i.created_at, i.expires_at, i.expires_at <= \(now)
        FROM invitations i LEFT JOIN members m ON m.org_id = i.org_id AND m.user_id = i.invited_by
        WHERE i.ended_at IS NULL
        """
    }

    init(_ row: inout RowReader) throws {
        id = try row.next()
        email = try row.next()
        role = try row.next()
        invitedBy = try row.next()
        invitedByName = try row.next()
        createdAt = try row.next()
        expiresAt = try row.next()
        isExpired = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "email": .email, "role": .string, "invitedBy": .uuid, "invitedByName": .string.optional,
        "createdAt": .timestamp, "expiresAt": .timestamp, "status": .enumeration(["pending", "expired"]),
    ]).named("Invitation")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000a","email":"ben@example.org","role":"editor",\
        "invitedBy":"01935c1e-7d00-7000-8000-000000000002","invitedByName":"Ana",\
        "createdAt":"2026-11-21T09:30:00.000Z","expiresAt":"2026-11-28T09:30:00.000Z","status":"pending"}
        """
}

extension Invitation: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("email", email)
            json.member("role", role)
            json.member("invitedBy", invitedBy)
            json.member("invitedByName", invitedByName)
            json.member("createdAt", createdAt)
            json.member("expiresAt", expiresAt)
            json.member("status", isExpired ? "expired" : "pending")
        }
    }
}

/// The same, as the invited person sees it.
struct ReceivedInvitation: Sendable {
    let id: InvitationID
    let org: OrgID
    let displayName: String
    let slug: String
    let role: String
    let invitedByName: String?
    let createdAt: Timestamp
    let expiresAt: Timestamp

    init(_ row: inout RowReader) throws {
        id = try row.next()
        org = try row.next()
        displayName = try row.next()
        slug = try row.next()
        role = try row.next()
        invitedByName = try row.next()
        createdAt = try row.next()
        expiresAt = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "orgId": .uuid, "displayName": .string, "slug": .string, "role": .string,
        "invitedByName": .string.optional, "createdAt": .timestamp, "expiresAt": .timestamp,
    ]).named("ReceivedInvitation")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000a","orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "displayName":"Nordwind","slug":"nordwind","role":"editor","invitedByName":"Ana",\
        "createdAt":"2026-11-21T09:30:00.000Z","expiresAt":"2026-11-28T09:30:00.000Z"}
        """
}

extension ReceivedInvitation: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("orgId", org)
            json.member("displayName", displayName)
            json.member("slug", slug)
            json.member("role", role)
            json.member("invitedByName", invitedByName)
            json.member("createdAt", createdAt)
            json.member("expiresAt", expiresAt)
        }
    }
}
