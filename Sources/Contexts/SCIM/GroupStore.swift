internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// The rows of groups and of who is in them. All of it runs in a transaction of the organisation.
struct GroupStore: Sendable {
    private let transaction: Transaction
    private let org: OrgID

    init(_ transaction: Transaction, in org: OrgID) { (self.transaction, self.org) = (transaction, org) }

    func insert(_ group: DirectoryGroup) async throws {
        try await transaction.execute(
            """
            INSERT INTO scim_groups (org_id, id, display_name, name_key, external_id, created_at, updated_at)
            VALUES (\(org), \(group.id), \(group.displayName), normalize(\(group.displayName.directoryKey), NFKC),
                    \(group.externalID), \(group.createdAt), \(group.updatedAt))
            """)
    }

    /// Held until the transaction ends.
    /// - Throws: 404 `scim-resource-not-found`.
    func held(_ id: DirectoryGroupID) async throws -> DirectoryGroup {
        let found = try await transaction.first(
            "SELECT \(DirectoryGroup.columns) FROM scim_groups g WHERE g.id = \(id) FOR UPDATE"
        ) { try DirectoryGroup(&$0) }
        guard let found else { throw Problem.scimResourceNotFound }
        return found
    }

    func update(_ group: DirectoryGroup) async throws {
        try await transaction.execute(
            """
            UPDATE scim_groups SET display_name = \(group.displayName),
                name_key = normalize(\(group.displayName.directoryKey), NFKC), external_id = \(group.externalID),
                version = \(Int32(group.version)), updated_at = \(group.updatedAt)
            WHERE id = \(group.id)
            """)
    }

    func delete(_ id: DirectoryGroupID) async throws {
        try await transaction.execute("DELETE FROM scim_groups WHERE id = \(id)")
    }

    // MARK: Members

    func memberIDs(of id: DirectoryGroupID) async throws -> [DirectoryUserID] {
        try await transaction.rows(
            "SELECT scim_user_id FROM scim_group_members WHERE group_id = \(id) ORDER BY scim_user_id"
        ) { try $0.next() }
    }

    /// - Returns: those who were not in it.
    /// - Throws: 400 `scim-invalid-value` for a user that is not in this directory, and for too many.
    func add(_ texts: [String], to id: DirectoryGroupID) async throws -> [DirectoryUserID] {
        let users = texts.compactMap { DirectoryUserID($0) }
        guard !texts.isEmpty else { return [] }
        // Held, so that none of them goes meanwhile.
        let answers = try await transaction.batch([
            "SELECT u.id FROM scim_users u WHERE u.id = ANY (\(users)) ORDER BY u.id FOR KEY SHARE",
            """
            INSERT INTO scim_group_members (org_id, group_id, scim_user_id)
            SELECT \(org), \(id), u.id FROM scim_users u WHERE u.id = ANY (\(users))
            ON CONFLICT DO NOTHING RETURNING scim_user_id
            """,
            "SELECT count(*) FROM scim_group_members WHERE group_id = \(id)",
        ])
        guard users.count == texts.count, answers[0].count == Set(users).count else {
            throw Problem.scim(.invalidValue, "A member is no user of this directory.")
        }
        guard try answers[2].first({ try $0.next(Int.self) }) ?? 0 <= Bounds.groupMembers else {
            throw Problem.scim(.invalidValue, "A group has at most \(Bounds.groupMembers) members.")
        }
        return try answers[1].rows { try $0.next() }
    }

    /// - Returns: those who were in it.
    func remove(_ users: [DirectoryUserID], from id: DirectoryGroupID) async throws -> [DirectoryUserID] {
        guard !users.isEmpty else { return [] }
        return try await transaction.rows(
            """
            DELETE FROM scim_group_members WHERE group_id = \(id) AND scim_user_id = ANY (\(users))
            RETURNING scim_user_id
            """
        ) { try $0.next() }
    }

    func rows(_ sql: SQL) async throws -> ResultSet { try await transaction.batch([sql])[0] }

    /// Whether any of these names is mapped to a role.
    func isMapped(_ names: [String]) async throws -> Bool {
        try await transaction.first(
            """
            SELECT true FROM scim_mappings
            WHERE name_key = ANY (SELECT normalize(n, NFKC) FROM unnest(\(names.map(\.directoryKey))) AS k (n)) LIMIT 1
            """
        ) { try $0.next(Bool.self) } ?? false
    }

    /// The members of these groups, by group.
    static func members(of groups: [DirectoryGroupID], limit: Int) -> SQL {
        """
        SELECT m.group_id, m.scim_user_id FROM scim_group_members m
        WHERE m.group_id = ANY (\(groups)) ORDER BY m.group_id, m.scim_user_id LIMIT \(limit + 1)
        """
    }

    static func readMembers(_ answer: ResultSet, base: String) throws -> [DirectoryGroupID: [Members]] {
        var all: [DirectoryGroupID: [Members]] = [:]
        try answer.each { row in
            let (group, user) = (try row.next(DirectoryGroupID.self), try row.next(DirectoryUserID.self))
            all[group, default: []].append([
                "value": .string("\(user)"), "$ref": .string("\(base)/Users/\(user)"),
                "type": "User",
            ])
        }
        return all
    }
}
