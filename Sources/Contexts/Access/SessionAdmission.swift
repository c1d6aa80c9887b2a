internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// The answer of the database's `admit_session`.
struct SessionAdmission: Sendable {
    let outcome: String
    let session: SessionID?
    let user: UserID?
    let csrfHash: [UInt8]
    let lastSeenAt: Timestamp?
    let org: OrgID?
    let role: Role?

    /// - Parameter permission: `nil` for endpoints that need no organisation.
    static func query(
        _ token: BearerToken, choice: OrganisationChoice, permission: Permission?, now: Timestamp
    ) -> SQL {
        let roles = permission.map { wanted in Role.allCases.filter { $0.allows(wanted) }.map(\.rawValue) }
        return """
            SELECT outcome, session_id, user_id, csrf_hash, last_seen_at, org_id, role
            FROM admit_session(\(token.hash), \(choice.asked), \(choice.remembered), \(permission != nil), \(roles), \(now))
            """
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        session = try row.next()
        user = try row.next()
        csrfHash = try row.next([UInt8]?.self) ?? []
        lastSeenAt = try row.next()
        org = try row.next()
        role = try row.next(String?.self).flatMap { Role(rawValue: $0) }
    }

    /// Why this session does not get in; `nil` when it does.
    var problem: Problem? {
        switch outcome {
        case "ok": nil
        case "organisation-required": .organisationRequired
        case "organisation-not-found": .organisationNotFound
        case "organisation-suspended": .organisationSuspended
        case "permission-denied": .forbidden
        default: .unauthenticated
        }
    }
}

/// The answer of the database's `admit_agent`.
struct AgentAdmission: Sendable {
    let outcome: String
    let agent: AdmittedAgent?

    static func query(_ token: BearerToken) -> SQL {
        "SELECT outcome, agent_id, org_id, shard, machine_id, hostname FROM admit_agent(\(token.hash))"
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        if outcome == "ok" {
            agent = AdmittedAgent(
                id: try row.next(), org: try row.next(), shard: try row.next(), machineID: try row.next(),
                hostname: try row.next())
        } else {
            agent = nil
        }
    }

    var problem: Problem { outcome == "organisation-suspended" ? .organisationSuspended : .invalidToken }
}
