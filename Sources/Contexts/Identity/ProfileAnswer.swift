internal import Access
internal import HTTPKit
internal import JSONKit
internal import Kernel

/// What `GET /api/me` says.
struct ProfileAnswer: JSONEncodable {
    let person: Person
    let session: SessionEntry
    let organisations: [Membership]
    let current: Membership?
    let permissions: [Permission]
    let csrfToken: Secret<String>?
    /// The session rests on this organisation's word alone.
    let boundTo: OrgID?

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.object("user") { json in
                json.member("id", person.id)
                json.member("email", person.email)
                json.member("displayName", person.displayName)
            }
            json.object("session") { json in
                json.member("id", session.id)
                json.member("createdAt", session.createdAt)
                json.member("expiresAt", session.expiresAt)
                json.member("method", session.method)
                json.member("boundTo", boundTo)
            }
            json.key("organization")
            if let current {
                current.encode(to: &json)
            } else {
                json.null()
            }
            json.member("organizations", organisations)
            json.member("csrfToken", csrfToken?.reveal() ?? "")
            json.member("permissions", permissions.map(\.description))
        }
    }

    static let schema = Schema.object([
        "user": .object(["id": .uuid, "email": .email, "displayName": .string]),
        "session": .object([
            "id": .uuid, "createdAt": .timestamp, "expiresAt": .timestamp, "method": .string,
            "boundTo": .uuid.described("The only organisation this session is good in").optional,
        ]),
        "organization": Membership.schema.nullable, "organizations": .array(Membership.schema), "csrfToken": .string,
        "permissions": .array(.string),
    ]).named("Me")

    static let example = """
        {"user":{"id":"01935c1e-7d00-7000-8000-000000000002","email":"ana@example.org","displayName":"Ana"},\
        "session":{"id":"01935c1e-7d00-7000-8000-000000000003","createdAt":"2026-11-21T09:30:00.000Z",\
        "expiresAt":"2026-11-22T09:30:00.000Z","method":"password"},"organization":\(Membership.example),\
        "organizations":[\(Membership.example)],"csrfToken":"pcs_…","permissions":["read:monitoring"]}
        """
}

extension SessionEntry {
    func write(to writer: inout JSONWriter, isCurrent: Bool) {
        writer.object { json in
            json.member("id", id)
            json.member("createdAt", createdAt)
            json.member("lastSeenAt", lastSeenAt)
            json.member("expiresAt", expiresAt)
            json.member("userAgent", userAgent)
            json.member("address", address)
            json.member("method", method)
            json.member("current", isCurrent)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "createdAt": .timestamp, "lastSeenAt": .timestamp, "expiresAt": .timestamp, "userAgent": .string,
        "address": .string, "method": .string.described("How it began, such as password or oidc"), "current": .boolean,
    ]).named("Session")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-000000000003","createdAt":"2026-11-21T09:30:00.000Z",\
        "lastSeenAt":"2026-11-21T10:00:00.000Z","expiresAt":"2026-11-22T10:00:00.000Z",\
        "userAgent":"Mozilla/5.0","address":"192.0.2.1","method":"password","current":true}
        """
}
