internal import Audit
internal import Kernel
package import Postgres
package import Vault

/// The rows of streams. What is sealed is opened for sending alone.
package struct StreamStore: Sendable {
    let database: Database
    let vault: SecretVault

    package init(_ database: Database, vault: SecretVault) {
        self.database = database
        self.vault = vault
    }

    static let limit = 10

    func all(in org: OrgID) async throws -> [TrailStream] {
        try await database.rows(
            in: org, "SELECT \(TrailStream.columns) FROM audit_streams s ORDER BY s.created_at, s.id"
        ) { try TrailStream(&$0) }
    }

    func one(_ id: AuditStreamID, in org: OrgID) async throws -> TrailStream? {
        try await database.first(in: org, "SELECT \(TrailStream.columns) FROM audit_streams s WHERE s.id = \(id)") {
            try TrailStream(&$0)
        }
    }

    struct New: Sendable {
        let id: AuditStreamID
        let name: String
        let kind: TrailStream.Kind
        let address: StreamAddress
        let secret: Secret<String>?
        let certificates: String?
    }

    /// Begins after the entries that are there.
    /// - Throws: `audit-stream-limit`.
    func create(_ new: New, in org: OrgID, at now: Timestamp, entry: SQL) async throws {
        let address = try await vault.seal(
            Secret(new.address.text), for: .org(org), at: TrailStream.place("address", new.id))
        var secret: Sealed?
        if let plain = new.secret {
            secret = try await vault.seal(plain, for: .org(org), at: TrailStream.place("secret", new.id))
        }
        try await database.asOrg(org) { [secret] transaction in
            let made = try await transaction.execute(
                """
                INSERT INTO audit_streams (org_id, id, name, kind, host, address, secret, certificates, sent_seq, next_at,
                                           created_at)
                SELECT \(org), \(new.id), \(new.name), \(new.kind.rawValue), \(new.address.host), \(address), \(secret),
                       \(new.certificates), coalesce((SELECT h.seq FROM audit_heads h), 0), \(now), \(now)
                WHERE (SELECT count(*) FROM audit_streams) < \(Self.limit)
                """)
            guard made == 1 else { throw Problem.auditStreamLimit }
            transaction.atCommit(entry)
        }
    }

    /// - Parameter address: `nil`: stays.
    /// - Returns: false when there is no such stream.
    func update(
        _ id: AuditStreamID, in org: OrgID, name: String?, isEnabled: Bool?, address: StreamAddress?,
        at now: Timestamp, entry: SQL
    ) async throws -> Bool {
        var sealed: Sealed?
        if let address {
            sealed = try await vault.seal(
                Secret(address.text), for: .org(org), at: TrailStream.place("address", id))
        }
        return try await database.asOrg(org) { [sealed] transaction in
            let changed = try await transaction.execute(
                """
                UPDATE audit_streams s SET name = coalesce(\(name), s.name),
                    is_enabled = coalesce(\(isEnabled), s.is_enabled), address = coalesce(\(sealed), s.address),
                    host = coalesce(\(address?.host), s.host), failures = 0, last_error = NULL, next_at = \(now)
                WHERE s.id = \(id)
                """)
            if changed == 1 { transaction.atCommit(entry) }
            return changed == 1
        }
    }

    func delete(_ id: AuditStreamID, in org: OrgID, entry: SQL) async throws -> Bool {
        try await database.asOrg(org) { transaction in
            let gone = try await transaction.execute("DELETE FROM audit_streams s WHERE s.id = \(id)")
            if gone == 1 { transaction.atCommit(entry) }
            return gone == 1
        }
    }

    // MARK: Sending

    /// What sending needs.
    struct Due: Sendable {
        let kind: TrailStream.Kind
        let address: Secret<String>
        let secret: Secret<String>?
        let certificates: String?
        let sentSeq: Int64
        let failures: Int
    }

    func due(_ id: AuditStreamID, in org: OrgID) async throws -> Due? {
        let row = try await database.first(
            in: org,
            """
            SELECT kind, address, secret, certificates, sent_seq, failures FROM audit_streams
            WHERE id = \(id) AND is_enabled
            """
        ) { row in
            (
                kind: try row.next(String.self), address: try row.next(Sealed.self), secret: try row.next(Sealed?.self),
                certificates: try row.next(String?.self), sentSeq: try row.next(Int64.self),
                failures: try row.next(Int32.self)
            )
        }
        guard let row, let kind = TrailStream.Kind(rawValue: row.kind) else { return nil }
        var secret: Secret<String>?
        if let sealed = row.secret {
            secret = try await vault.openText(sealed, for: .org(org), at: TrailStream.place("secret", id))
        }
        let address = try await vault.openText(row.address, for: .org(org), at: TrailStream.place("address", id))
        return Due(
            kind: kind, address: address, secret: secret, certificates: row.certificates, sentSeq: row.sentSeq,
            failures: Int(row.failures))
    }

    /// Notes how far a round of sending got.
    /// - Parameter failure: why it ended early, and when it is tried again; `isGone`: never, until someone enables it.
    func note(
        _ id: AuditStreamID, in org: OrgID, sent seq: Int64, at now: Timestamp,
        failure: (reason: String, next: Timestamp, isGone: Bool)? = nil
    ) async throws {
        let reason = failure?.reason
        let next = failure?.next ?? now
        try await database.execute(
            in: org,
            """
            UPDATE audit_streams s SET
                last_sent_at = CASE WHEN \(seq) > s.sent_seq THEN \(now) ELSE s.last_sent_at END,
                failures = CASE WHEN \(reason)::text IS NULL THEN 0
                                WHEN \(seq) > s.sent_seq THEN 1 ELSE s.failures + 1 END,
                sent_seq = greatest(s.sent_seq, \(seq)), last_error = \(reason), next_at = \(next),
                is_enabled = s.is_enabled AND NOT \(failure?.isGone ?? false)
            WHERE s.id = \(id)
            """)
    }
}
