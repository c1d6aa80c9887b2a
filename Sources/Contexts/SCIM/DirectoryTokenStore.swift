internal import Cryptography
internal import Kernel
internal import Postgres

/// The rows of directory tokens.
enum DirectoryTokenStore {
    /// That are good, of one organisation.
    static let limit = 20

    private static let columns: SQL = """
        id, name, provider_id, hint, created_by, created_at, expires_at, replaced_by, last_used_at, last_used_address
        """

    /// Newest first; those that expired within 30 days are still shown.
    static func list(at now: Timestamp) -> SQL {
        """
        SELECT \(columns) FROM scim_tokens
        WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(now - .seconds(30 * 86_400)))
        ORDER BY created_at DESC, id DESC LIMIT 100
        """
    }

    static func read(_ row: inout RowReader) throws -> DirectoryTokenRecord {
        DirectoryTokenRecord(
            id: try row.next(), name: try row.next(), provider: try row.next(), hint: try row.next(),
            createdBy: try row.next(), createdAt: try row.next(), expiresAt: try row.next(),
            replacedBy: try row.next(), lastUsedAt: try row.next(), lastUsedAddress: try row.next())
    }

    // MARK: In a transaction of the organisation

    /// Held until the transaction ends.
    /// - Throws: 404 `scim-token-not-found`, for a revoked one too.
    static func held(_ id: DirectoryTokenID, _ transaction: Transaction) async throws -> DirectoryTokenRecord {
        let found = try await transaction.first(
            "SELECT \(columns) FROM scim_tokens WHERE id = \(id) AND revoked_at IS NULL FOR UPDATE", read)
        guard let found else { throw Problem.directoryTokenNotFound }
        return found
    }

    /// - Throws: 409 `scim-token-limit`.
    static func insert(
        _ record: DirectoryTokenRecord, _ token: BearerToken, in org: OrgID, _ transaction: Transaction
    ) async throws {
        // One at a time in an organisation, so that the limit is one.
        let answers = try await transaction.batch([
            "SELECT pg_advisory_xact_lock(hashtextextended('scim tokens ' || current_setting('pulse.org_id'), 0))",
            """
            SELECT count(*) FROM scim_tokens
            WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(record.createdAt))
            """,
        ])
        guard try answers[1].first({ try $0.next(Int.self) }) ?? 0 < limit else { throw Problem.directoryTokenLimit }
        try await transaction.execute(
            """
            INSERT INTO scim_tokens (org_id, id, name, provider_id, hint, token_hash, created_by, created_at, expires_at)
            VALUES (\(org), \(record.id), \(record.name), \(record.provider), \(record.hint), \(token.hash),
                    \(record.createdBy), \(record.createdAt), \(record.expiresAt))
            """)
    }

    static func replace(_ record: DirectoryTokenRecord, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE scim_tokens SET expires_at = \(record.expiresAt), replaced_by = \(record.replacedBy)
            WHERE id = \(record.id)
            """)
    }

    static func revoke(_ id: DirectoryTokenID, at now: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.execute("UPDATE scim_tokens SET revoked_at = \(now) WHERE id = \(id)")
    }
}
