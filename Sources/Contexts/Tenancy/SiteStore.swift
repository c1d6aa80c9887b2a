internal import Kernel
internal import Postgres

/// The rows of sites.
struct SiteStore: Sendable {
    let database: Database

    func sites(in org: OrgID, after: SiteID?, limit: Int) async throws -> ListPage<Site> {
        let rows = try await database.rows(
            in: org,
            """
            SELECT \(Site.columns) FROM sites WHERE \(after)::uuid IS NULL OR id > \(after) ORDER BY id LIMIT \(limit + 1)
            """
        ) { try Site(&$0) }
        return ListPage(rows, limit: limit) { "\($0.id)" }
    }

    func site(_ id: SiteID, in org: OrgID) async throws -> Site {
        let site = try await database.first(in: org, "SELECT \(Site.columns) FROM sites WHERE id = \(id)") {
            try Site(&$0)
        }
        guard let site else { throw Problem.siteNotFound }
        return site
    }

    /// - Throws: 409 `site-name-taken`.
    func create(_ site: Site, in org: OrgID, entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let added = try await transaction.execute(
                """
                INSERT INTO sites (org_id, id, name, name_key, description, tags, created_at)
                VALUES (\(org), \(site.id), \(site.name), \(site.name.lowercased()), \(site.description), \(site.tags),
                        \(site.createdAt))
                ON CONFLICT (org_id, name_key) DO NOTHING
                """)
            guard added == 1 else { throw Problem.siteNameTaken }
            transaction.atCommit(entry)
        }
    }

    /// - Parameter entry: of the site before and after.
    func change(
        _ id: SiteID, by request: SiteRequest, in org: OrgID, entry: (Site, Site) throws -> SQL
    ) async throws -> Site {
        try await database.asOrg(org) { transaction in
            let before = try await held(id, in: transaction)
            var site = before
            try request.change(&site)
            do {
                try await transaction.execute(
                    """
                    UPDATE sites SET name = \(site.name), name_key = \(site.name.lowercased()),
                        description = \(site.description), tags = \(site.tags) WHERE id = \(id)
                    """)
            } catch let error as DatabaseError where error.sqlState == SQLState.uniqueViolation {
                throw Problem.siteNameTaken
            }
            transaction.atCommit(try entry(before, site))
            return site
        }
    }

    /// Machines, connections and enrolment tokens that stood there stand nowhere from then on.
    /// - Throws: 409 `site-in-use` when a role says who may do what there: taking it away would change that unseen.
    func remove(_ id: SiteID, in org: OrgID, entry: (Site) throws -> SQL) async throws {
        try await database.asOrg(org) { transaction in
            let site = try await held(id, in: transaction)
            let role = try await transaction.first(
                "SELECT name FROM custom_roles WHERE position(\(id.description) IN rules) > 0 ORDER BY name_key LIMIT 1"
            ) { try $0.next(String.self) }
            if let role { throw Problem.siteInUse(by: role) }
            let moved = try await transaction.execute("UPDATE agents SET site_id = NULL WHERE site_id = \(id)")
            try await transaction.execute("UPDATE enrollment_tokens SET site_id = NULL WHERE site_id = \(id)")
            let asked = try await transaction.execute(
                "UPDATE connections SET site_id = NULL, revision = revision + 1 WHERE site_id = \(id)")
            try await transaction.execute("DELETE FROM sites WHERE id = \(id)")
            if moved + asked > 0 { try await transaction.execute("SELECT org_changed()") }
            transaction.atCommit(try entry(site))
        }
    }

    private func held(_ id: SiteID, in transaction: Transaction) async throws -> Site {
        let found = try await transaction.first("SELECT \(Site.columns) FROM sites WHERE id = \(id) FOR UPDATE") {
            try Site(&$0)
        }
        guard let found else { throw Problem.siteNotFound }
        return found
    }
}
