internal import Inventory
internal import Kernel
internal import Postgres
internal import Vault

/// Changes that people make. Each raises the organisation's generation, so that its monitor hears of it.
extension ConnectionStore {
    /// - Parameter entry: of what is made.
    /// - Throws: `connection-name-taken`, `connection-limit`, 400 for a site or agent that is not there.
    func create(
        _ id: ConnectionID, _ new: ConnectionConfiguration, secret: Secret<String>?, health: ConnectionHealth,
        in org: OrgID, at now: Timestamp, entry: SQL
    ) async throws -> Row {
        let row = StoredConnection(
            id: id, configuration: new, host: try await seal(host: new.host, of: id, in: org),
            secret: try await seal(secret: secret, of: id, in: org), revision: 1, createdAt: now, changedAt: now)
        try await database.asOrg(org) { transaction in
            try await Self.check(new, in: transaction)
            // One at a time in an organisation, so that the limit is one.
            let answers = try await transaction.batch([Self.making, "SELECT count(*) FROM connections"])
            guard try answers[1].first({ try $0.next(Int.self) }) ?? 0 < Self.limit else {
                throw Problem.connectionLimit
            }
            let added = try await transaction.execute(
                """
                INSERT INTO connections (org_id, id, kind, name, name_key, host, port, trust, authorities, pin, credential,
                                         credential_name, secret, cadence_seconds, is_adaptive, is_enabled, site_id, tags, agent_id,
                                         probe, revision, created_at, changed_at)
                VALUES (\(org), \(id), \(row.kind.rawValue), \(row.name), \(row.name.lowercased()), \(row.host),
                        \(row.port), \(row.trust.mode), \(row.trust.pem), \(row.trust.pin), \(row.credential.kind),
                        \(row.credential.name), \(row.secret), \(row.cadence.components.seconds), \(row.isAdaptive),
                        \(row.isEnabled), \(row.site), \(row.tags), \(row.route.agent), \(row.probe?.text), 1, \(now), \(now))
                ON CONFLICT (org_id, name_key) DO NOTHING
                """)
            guard added == 1 else { throw Problem.connectionNameTaken }
            try await transaction.execute(
                """
                INSERT INTO connection_health (org_id, connection_id, state, checked_at, reason, detail, next_poll_at,
                                               consecutive_failures)
                VALUES (\(org), \(id), \(health.state.rawValue), \(health.checkedAt),
                        \(health.fault?.reason.rawValue), \(health.fault?.detail), \(health.nextPollAt),
                        \(Int32(clamping: health.consecutiveFailures)))
                """)
            try await transaction.execute("SELECT org_changed()")
            transaction.atCommit(entry)
        }
        return (row, health)
    }

    /// What a change makes of a connection: decided over the row as it is held.
    struct Change: Sendable {
        let configuration: ConnectionConfiguration
        /// `nil`: the stored one stays.
        let secret: Secret<String>?
        /// As it stands when the change is made; `nil`: goes on as it was.
        let health: ConnectionHealth?
    }

    /// Decided and sealed outside the transaction, which then takes the row only as it was when it was read.
    /// - Parameters:
    ///   - revision: the one that the caller saw; `nil`: whichever is there.
    ///   - entry: of the configuration before and after.
    /// - Throws: 404, and 412 `connection-changed` when it is not the one that the caller saw.
    func change(
        _ id: ConnectionID, ifAt revision: Int64?, in org: OrgID, at now: Timestamp,
        by decide: (ConnectionConfiguration) throws -> Change,
        entry: (ConnectionConfiguration, Change) throws -> SQL
    ) async throws -> Row {
        for _ in 0..<3 {
            let (before, was) = try await row(id, ifAt: revision, in: org)
            let old = try await configuration(of: before, in: org)
            let change = try decide(old)
            let row = StoredConnection(
                id: id, configuration: change.configuration,
                host: old.host == change.configuration.host
                    ? before.host : try await seal(host: change.configuration.host, of: id, in: org),
                secret: change.configuration.credential == .none
                    ? nil : try await seal(secret: change.secret, of: id, in: org) ?? before.secret,
                revision: before.revision + 1, createdAt: before.createdAt, changedAt: now)
            let told = try entry(old, change)
            let isDone = try await database.asOrg(org) { transaction in
                try await Self.check(change.configuration, in: transaction)
                guard try await update(row, from: before.revision, in: transaction) else { return false }
                if let health = change.health { try await restart(id, as: health, in: transaction) }
                try await transaction.execute("SELECT org_changed()")
                transaction.atCommit(told)
                return true
            }
            if isDone { return (row, change.health ?? was) }
        }
        throw Problem.connectionChanged
    }

    /// What it found goes with the monitor's next reload.
    func remove(
        _ id: ConnectionID, ifAt revision: Int64?, in org: OrgID, entry: (StoredConnection) throws -> SQL
    ) async throws {
        let (stored, _) = try await row(id, ifAt: revision, in: org)
        let told = try entry(stored)
        try await database.asOrg(org) { transaction in
            let gone = try await transaction.execute(
                """
                DELETE FROM connections
                WHERE id = \(id) AND (\(revision)::bigint IS NULL OR revision = \(stored.revision))
                """)
            guard gone == 1 else { throw revision == nil ? Problem.connectionNotFound : Problem.connectionChanged }
            try await transaction.execute("DELETE FROM connection_health WHERE connection_id = \(id)")
            try await transaction.execute("SELECT org_changed()")
            transaction.atCommit(told)
        }
    }

    /// Due now, parked or not. The worker that asks it, whichever it is, hears of it with the commit.
    func hurry(_ id: ConnectionID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        _ = try await database.batch(in: org, Self.wish(for: id, in: org, at: now) + [entry])
    }

    /// What a test found, and in the same transaction the wish for a poll: a refusal that is written without it would park
    /// for good what the worker asks with success.
    func keep(_ tested: CheckedConnection, hurrying isDue: Bool, in org: OrgID, at now: Timestamp) async throws {
        let wish = isDue ? Self.wish(for: tested.id, in: org, at: now) : []
        _ = try await database.batch(in: org, [Self.record([tested], in: org)] + wish)
    }

    private static func wish(for id: ConnectionID, in org: OrgID, at now: Timestamp) -> [SQL] {
        [
            "UPDATE connection_health SET next_poll_at = \(now) WHERE connection_id = \(id)",
            "SELECT pg_notify('pulse_polls', \("\(org) \(id)"))",
        ]
    }

    func keep(_ checked: [CheckedConnection], in org: OrgID) async throws {
        try await database.execute(in: org, Self.record(checked, in: org))
    }

    /// An entry about something that changes nothing here.
    func note(_ entry: SQL, in org: OrgID) async throws { try await database.execute(in: org, entry) }

    // MARK: Parts

    private static let making: SQL =
        "SELECT pg_advisory_xact_lock(hashtextextended('connections ' || current_setting('pulse.org_id'), 0))"

    private func row(_ id: ConnectionID, ifAt revision: Int64?, in org: OrgID) async throws -> Row {
        let found = try await present(id, in: org)
        guard revision == nil || revision == found.stored.revision else { throw Problem.connectionChanged }
        return found
    }

    /// Site and agent are of this organisation: row-level security shows no others.
    private static func check(_ new: ConnectionConfiguration, in transaction: Transaction) async throws {
        if let site = new.site {
            let isThere = try await transaction.first("SELECT true FROM sites WHERE id = \(site) FOR SHARE") {
                try $0.next(Bool.self)
            }
            guard isThere == true else { throw Problem.noSuchSite }
        }
        if let agent = new.route.agent {
            let isThere = try await transaction.first(
                "SELECT true FROM agents WHERE id = \(agent) AND revoked_at IS NULL"
            ) { try $0.next(Bool.self) }
            guard isThere == true else { throw Problem.noSuchGateway }
        }
    }

    /// - Returns: false when it is another, or none, by now.
    private func update(
        _ row: StoredConnection, from revision: Int64, in transaction: Transaction
    ) async throws -> Bool {
        do {
            return try await transaction.execute(
                """
                UPDATE connections SET
                    name = \(row.name), name_key = \(row.name.lowercased()), host = \(row.host), port = \(row.port),
                    trust = \(row.trust.mode), authorities = \(row.trust.pem), pin = \(row.trust.pin),
                    credential = \(row.credential.kind), credential_name = \(row.credential.name),
                    secret = \(row.secret), cadence_seconds = \(row.cadence.components.seconds),
                    is_adaptive = \(row.isAdaptive), is_enabled = \(row.isEnabled), site_id = \(row.site), tags = \(row.tags),
                    agent_id = \(row.route.agent), probe = \(row.probe?.text), revision = \(row.revision), changed_at = \(row.changedAt)
                WHERE id = \(row.id) AND revision = \(revision)
                """) == 1
        } catch let error as DatabaseError where error.sqlState == SQLState.uniqueViolation {
            throw Problem.connectionNameTaken
        }
    }

    /// What was known of the platform stays to be seen until it is asked again.
    private func restart(_ id: ConnectionID, as health: ConnectionHealth, in transaction: Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE connection_health SET state = \(health.state.rawValue), reason = \(health.fault?.reason.rawValue),
                detail = \(health.fault?.detail), next_poll_at = \(health.nextPollAt), degraded = NULL,
                consecutive_failures = \(Int32(clamping: health.consecutiveFailures))
            WHERE connection_id = \(id)
            """)
    }

    func seal(host: String, of id: ConnectionID, in org: OrgID) async throws -> Sealed {
        try await vault.seal(Secret(host), for: .org(org), at: StoredConnection.place("host", id))
    }

    private func seal(secret: Secret<String>?, of id: ConnectionID, in org: OrgID) async throws -> Sealed? {
        guard let secret else { return nil }
        return try await vault.seal(secret, for: .org(org), at: StoredConnection.place("secret", id))
    }
}
