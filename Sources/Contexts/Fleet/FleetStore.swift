import AgentProtocol
import Access
package import Audit
import Cryptography
import FoundationEssentials
package import Kernel
package import Postgres

/// The rows of agents and enrolment tokens.
package struct FleetStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    // MARK: Enrolment tokens

    func create(_ token: EnrollmentTicket, hash: [UInt8], by maker: UUID, in org: OrgID, entry: SQL) async throws {
        _ = try await database.batch(
            in: org,
            [
                """
                INSERT INTO enrollment_tokens (org_id, id, name, token_hash, created_by, created_at, expires_at, uses,
                                               site_id, tags)
                VALUES (\(org), \(token.id), \(token.name), \(hash), \(maker), \(token.createdAt), \(token.expiresAt),
                        \(token.uses), \(token.placement.site), \(token.placement.tags))
                """, entry,
            ])
    }

    /// Newest first, at most 100.
    func tickets(in org: OrgID) async throws -> [EnrollmentTicket] {
        try await database.rows(
            in: org,
            """
            SELECT id, name, created_at, expires_at, uses, used_count, site_id, tags, used_at, revoked_at, agent_id,
                   installer_fetched_at
            FROM enrollment_tokens ORDER BY created_at DESC, id DESC LIMIT 100
            """
        ) { row in
            EnrollmentTicket(
                id: try row.next(), name: try row.next(), createdAt: try row.next(), expiresAt: try row.next(),
                uses: try row.next(), usedCount: try row.next(),
                placement: Placement(site: try row.next(), tags: try row.next()), usedAt: try row.next(),
                revokedAt: try row.next(), agent: try row.next(),
                installerFetchedAt: try row.next())
        }
    }

    /// - Returns: false when this organisation has no such token. Revoking twice is fine: the first time stays.
    func revoke(_ id: EnrollmentTokenID, in org: OrgID, at now: Timestamp, entry: SQL) async throws -> Bool {
        try await database.asOrg(org) { transaction in
            transaction.atCommit(entry)
            let changed = try await transaction.execute(
                "UPDATE enrollment_tokens SET revoked_at = coalesce(revoked_at, \(now)) WHERE id = \(id)")
            guard changed == 1 else { throw Problem.enrollmentTokenNotFound }
            return true
        }
    }

    // MARK: Agents

    enum Enrollment: Sendable {
        case enrolled(AgentID, OrgID)
        case refused(Problem)
    }

    /// Trades the one-time token, in one transaction with its audit entry. Of two at once one wins.
    func enroll(
        _ request: EnrollRequest, machine: String, presented: BearerToken, runtime: BearerToken, runtimeID: TokenID,
        at now: Timestamp, entry: @escaping @Sendable (AgentID) -> SQL
    ) async throws -> Enrollment {
        let fresh = AgentID.new(at: now)
        return try await database.asNobody { transaction in
            let row = try await transaction.first(
                """
                SELECT outcome, agent_id, org_id FROM enroll_agent(
                    \(presented.hash), \(fresh), \(machine), \(request.hostname), \(request.os ?? ""),
                    \(request.arch ?? ""), \(request.agentVersion ?? ""), \(runtimeID), \(runtime.hash), \(now))
                """
            ) { row in
                (outcome: try row.next(String.self), agent: try row.next(AgentID?.self), org: try row.next(OrgID?.self))
            }
            guard let row, let agent = row.agent, let org = row.org, row.outcome == "ok" else {
                return .refused(Self.problem(row?.outcome ?? "unknown"))
            }
            transaction.atCommit("SELECT org_changed()")
            transaction.atCommit(entry(agent))
            return .enrolled(agent, org)
        }
    }

    private static func problem(_ outcome: String) -> Problem {
        switch outcome {
        case "used": .enrollmentTokenUsed
        case "expired": .enrollmentTokenExpired
        case "organisation-suspended": .enrollmentSuspended
        default: .enrollmentTokenUnknown
        }
    }

    /// Oldest first. Joins what the agent reports, so that one list answers "who is there and since when silent".
    func agents(in org: OrgID, seenBy visibility: Visibility?) async throws -> [EnrolledAgent] {
        let list: SQL = """
            SELECT a.id, k.resource_id, a.hostname, a.machine_id, a.version, coalesce(r.status, 'unknown'),
                   a.enrolled_at, l.at, a.site_id, a.tags
            FROM agents a
            LEFT JOIN resource_keys k ON k.kind = 'agent-id' AND k.value = a.id::text
            LEFT JOIN resources r ON r.id = k.resource_id
            LEFT JOIN resource_live l ON l.connection_id = a.id
            WHERE a.revoked_at IS NULL AND \(Visibility.shows("a.id")) ORDER BY a.enrolled_at, a.id LIMIT 10000
            """
        let answers = try await database.batch(in: org, visibility.narrowing([list]))
        return try answers[answers.count - 1].rows { row in
            EnrolledAgent(
                id: try row.next(), resource: try row.next(), hostname: try row.next(), machineID: try row.next(),
                version: try row.next(), status: try row.next(), enrolledAt: try row.next(), lastSeenAt: try row.next(),
                placement: Placement(site: try row.next(), tags: try row.next()))
        }
    }

    /// - Throws: 404 `agent-not-found`, for a removed one too.
    func place(_ id: AgentID, _ change: PlacementChange, in org: OrgID, entry: SQL) async throws -> Placement {
        try await database.asOrg(org) { transaction in
            let found = try await transaction.first(
                "SELECT site_id, tags FROM agents WHERE id = \(id) AND revoked_at IS NULL FOR UPDATE"
            ) { Placement(site: try $0.next(), tags: try $0.next()) }
            guard let found else { throw Problem.agentNotFound }
            let placement = try change.applied(to: found)
            try await transaction.execute(
                "UPDATE agents SET site_id = \(placement.site), tags = \(placement.tags) WHERE id = \(id)")
            transaction.atCommit("SELECT org_changed()")
            transaction.atCommit(entry)
            return placement
        }
    }

    /// - Throws: 404 `agent-not-found`, 409 `agent-in-use` while connections lead through it.
    func revoke(_ id: AgentID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let connections = try await transaction.first("SELECT connections_through(\(id))") {
                try $0.next(Int64.self)
            }
            guard connections ?? 0 == 0 else { throw Problem.agentInUse(connections: connections ?? 0) }
            transaction.atCommit("SELECT org_changed()")
            transaction.atCommit(entry)
            let changed = try await transaction.execute(
                "UPDATE agents SET revoked_at = \(now) WHERE id = \(id) AND revoked_at IS NULL")
            guard changed == 1 else { throw Problem.agentNotFound }
        }
    }

    /// The connections of an organisation's agents, for its monitor.
    package func connections(of org: OrgID) async throws -> Set<ConnectionID> {
        Set(
            try await database.rows(in: org, "SELECT id FROM agents WHERE revoked_at IS NULL") {
                ConnectionID(try $0.next(AgentID.self).uuid)
            })
    }

    /// Notes that the install script was fetched. False: there is no such token, or it is used, revoked or expired.
    func noteInstaller(_ id: EnrollmentTokenID, at now: Timestamp) async throws -> Bool {
        try await database.firstGlobally("SELECT fetch_installer(\(id), \(now))") { try $0.next(Bool.self) } ?? false
    }
}

extension FleetStore {
    /// A one-time token made by the operator's shell for a member, audited like one made in the console.
    /// - Returns: the token; it is stored hashed and cannot be shown again.
    package func newEnrollmentToken(
        named name: String, by user: UserID, in org: OrgID, from origin: AuditOrigin, at now: Timestamp
    ) async throws -> Secret<String> {
        let ticket = EnrollmentTicket(
            id: .new(at: now), name: name, createdAt: now, expiresAt: now + FleetRoutes.tokenLifetime)
        let token = BearerToken.new(.enrollment)
        let entry = AuditRecord(
            .enrollmentTokenCreate, of: "enrollment_token:\(ticket.id)", by: .system(job: "admin"), from: origin)
        try await create(ticket, hash: token.hash, by: user.uuid, in: org, entry: entry.append(at: now))
        return token.text
    }
}
