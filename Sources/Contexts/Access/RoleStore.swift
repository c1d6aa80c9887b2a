internal import FoundationEssentials
internal import JSONKit
internal import Kernel
internal import Postgres

/// The rows of custom roles and of who has them. All of it runs in a transaction of the organisation.
struct RoleStore: Sendable {
    /// Roles of one organisation, and roles of one member.
    static let (roleLimit, assignmentLimit) = (100, 16)

    struct Member: Sendable {
        let user: UserID
        let role: Role
        /// All they have.
        var assigned: [CustomRoleID]
        /// Those of them that their groups at a provider give.
        var mapped: [CustomRoleID] = []

        /// Those of them that somebody gave them.
        var given: [CustomRoleID] { assigned.filter { !mapped.contains($0) } }
    }

    static let roles: SQL =
        "SELECT id, name, description, parent_id, rules, created_at, updated_at FROM custom_roles ORDER BY name_key, id"

    static func read(_ row: inout RowReader) throws -> RoleRecord {
        let (id, name, description) = (
            try row.next(CustomRoleID.self), try row.next(String.self), try row.next(String.self)
        )
        let (parent, rules) = (try row.next(CustomRoleID?.self), try row.next(String.self))
        var reader = JSONReader(Array(rules.utf8))
        return RoleRecord(
            id: id, name: name, description: description, parent: parent, rules: try reader.decode(),
            createdAt: try row.next(), updatedAt: try row.next())
    }

    /// How many members have each role, built-in ones by their name.
    static let counts: SQL = """
        SELECT role, count(*) FROM members GROUP BY role
        UNION ALL SELECT role_id::text, count(*) FROM member_roles GROUP BY role_id
        """

    static func member(_ user: UserID) -> SQL {
        """
        SELECT m.user_id, m.role, r.assigned, r.mapped
        FROM members m
        CROSS JOIN LATERAL (
            SELECT array_agg(r.role_id ORDER BY r.role_id) AS assigned,
                   array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.is_mapped) AS mapped
            FROM member_roles r WHERE r.user_id = m.user_id) r
        WHERE m.user_id = \(user)
        """
    }

    /// Those who have any custom role.
    static let assigned: SQL = """
        SELECT m.user_id, m.role, array_agg(r.role_id ORDER BY r.role_id),
               array_agg(r.role_id ORDER BY r.role_id) FILTER (WHERE r.is_mapped)
        FROM members m JOIN member_roles r USING (org_id, user_id) GROUP BY m.user_id, m.role
        """

    static func readMember(_ row: inout RowReader) throws -> Member {
        Member(
            user: try row.next(), role: Role(rawValue: try row.next()) ?? .custom,
            assigned: try row.next([UUID]?.self).map { $0.map(CustomRoleID.init) } ?? [],
            mapped: try row.next([UUID]?.self).map { $0.map(CustomRoleID.init) } ?? [])
    }

    // MARK: Writing

    func insert(_ role: RoleRecord, in org: OrgID, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO custom_roles (org_id, id, name, name_key, description, parent_id, rules, created_at, updated_at)
            VALUES (\(org), \(role.id), \(role.name), \(role.name.lowercased()), \(role.description), \(role.parent),
                    \(Self.text(role.rules)), \(role.createdAt), \(role.updatedAt))
            """)
    }

    func update(_ role: RoleRecord, in transaction: Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE custom_roles SET name = \(role.name), name_key = \(role.name.lowercased()),
                description = \(role.description), parent_id = \(role.parent), rules = \(Self.text(role.rules)),
                updated_at = \(role.updatedAt)
            WHERE id = \(role.id)
            """)
    }

    func delete(_ id: CustomRoleID, in transaction: Transaction) async throws {
        try await transaction.execute("DELETE FROM custom_roles WHERE id = \(id)")
    }

    /// - Parameter isMapped: which of the two kinds they are; the other kind stays as it is.
    func assign(
        _ roles: [CustomRoleID], to user: UserID, in org: OrgID, by actor: String, isMapped: Bool = false,
        at now: Timestamp, _ transaction: Transaction
    ) async throws {
        _ = try await transaction.batch([
            "DELETE FROM member_roles WHERE user_id = \(user) AND is_mapped = \(isMapped)",
            """
            INSERT INTO member_roles (org_id, user_id, role_id, assigned_by, assigned_at, is_mapped)
            SELECT \(org), \(user), id, \(actor), \(now), \(isMapped) FROM unnest(\(roles)) AS r (id)
            ON CONFLICT (org_id, user_id, role_id) DO NOTHING
            """,
        ])
    }

    /// What admission reads, for these members.
    func apply(_ effects: [(user: UserID, effect: RoleEffect?)], in transaction: Transaction) async throws {
        guard !effects.isEmpty else { return }
        _ = try await transaction.batch(
            effects.map { user, effect in
                """
                UPDATE members SET granted = \(effect?.granted), denied = \(effect?.denied), sight = \(effect?.sight),
                    sight_beside_role = \(effect?.sightBesideRole)
                WHERE user_id = \(user)
                """
            })
    }

    private static func text(_ rules: [RoleRule]) -> String { String(decoding: rules.json, as: UTF8.self) }
}
