internal import Audit
internal import Kernel
package import Postgres

/// The rows of a trail, read as the organisation's own.
package struct TrailStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// An entry with the names behind its ids, as far as they are still known.
    struct Named: Sendable {
        let entry: AuditEntryValue
        let actorName: String?
        let objectName: String?
    }

    /// Where a chain stands.
    struct Head: Sendable {
        var seq: Int64 = 0
        var hash: [UInt8] = []
        /// The first entry that is still there.
        var firstSeq: Int64 = 1
        var brokenSeq: Int64?
    }

    // MARK: Statements of fused reads

    /// One more than asked for, so that it is known whether there is a next page. Newest first.
    static func page(_ filter: TrailFilter) -> SQL {
        """
        SELECT \(AuditEntryValue.columns), who.display_name, whom.display_name
        FROM audit_entries e
        LEFT JOIN audit_people who ON who.org_id = e.org_id AND who.user_id = \(person("e.actor"))
        LEFT JOIN audit_people whom ON whom.org_id = e.org_id AND whom.user_id = \(person("e.object"))
        WHERE \(filter.condition) ORDER BY e.seq DESC LIMIT \(filter.limit + 1)
        """
    }

    /// The id in `user:<id>`; NULL for other labels.
    private static func person(_ column: StaticString) -> SQL {
        let column = SQL(stringLiteral: column)
        return "CASE WHEN \(column) ~ '^user:[0-9a-f-]{36}$' THEN substr(\(column), 6)::uuid END"
    }

    static func named(_ row: inout RowReader) throws -> Named {
        Named(entry: try AuditEntryValue(&row), actorName: try row.next(), objectName: try row.next())
    }

    static func actionCounts(_ filter: TrailFilter) -> SQL {
        """
        SELECT e.action, count(*) FROM audit_entries e WHERE \(filter.condition)
        GROUP BY e.action ORDER BY count(*) DESC, e.action LIMIT 200
        """
    }

    static func actorCounts(_ filter: TrailFilter) -> SQL {
        """
        SELECT top.actor, who.display_name, top.count
        FROM (SELECT e.org_id, e.actor, count(*) AS count FROM audit_entries e WHERE \(filter.condition)
              GROUP BY e.org_id, e.actor ORDER BY count(*) DESC, e.actor LIMIT 20) top
        LEFT JOIN audit_people who ON who.org_id = top.org_id AND who.user_id = \(person("top.actor"))
        ORDER BY top.count DESC, top.actor
        """
    }

    static let head: SQL = "SELECT seq, hash, first_seq, broken_seq FROM audit_heads"

    static func head(_ row: inout RowReader) throws -> Head {
        Head(
            seq: try row.next(), hash: try row.next(), firstSeq: try row.next(), brokenSeq: try row.next())
    }

    static let lastCheckpoint: SQL = """
        SELECT seq, hash, at, public_key, signature, is_seal FROM audit_checkpoints ORDER BY seq DESC LIMIT 1
        """

    static let retention: SQL = "SELECT retention_days FROM audit_settings"

    // MARK: The chain

    /// The head, and what stands before the first entry that is still there: the seal of what was pruned, or the beginning.
    /// - Returns: `previous` is `nil` when there should be a seal and is none.
    func ends(of org: OrgID) async throws -> (head: Head, previous: [UInt8]?) {
        let answers = try await database.batch(
            in: org,
            [
                Self.head,
                """
                SELECT c.hash FROM audit_checkpoints c, audit_heads h WHERE c.seq = h.first_seq - 1 AND c.is_seal
                """,
            ])
        guard let head = try answers[0].first(Self.head) else {
            return (Head(hash: AuditChain.genesis(of: org)), AuditChain.genesis(of: org))
        }
        guard head.firstSeq > 1 else { return (head, AuditChain.genesis(of: org)) }
        return (head, try answers[1].first { try $0.next([UInt8].self) })
    }

    /// In their order; at most `limit`.
    func entries(in org: OrgID, from first: Int64, through last: Int64, limit: Int) async throws -> [AuditEntryValue] {
        try await database.rows(
            in: org,
            """
            SELECT \(AuditEntryValue.columns) FROM audit_entries e
            WHERE e.seq >= \(first) AND e.seq <= \(last) ORDER BY e.seq LIMIT \(limit)
            """, timeout: .seconds(10)
        ) { try AuditEntryValue(&$0) }
    }

    func entry(_ id: AuditEntryID, in org: OrgID) async throws -> AuditEntryValue? {
        try await database.first(
            in: org, "SELECT \(AuditEntryValue.columns) FROM audit_entries e WHERE e.id = \(id)"
        ) { try AuditEntryValue(&$0) }
    }

    /// In the order of the chain, from `first` on.
    func checkpoints(in org: OrgID, from first: Int64, limit: Int) async throws -> [Checkpoint] {
        try await database.rows(
            in: org,
            """
            SELECT seq, hash, at, public_key, signature, is_seal FROM audit_checkpoints
            WHERE seq >= \(first) ORDER BY seq LIMIT \(limit)
            """
        ) { try Checkpoint(&$0) }
    }

    /// Newest first, below a number.
    func newestCheckpoints(in org: OrgID, below: Int64, limit: Int) async throws -> [Checkpoint] {
        try await database.rows(
            in: org,
            """
            SELECT seq, hash, at, public_key, signature, is_seal FROM audit_checkpoints
            WHERE seq < \(below) ORDER BY seq DESC LIMIT \(limit)
            """
        ) { try Checkpoint(&$0) }
    }

    /// The numbers of the first and the last entry in a time; an entry between that is dated otherwise is between all the
    /// same, or the chain could not be shown. `nil`: none.
    func range(in org: OrgID, from: Timestamp?, to: Timestamp?, upTo last: Int64) async throws -> ClosedRange<Int64>? {
        var condition: SQL = "e.seq <= \(last)"
        if let from { condition += " AND e.at >= \(from)" }
        if let to { condition += " AND e.at < \(to)" }
        let found = try await database.first(
            in: org, "SELECT min(e.seq), max(e.seq) FROM audit_entries e WHERE \(condition)", timeout: .seconds(10)
        ) { (first: try $0.next(Int64?.self), last: try $0.next(Int64?.self)) }
        guard let first = found?.first, let last = found?.last else { return nil }
        return first...last
    }
}
