internal import FoundationEssentials
internal import Kernel
internal import Postgres

/// The rows of what a directory's people are here.
enum DirectorySettingsStore {
    private static let settings: SQL = "SELECT default_role FROM scim_settings"
    private static let mappings: SQL = "SELECT group_name, role, role_id FROM scim_mappings ORDER BY name_key, id"

    static func status(at now: Timestamp) -> [SQL] {
        [
            settings, mappings,
            """
            SELECT (SELECT count(*) FROM scim_tokens
                    WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(now))),
                   (SELECT count(*) FROM scim_users), (SELECT count(*) FROM scim_users WHERE is_active),
                   (SELECT count(*) FROM scim_groups), (SELECT max(last_used_at) FROM scim_tokens)
            """,
        ]
    }

    /// - Parameter answers: of `status`.
    static func read(_ answers: [ResultSet], base: String) throws -> DirectoryStatus {
        let settings = try readSettings(answers)
        let counts = try answers[2].first { row in
            DirectoryStatus(
                settings: settings, base: base, goodTokens: try row.next(), users: try row.next(),
                activeUsers: try row.next(), groups: try row.next(), lastSyncAt: try row.next())
        }
        return counts
            ?? DirectoryStatus(
                settings: settings, base: base, goodTokens: 0, users: 0, activeUsers: 0, groups: 0, lastSyncAt: nil)
    }

    private static func readSettings(_ answers: [ResultSet]) throws -> DirectorySettings {
        var settings = DirectorySettings()
        settings.defaultRole = try answers[0].first { Role(rawValue: try $0.next()) }.flatMap { $0 } ?? .viewer
        settings.mappings = try answers[1].rows { row in
            GroupMapping(
                group: try row.next(), role: try row.next(String?.self).flatMap(Role.init(rawValue:)),
                custom: try row.next())
        }
        return settings
    }

    // MARK: In a transaction of the organisation

    /// One change at a time.
    static func held(_ transaction: Transaction) async throws -> DirectorySettings {
        let answers = try await transaction.batch([
            "SELECT pg_advisory_xact_lock(hashtextextended('scim settings ' || current_setting('pulse.org_id'), 0))",
            settings, mappings,
        ])
        return try readSettings(Array(answers.dropFirst()))
    }

    /// - Throws: 400 `invalid-field` for a role that is not there.
    static func put(
        _ settings: DirectorySettings, in org: OrgID, at now: Timestamp, _ transaction: Transaction
    ) async throws {
        let wanted = Set(settings.mappings.compactMap(\.custom))
        let known = try await transaction.rows(
            "SELECT id FROM custom_roles WHERE id = ANY (\(Array(wanted))) FOR KEY SHARE"
        ) { try $0.next(CustomRoleID.self) }
        guard Set(known) == wanted else { throw Problem.invalidField("mappings", "there is no role of this id") }
        let mappings = settings.mappings
        _ = try await transaction.batch([
            """
            INSERT INTO scim_settings (org_id, default_role, updated_at)
            VALUES (\(org), \(settings.defaultRole.rawValue), \(now))
            ON CONFLICT (org_id) DO UPDATE SET default_role = excluded.default_role, updated_at = excluded.updated_at
            """,
            "DELETE FROM scim_mappings",
            """
            INSERT INTO scim_mappings (org_id, id, group_name, name_key, role, role_id)
            SELECT \(org), m.id, m.name, normalize(m.key, NFKC), nullif(m.role, ''), nullif(m.role_id, '')::uuid
            FROM unnest(\(mappings.map { _ in UUID() }), \(mappings.map(\.group)),
                        \(mappings.map(\.group.directoryKey)), \(mappings.map { $0.role?.rawValue ?? "" }),
                        \(mappings.map { $0.custom?.description ?? "" })) AS m (id, name, key, role, role_id)
            """,
        ])
    }

    /// Whom a change of settings may concern: members behind users whose groups are named before or after, or whose role
    /// is the default one.
    static func concerned(
        by before: DirectorySettings, _ after: DirectorySettings, _ transaction: Transaction
    ) async throws -> [DirectoryUserID] {
        let names = Set((before.mappings + after.mappings).map(\.group.directoryKey)).sorted()
        return try await transaction.rows(
            """
            SELECT u.id FROM scim_users u
            WHERE u.user_id IS NOT NULL AND u.is_active
              AND (\(before.defaultRole != after.defaultRole) OR EXISTS (
                SELECT FROM scim_group_members m JOIN scim_groups g ON g.org_id = m.org_id AND g.id = m.group_id
                WHERE m.org_id = u.org_id AND m.scim_user_id = u.id
                  AND g.name_key = ANY (SELECT normalize(n, NFKC) FROM unnest(\(names)) AS k (n))))
            ORDER BY u.id
            """
        ) { try $0.next() }
    }
}
