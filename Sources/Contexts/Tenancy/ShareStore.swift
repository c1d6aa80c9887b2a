internal import Kernel
internal import Postgres

/// The rows of shares on both sides; what may be read across organisations is the functions' affair, see their migration.
struct ShareStore: Sendable {
    let database: Database

    func given(in org: OrgID, after: OrgShareID?, limit: Int) async throws -> ListPage<Share> {
        let rows = try await database.rows(
            in: org,
            "\(Share.query) WHERE \(after)::uuid IS NULL OR s.id < \(after) ORDER BY s.id DESC LIMIT \(limit + 1)"
        ) { try Share(&$0) }
        return ListPage(rows, limit: limit) { "\($0.id)" }
    }

    /// - Returns: the share, and whether it is new.
    /// - Throws: 404 `resource-not-found`, 400 for an offer to oneself.
    func offer(
        _ id: OrgShareID, to slug: Slug, _ request: ShareRequest, by user: UserID, in org: OrgID, at now: Timestamp,
        entry: (OrgShareID) throws -> SQL
    ) async throws -> (share: Share, isNew: Bool) {
        try await database.asOrg(org) { transaction in
            let own = try await transaction.first("SELECT slug FROM org_details()") { try $0.next(String.self) }
            guard own != slug.text else { throw Problem.invalidField("target", "this is the organisation itself") }
            let known = try await transaction.first("SELECT id FROM resources WHERE id = \(request.resource)") {
                try $0.next(ResourceID.self)
            }
            guard known != nil else { throw Problem.sharedResourceNotFound }
            let added = try await transaction.execute(
                """
                INSERT INTO org_shares (org_id, id, target_slug, resource_id, access_role, created_at, created_by)
                VALUES (\(org), \(id), \(slug.text), \(request.resource), \(request.accessRole), \(now), \(user))
                ON CONFLICT (org_id, target_slug, resource_id) DO NOTHING
                """)
            let share = try await transaction.first(
                "\(Share.query) WHERE s.target_slug = \(slug.text) AND s.resource_id = \(request.resource)"
            ) { try Share(&$0) }
            guard var share else { throw Problem.shareNotFound }
            if added == 0 {
                try await transaction.execute("SELECT change_share(\(share.id), \(request.accessRole))")
                let changed = try await transaction.first("\(Share.query) WHERE s.id = \(share.id)") { try Share(&$0) }
                share = changed ?? share
            }
            transaction.atCommit(try entry(share.id))
            return (share, added == 1)
        }
    }

    func revoke(_ id: OrgShareID, in org: OrgID, entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            guard try await transaction.execute("DELETE FROM org_shares WHERE id = \(id)") == 1 else {
                throw Problem.shareNotFound
            }
            transaction.atCommit(entry)
        }
    }

    func received(by org: OrgID, as role: Role?) async throws -> [ReceivedShare] {
        try await database.rows(
            in: org,
            """
            SELECT id, source, slug, name, access_role, created_at, accepted_at, resource_id, resource_type, resource_name,
                   resource_status, changed_at
            FROM received_shares()
            """
        ) { try ReceivedShare(&$0) }.filter { $0.isVisible(to: role) }
    }

    func accept(_ id: OrgShareID, by user: UserID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await answer("SELECT accept_share(\(id), \(user), \(now))", in: org, entry)
    }

    func decline(_ id: OrgShareID, in org: OrgID, entry: SQL) async throws {
        try await answer("SELECT decline_share(\(id))", in: org, entry)
    }

    /// The entry goes into the source's trail: it is the source's resource.
    private func answer(_ sql: SQL, in org: OrgID, _ entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let source = try await transaction.first(sql) { try $0.next(OrgID?.self) }.flatMap { $0 }
            guard source != nil else { throw Problem.shareNotFound }
            transaction.atCommit(entry)
        }
    }
}

extension Problem {
    static let shareNotFound = Problem("share-not-found", status: 404, title: "No such share")
    static let sharedResourceNotFound = Problem(
        "resource-not-found", status: 404, title: "No such resource", code: "resource_not_found")
}
