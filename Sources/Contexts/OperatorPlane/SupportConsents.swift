internal import Access
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import Tenancy

/// The rows of support access, as the organisation they belong to reads and answers them.
struct SupportConsents: Sendable {
    let database: Database

    func list(
        in org: OrgID, after: SupportConsentID?, limit: Int, at now: Timestamp
    ) async throws -> ListPage<SupportConsentRow> {
        let rows = try await database.rows(
            in: org,
            """
            SELECT \(SupportConsentRow.columns(at: now)) FROM support_access
            WHERE \(after)::uuid IS NULL OR id < \(after) ORDER BY id DESC LIMIT \(limit + 1)
            """
        ) { try SupportConsentRow(&$0) }
        return ListPage(rows, limit: limit) { "\($0.id)" }
    }

    /// - Parameter minutes: `nil`: as many as were asked for.
    /// - Throws: 409 `support-access-state` unless the request waits; 400 for more than was asked for.
    func approve(
        _ id: SupportConsentID, for minutes: Int?, by user: UserID, in org: OrgID, request: APIRequest,
        at now: Timestamp, entry: SQL
    ) async throws -> SupportConsentRow {
        try await database.asOrg(org) { transaction in
            let asked = try await waiting(id, in: transaction, at: now)
            guard (minutes ?? asked) <= asked else {
                throw Problem.invalidField("minutes", "no more than the \(asked) that were asked for")
            }
            try await transaction.requireFreshSession(request, at: now)
            try await transaction.execute(
                """
                UPDATE support_access SET decided_at = \(now), decided_by = \(user),
                    expires_at = \(now + .seconds((minutes ?? asked) * 60))
                WHERE id = \(id)
                """)
            transaction.atCommit(entry)
            return try await row(id, in: transaction, at: now)
        }
    }

    func decline(
        _ id: SupportConsentID, in org: OrgID, at now: Timestamp, entry: SQL
    ) async throws -> SupportConsentRow {
        try await database.asOrg(org) { transaction in
            _ = try await waiting(id, in: transaction, at: now)
            try await transaction.execute(
                "UPDATE support_access SET ended_at = \(now), ending = 'declined' WHERE id = \(id)")
            transaction.atCommit(entry)
            return try await row(id, in: transaction, at: now)
        }
    }

    /// Ends it for the operator, from the next request on and on open sockets.
    func revoke(_ id: SupportConsentID, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        try await database.asOrg(org) { transaction in
            let changed = try await transaction.execute(
                """
                UPDATE support_access SET ended_at = \(now), ending = 'revoked'
                WHERE id = \(id) AND ended_at IS NULL AND coalesce(expires_at, request_expires_at) > \(now)
                """)
            guard changed == 1 else { throw Problem.supportAccessNotFound }
            transaction.atCommit(entry)
        }
    }

    /// Of a request that nobody has answered yet, and that is not void: how many minutes it asks for. Its row is held, so
    /// that of two answers at once one counts.
    private func waiting(
        _ id: SupportConsentID, in transaction: Transaction, at now: Timestamp
    ) async throws -> Int {
        let found = try await transaction.first(
            """
            SELECT minutes, ended_at IS NULL AND decided_at IS NULL AND request_expires_at > \(now)
            FROM support_access WHERE id = \(id) FOR NO KEY UPDATE
            """
        ) { (minutes: Int(try $0.next(Int32.self)), waits: try $0.next(Bool.self)) }
        guard let found else { throw Problem.supportAccessNotFound }
        guard found.waits else { throw Problem.supportAccessState }
        return found.minutes
    }

    private func row(
        _ id: SupportConsentID, in transaction: Transaction, at now: Timestamp
    ) async throws -> SupportConsentRow {
        let row = try await transaction.first(
            "SELECT \(SupportConsentRow.columns(at: now)) FROM support_access WHERE id = \(id)"
        ) { try SupportConsentRow(&$0) }
        guard let row else { throw Problem.supportAccessNotFound }
        return row
    }
}

/// A request for support access, as the organisation sees it.
struct SupportConsentRow: Sendable {
    let id: SupportConsentID
    let operatorName: String
    let reason: String
    let minutes: Int
    let state: String
    let requestedAt: Timestamp
    let requestExpiresAt: Timestamp
    let decidedAt: Timestamp?
    let expiresAt: Timestamp?
    let endedAt: Timestamp?

    static func columns(at now: Timestamp) -> SQL {
        """
        id, operator_name, reason, minutes,
        CASE WHEN ended_at IS NOT NULL THEN ending
             WHEN coalesce(expires_at, request_expires_at) <= \(now) THEN 'expired'
             WHEN decided_at IS NULL THEN 'pending' ELSE 'active' END,
        requested_at, request_expires_at, decided_at, expires_at, ended_at
        """
    }

    init(_ row: inout RowReader) throws {
        id = try row.next()
        operatorName = try row.next()
        reason = try row.next()
        minutes = Int(try row.next(Int32.self))
        state = try row.next()
        requestedAt = try row.next()
        requestExpiresAt = try row.next()
        decidedAt = try row.next()
        expiresAt = try row.next()
        endedAt = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "operatorName": .string, "reason": .string, "minutes": .integer(minimum: 15, maximum: 10_080),
        "status": .enumeration(SupportAccess.states), "requestedAt": .timestamp, "requestExpiresAt": .timestamp,
        "decidedAt": .timestamp.optional, "expiresAt": .timestamp.optional, "endedAt": .timestamp.optional,
    ]).named("SupportConsent")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-0000000000b1","operatorName":"Mira","reason":"The graphs of host7 stand still",\
        "minutes":60,"status":"active","requestedAt":"2026-11-21T09:30:00.000Z",\
        "requestExpiresAt":"2026-11-28T09:30:00.000Z","decidedAt":"2026-11-21T09:40:00.000Z",\
        "expiresAt":"2026-11-21T10:40:00.000Z"}
        """
}

extension SupportConsentRow: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("operatorName", operatorName)
            json.member("reason", reason)
            json.member("minutes", minutes)
            json.member("status", state)
            json.member("requestedAt", requestedAt)
            json.member("requestExpiresAt", requestExpiresAt)
            json.member("decidedAt", decidedAt)
            json.member("expiresAt", expiresAt)
            json.member("endedAt", endedAt)
        }
    }
}
