package import HTTPKit
package import JSONKit
package import Kernel
package import Postgres

/// An organisation as one of its members sees it, or somebody who works in it for its provider.
package struct Membership: Sendable {
    package let id: OrgID
    package let slug: String
    package let displayName: String
    package let role: Role
    /// `active`, `suspended`, `pending_deletion` or `provisioning`.
    package let status: String
    /// `billing` or `abuse`, also while the deletion of a suspended one is pending.
    package let suspendReason: String?
    package let createdAt: Timestamp
    /// No membership: a provider's grant.
    package let viaProvider: Bool
    /// It is entered by single sign-on alone, and this session was not opened by it.
    package let wantsSSO: Bool

    package init(id: OrgID, slug: String, displayName: String, role: Role, status: String, createdAt: Timestamp) {
        self.id = id
        self.slug = slug
        self.displayName = displayName
        self.role = role
        self.status = status
        suspendReason = nil
        self.createdAt = createdAt
        viaProvider = false
        wantsSSO = false
    }

    /// The organisations of one person, oldest membership first.
    /// - Parameter bound: of a session that is good in this organisation alone.
    package static func query(of user: UserID, boundTo bound: OrgID? = nil) -> SQL {
        "SELECT id, slug, name, role, state, suspension, created_at, false, wants_sso FROM orgs_of(\(user), \(bound))"
    }

    /// The organisation of the transaction, for someone who came in with this role through a provider's grant.
    package static func query(enteredAs role: Role) -> SQL {
        "SELECT id, slug, name, \(role.rawValue)::text, state, suspension, created_at, true, false FROM org_details()"
    }

    package init(_ row: inout RowReader) throws {
        id = try row.next()
        slug = try row.next()
        displayName = try row.next()
        role = Role(rawValue: try row.next()) ?? .viewer
        status = try row.next()
        suspendReason = try row.next()
        createdAt = try row.next()
        viaProvider = try row.next()
        wantsSSO = try row.next()
    }

    /// A member may work in it now.
    package var isOpen: Bool { status == "active" && !wantsSSO }

    package static let schema = Schema.object([
        "id": .uuid, "slug": .string(minLength: 3, maxLength: 40), "displayName": .string,
        "role": .enumeration(Role.allCases.map(\.rawValue)),
        "status": .enumeration(["active", "provisioning", "suspended", "pending_deletion"]),
        "suspendReason": .enumeration(["billing", "abuse"]).optional, "createdAt": .timestamp,
        "viaProvider": .boolean.optional,
        "ssoRequired": .boolean.described("It is entered by single sign-on alone").optional,
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
            json.member("suspendReason", suspendReason)
            json.member("createdAt", createdAt)
            if viaProvider { json.member("viaProvider", true) }
            if wantsSSO { json.member("ssoRequired", true) }
        }
    }
}

extension [Membership] {
    /// The one to begin in: the remembered one if it is still open, else the first open one, else the first.
    package func favourite(remembered: OrgID? = nil) -> Membership? {
        first { $0.id == remembered && $0.isOpen } ?? first { $0.isOpen } ?? first
    }
}
