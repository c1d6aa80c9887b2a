internal import Audit
internal import Kernel
internal import Postgres

/// The rows of grants on both sides; what may be read across organisations is the functions' affair, see their migration.
struct ProviderStore: Sendable {
    let database: Database

    // MARK: The customer's side

    func given(in org: OrgID, after: ProviderGrantID?, limit: Int) async throws -> ListPage<GivenGrant> {
        let rows = try await database.rows(
            in: org,
            """
            SELECT \(GivenGrant.columns) FROM provider_grants WHERE \(after)::uuid IS NULL OR id < \(after)
            ORDER BY id DESC LIMIT \(limit + 1)
            """
        ) { try GivenGrant(&$0) }
        return ListPage(rows, limit: limit) { "\($0.id)" }
    }

    /// Whether there is such a provider is not looked up: it finds the offer, or nobody does.
    /// - Throws: 409 `provider-grant-open` while another grant to it stands.
    func offer(
        _ id: ProviderGrantID, to slug: Slug, _ request: ProviderRequest, by user: UserID, in org: OrgID,
        at now: Timestamp, entry: SQL
    ) async throws -> GivenGrant {
        try await database.asOrg(org) { transaction in
            try await transaction.execute(
                """
                UPDATE provider_grants SET revoked_at = expires_at, ending = 'revoked'
                WHERE provider_slug = \(slug.text) AND revoked_at IS NULL AND expires_at <= \(now)
                """)
            let made = try await transaction.first(
                """
                INSERT INTO provider_grants (org_id, id, provider_slug, role, note, created_at, created_by, expires_at)
                VALUES (\(org), \(id), \(slug.text), \(request.role), \(request.note), \(now), \(user), \(request.expiresAt))
                ON CONFLICT (org_id, provider_slug) WHERE revoked_at IS NULL DO NOTHING RETURNING \(GivenGrant.columns)
                """
            ) { try GivenGrant(&$0) }
            guard let made else { throw Problem.providerGrantOpen }
            transaction.atCommit(entry)
            return made
        }
    }

    /// Ends it for everybody who acts through it, from the next request on and on open sockets.
    func revoke(_ id: ProviderGrantID, by user: UserID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let changed = try await transaction.execute(
                """
                UPDATE provider_grants SET revoked_at = \(now), revoked_by = \(user), ending = 'revoked'
                WHERE id = \(id) AND revoked_at IS NULL
                """)
            guard changed == 1 else { throw Problem.providerGrantNotFound }
            transaction.atCommit("SELECT org_changed()")
            transaction.atCommit(entry)
        }
    }

    // MARK: The provider's side

    func received(by org: OrgID, at now: Timestamp) async throws -> [ReceivedGrant] {
        try await database.rows(
            in: org,
            """
            SELECT id, customer, slug, name, role, note, created_at, expires_at, accepted_at
            FROM received_grants(\(now))
            """
        ) { try ReceivedGrant(&$0) }
    }

    func customers(of org: OrgID, at now: Timestamp) async throws -> [CustomerOverview] {
        try await database.rows(
            in: org,
            """
            SELECT grant_id, customer, slug, name, state, role, expires_at, resources, online, offline, warning, unknown,
                   updated_at
            FROM provider_customers(\(now))
            """
        ) { try CustomerOverview(&$0) }
    }

    func accept(_ id: ProviderGrantID, by user: UserID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await answer("SELECT accept_grant(\(id), \(user), \(now))", in: org, entry)
    }

    func decline(_ id: ProviderGrantID, by user: UserID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await answer("SELECT decline_grant(\(id), \(user), \(now))", in: org, entry)
    }

    /// The entry goes into the customer's trail: it is the customer's grant.
    private func answer(_ sql: SQL, in org: OrgID, _ entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let customer = try await transaction.first(sql) { try $0.next(OrgID?.self) }.flatMap { $0 }
            guard customer != nil else { throw Problem.providerGrantNotFound }
            transaction.atCommit("SELECT org_changed()")
            transaction.atCommit(entry)
        }
    }
}

extension Problem {
    static let providerGrantNotFound = Problem("provider-grant-not-found", status: 404, title: "No such grant")
    static let providerGrantOpen = Problem(
        "provider-grant-open", status: 409, title: "This provider has an open grant already",
        detail: "Take it back first.", field: "provider")
}
