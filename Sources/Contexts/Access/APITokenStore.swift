internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// The rows of API tokens.
struct APITokenStore: Sendable {
    /// Tokens of one organisation that are neither revoked nor expired.
    static let limit = 200

    private static let columns: SQL = """
        id, name, owner_id, role, scopes, networks, hint, created_by, created_at, expires_at, replaced_by,
        last_used_at, last_used_address
        """

    /// Newest first; those that expired within 30 days are still shown.
    static func list(at now: Timestamp) -> SQL {
        """
        SELECT \(columns) FROM api_tokens
        WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(now - .seconds(30 * 86_400)))
        ORDER BY created_at DESC, id DESC LIMIT 500
        """
    }

    static func one(_ id: TokenID) -> SQL {
        "SELECT \(columns) FROM api_tokens WHERE id = \(id) AND revoked_at IS NULL"
    }

    static func read(_ row: inout RowReader) throws -> APITokenRecord {
        let (id, name) = (try row.next(TokenID.self), try row.next(String.self))
        let (owner, role) = (try row.next(UserID?.self), try row.next(String?.self))
        return APITokenRecord(
            id: id, name: name,
            holder: owner.map(APITokenRecord.Holder.user) ?? .service(role.flatMap(Role.init(rawValue:)) ?? .custom),
            scopes: try row.next([String].self).map(Scope.init),
            networks: try row.next([String].self).compactMap { NetworkRange($0) }, hint: try row.next(),
            createdBy: try row.next(), createdAt: try row.next(), expiresAt: try row.next(),
            replacedBy: try row.next(), lastUsedAt: try row.next(), lastUsedAddress: try row.next())
    }

    // MARK: In a transaction of the organisation

    /// - Throws: 404 `token-not-found`, for a revoked one too. The row stays locked until the transaction ends.
    func record(_ id: TokenID, in transaction: Transaction) async throws -> APITokenRecord {
        guard let record = try await transaction.first(Self.one(id) + " FOR UPDATE", Self.read) else {
            throw Problem.tokenNotFound
        }
        return record
    }

    /// - Throws: 409 `token-limit`.
    func insert(
        _ record: APITokenRecord, _ token: BearerToken, in org: OrgID, _ transaction: Transaction
    ) async throws {
        let (owner, role): (UserID?, Role?) =
            switch record.holder {
            case .user(let user): (user, nil)
            case .service(let role): (nil, role)
            }
        // One at a time in an organisation, so that the limit is one.
        let answers = try await transaction.batch([
            OrgLock.take,
            """
            SELECT count(*) FROM api_tokens
            WHERE revoked_at IS NULL AND (expires_at IS NULL OR expires_at > \(record.createdAt))
            """,
        ])
        guard try answers[1].first({ try $0.next(Int.self) }) ?? 0 < Self.limit else { throw Problem.tokenLimit }
        try await transaction.execute(
            """
            INSERT INTO api_tokens (org_id, id, name, owner_id, role, scopes, networks, hint, token_hash, created_by,
                                    created_at, expires_at)
            VALUES (\(org), \(record.id), \(record.name), \(owner), \(role?.rawValue), \(record.scopes.map(\.name)),
                    \(record.networks.map(\.description)), \(record.hint), \(token.hash), \(record.createdBy),
                    \(record.createdAt), \(record.expiresAt))
            """)
    }

    func update(_ record: APITokenRecord, in transaction: Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE api_tokens SET name = \(record.name), scopes = \(record.scopes.map(\.name)),
                networks = \(record.networks.map(\.description)), expires_at = \(record.expiresAt),
                replaced_by = \(record.replacedBy)
            WHERE id = \(record.id)
            """)
    }

    func revoke(_ id: TokenID, at now: Timestamp, in transaction: Transaction) async throws {
        let changed = try await transaction.execute(
            "UPDATE api_tokens SET revoked_at = \(now) WHERE id = \(id) AND revoked_at IS NULL")
        guard changed == 1 else { throw Problem.tokenNotFound }
    }
}

/// Serialises what must be counted or worked out over a whole organisation.
enum OrgLock {
    static let take: SQL =
        "SELECT pg_advisory_xact_lock(hashtextextended('access ' || current_setting('pulse.org_id'), 0))"
}

extension Problem {
    /// Revoked ones, and other organisations' too.
    static let tokenNotFound = Problem("token-not-found", status: 404, title: "No such token")
    static let tokenReplaced = Problem(
        "token-replaced", status: 409, title: "This token was rotated before",
        detail: "Rotate the one that replaced it.")
    static let tokenLimit = Problem(
        "token-limit", status: 409, title: "No more tokens in this organisation",
        detail: "An organisation has at most 200; revoke those that nobody uses.")
}
