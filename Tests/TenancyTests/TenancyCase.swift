import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import Tenancy
import TestKit

/// An organisation with people in it, behind the real gate.
struct TenancyCase {
    let door: FrontDoor
    let org: OrgID
    let owner: UserID
    let ownerBrowser: Browser

    init() async throws {
        door = try FrontDoor { parts in
            OrganisationRoutes(parts.context).endpoints + MemberRoutes(parts.context).endpoints
                + InvitationRoutes(parts.context).endpoints + InviteeRoutes(parts.context).endpoints
                + SiteRoutes(database: parts.context.database, time: parts.context.time).endpoints
                + ProviderRoutes(database: parts.context.database, time: parts.context.time).endpoints
                + ShareRoutes(database: parts.context.database, time: parts.context.time).endpoints
        }
        (owner, org) = try await Given.member()
        ownerBrowser = try await door.browser(of: owner)
    }

    var path: String { "/api/orgs/\(org)" }

    /// Another person in the organisation.
    func join(as role: Role) async throws -> (user: UserID, browser: Browser) {
        let user = try await Given.person()
        try await Given.membership(of: user, in: org, as: role)
        return (user, try await door.browser(of: user))
    }

    /// An address invited by the owner; answers the token of the mailed link.
    func invite(_ address: String, as role: Role = .editor) async throws -> String {
        let answer = await ownerBrowser.send(
            .post, "\(path)/invitations", ["email": .string(address), "role": .string(role.rawValue)])
        guard answer.status == 201, let token = door.mail.token(to: address, prefix: "inv_") else {
            throw Unexpected(text: answer.text)
        }
        return token
    }

    func role(of user: UserID) async throws -> String? {
        try await TestDatabase.current.app.first(in: org, "SELECT role FROM members WHERE user_id = \(user)") {
            try $0.next()
        }
    }

    /// The actions in the organisation's trail, by name: those of one moment have no order.
    func trail(of org: OrgID? = nil) async throws -> [String] {
        try await TestDatabase.current.app.rows(
            in: org ?? self.org, "SELECT action FROM audit_entries ORDER BY action"
        ) { try $0.next() }
    }
}

struct Unexpected: Error { let text: String }
