package import Cryptography
package import Kernel
import Postgres

/// What a test takes for granted, put straight into its database; each call fills in all but the interesting field.
package enum Given {
    private static let moment = Timestamp(seconds: 1_795_253_400)

    private static func unique(_ prefix: String) -> String {
        "\(prefix)-\(OrgID.new(at: SystemTime().now).description.suffix(12))"
    }

    /// - Parameter state: `active`, `suspended` (for billing), `pending_deletion`, `deleted`.
    package static func organisation(
        _ name: String = "Nordwind", state: String = "active", shard: Int16? = nil
    ) async throws -> OrgID {
        let org = OrgID.new(at: moment)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.orgs (id, slug, name, state, suspension, shard, created_at)
            VALUES (\(org), \(unique("org")), \(name), \(state), CASE WHEN \(state) = 'suspended' THEN 'billing' END,
                    \(shard), \(moment))
            """)
        return org
    }

    package static func person(
        email: String? = nil, displayName: String = "Ana", passwordHash: String? = nil
    ) async throws -> UserID {
        let user = UserID.new(at: moment)
        let email = email ?? "\(unique("ana"))@example.org"
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.users (id, email, email_key, display_name, password_hash, created_at)
            VALUES (\(user), \(email), \(email.lowercased()), \(displayName), \(passwordHash), \(moment))
            """)
        return user
    }

    package static func membership(of user: UserID, in org: OrgID, as role: Role = .owner) async throws {
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.members (org_id, user_id, role, display_name, email, joined_at)
            SELECT \(org), id, \(role.rawValue), display_name, email, \(moment) FROM pulse.users WHERE id = \(user)
            """)
    }

    /// A person with one organisation of their own.
    package static func member(as role: Role = .owner) async throws -> (user: UserID, org: OrgID) {
        let (user, org) = (try await person(), try await organisation())
        try await membership(of: user, in: org, as: role)
        return (user, org)
    }

    /// A session as the product opens it. The token is what the browser's cookie holds.
    package static func session(
        of user: UserID, csrfHash: [UInt8] = [], at now: Timestamp = Given.start
    ) async throws -> (id: SessionID, token: BearerToken) {
        let (id, token) = (SessionID.new(at: now), BearerToken.new(.session))
        try await TestDatabase.current.app.executeGlobally(
            """
            SELECT open_session(\(id), \(user), \(token.hash), \(csrfHash), \([UInt8]?.none), \(86_400), 'test', '192.0.2.1',
                                \(now))
            """)
        return (id, token)
    }

    /// An agent that has enrolled.
    package static func agent(
        in org: OrgID, machineID: String? = nil, hostname: String = "web-1"
    ) async throws -> (id: AgentID, token: BearerToken) {
        let (id, token) = (AgentID.new(at: moment), BearerToken.new(.runtime))
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.agents (org_id, id, machine_id, hostname, os, arch, version, token_id, token_hash, enrolled_at)
            VALUES (\(org), \(id), \(machineID ?? unique("machine")), \(hostname), 'Debian', 'amd64', '1.0.0',
                    \(TokenID.new(at: moment)), \(token.hash), \(moment))
            """)
        return (id, token)
    }

    /// Where `ManualTime` begins.
    package static let start = Timestamp(seconds: 1_795_253_400)
}
