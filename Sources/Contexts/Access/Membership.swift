package import HTTPKit
package import JSONKit
package import Kernel
package import Postgres

/// An organisation as one of its members sees it.
package struct Membership: Sendable {
    package let id: OrgID
    package let slug: String
    package let displayName: String
    package let role: Role
    /// `active`, `suspended`, `pending_deletion` or `provisioning`.
    package let status: String
    package let createdAt: Timestamp

    package init(id: OrgID, slug: String, displayName: String, role: Role, status: String, createdAt: Timestamp) {
        self.id = id
        self.slug = slug
        self.displayName = displayName
        self.role = role
        self.status = status
        self.createdAt = createdAt
    }

    /// The organisations of one person, oldest membership first.
    package static func query(of user: UserID) -> SQL {
        "SELECT id, slug, name, role, state, created_at FROM orgs_of(\(user))"
    }

    package init(_ row: inout RowReader) throws {
        id = try row.next()
        slug = try row.next()
        displayName = try row.next()
        role = Role(rawValue: try row.next()) ?? .viewer
        status = try row.next()
        createdAt = try row.next()
    }

    /// A member may work in it now.
    package var isOpen: Bool { status == "active" }

    package static let schema = Schema.object([
        "id": .uuid, "slug": .string(minLength: 3, maxLength: 40), "displayName": .string,
        "role": .enumeration(Role.allCases.map(\.rawValue)),
        "status": .enumeration(["active", "provisioning", "suspended", "pending_deletion"]), "createdAt": .timestamp,
    ]).named("Organisation")

    package static let example = """
        {"id":"01935c1e-7d00-7000-8000-000000000001","slug":"nordwind","displayName":"Nordwind","role":"owner",\
        "status":"active","createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension Membership: JSONEncodable {
    package func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("slug", slug)
            json.member("displayName", displayName)
            json.member("role", role.rawValue)
            json.member("status", status)
            json.member("createdAt", createdAt)
        }
    }
}

extension [Membership] {
    /// The one to begin in: the remembered one if it is still open, else the first open one, else the first.
    package func favourite(remembered: OrgID? = nil) -> Membership? {
        first { $0.id == remembered && $0.isOpen } ?? first { $0.isOpen } ?? first
    }
}
