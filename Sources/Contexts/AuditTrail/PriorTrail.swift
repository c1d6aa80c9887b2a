internal import Audit
internal import Cryptography
internal import JSONKit
internal import Kernel
internal import Postgres

/// The trail an organisation had where it was taken from, as it was there: rows of its tables as JSON, not a byte changed.
/// Its chain names the organisation it was then, so it is checked under that one's id.
struct PriorTrail: Sendable {
    let source: OrgID
    /// Where it lies now.
    let org: OrgID
    let database: Database

    /// One of those that lie here.
    struct Found: Sendable {
        let source: OrgID
        let entries: Int
        let firstSeq: Int64
        let seq: Int64
        /// Of the archive this organisation was made from; `nil` for what had come along there.
        let slug: String?
        let exportedAt: Timestamp?
        let importedAt: Timestamp?

        static let query: SQL = """
            SELECT p.source_org, count(*), min(p.seq), max(p.seq), i.source_slug, i.exported_at, i.imported_at
            FROM prior_trails p LEFT JOIN org_imports i ON i.source_org = p.source_org
            WHERE p.kind = 'entries' GROUP BY 1, 5, 6, 7 ORDER BY 7 DESC NULLS LAST, 1 LIMIT 100
            """

        init(_ row: inout RowReader) throws {
            source = try row.next()
            entries = try row.next()
            firstSeq = try row.next()
            seq = try row.next()
            slug = try row.next()
            exportedAt = try row.next()
            importedAt = try row.next()
        }
    }

    /// Entries of one round trip.
    private static let batch = 2000

    /// Newest first.
    func page(below seq: Int64, limit: Int) async throws -> [AuditEntryValue] {
        try await lines(
            """
            SELECT line FROM prior_trails
            WHERE source_org = \(source) AND kind = 'entries' AND seq < \(seq) ORDER BY seq DESC LIMIT \(limit)
            """
        ).map { try Self.entry($0) }
    }

    /// Follows the whole chain from its seal or beginning to its head, with every checkpoint on the way.
    /// - Returns: the verdict and the names of the keys that signed; `nil` when there is no such trail.
    func verify() async throws -> (verdict: ChainVerdict, keys: Set<VerifyingKey>)? {
        guard let head = try await lines(Self.rows("heads", of: source, after: 0, 1)).first else { return nil }
        let firstSeq = Int64(head["first_seq"]?.int ?? 1)
        var verdict = ChainVerdict(firstSeq: firstSeq, seq: Int64(head["seq"]?.int ?? 0))
        var keys: Set<VerifyingKey> = []
        var checkpoints: [Int64: Checkpoint] = [:]
        for line in try await everyCheckpoint() {
            guard let checkpoint = Checkpoint(row: line), let key = VerifyingKey(checkpoint.publicKey),
                checkpoint.isGenuine(in: source, trusting: [key])
            else {
                verdict.brokenSeq = Int64(line["seq"]?.int ?? 1)
                verdict.message = "the checkpoint at \(verdict.brokenSeq ?? 1) is not what was signed"
                return (verdict, keys)
            }
            keys.insert(key)
            checkpoints[checkpoint.seq] = checkpoint
        }
        let seal = checkpoints[firstSeq - 1].flatMap { $0.isSeal ? $0.hash : nil }
        guard let previous = firstSeq == 1 ? AuditChain.genesis(of: source) : seal else {
            verdict.brokenSeq = firstSeq
            verdict.message = "entries before \(firstSeq) are gone without a seal"
            return (verdict, keys)
        }
        var check = ChainCheck(of: source, after: previous, next: firstSeq)
        if let fault = try await follow(&check, upTo: verdict.seq, checkpoints) {
            verdict.brokenSeq = check.next
            verdict.message = fault
        } else if check.next > verdict.seq + 1 {
            verdict.brokenSeq = verdict.seq + 1
            verdict.message = "there are entries beyond the head"
        } else if check.hash != head["hash"]?.string?.fromBytea {
            verdict.brokenSeq = verdict.seq
            verdict.message = "the last entry is not the one the head names"
        } else if let beyond = checkpoints.keys.filter({ $0 > verdict.seq }).min() {
            verdict.brokenSeq = verdict.seq + 1
            verdict.message = "a checkpoint was signed at \(beyond), which is missing"
        }
        verdict.entries = check.count
        verdict.checkpoints = checkpoints.keys.count { (firstSeq..<check.next).contains($0) }
        return (verdict, keys)
    }

    /// - Returns: what is wrong with the entry that ought to come next.
    private func follow(
        _ check: inout ChainCheck, upTo last: Int64, _ checkpoints: [Int64: Checkpoint]
    ) async throws -> String? {
        while check.next <= last {
            let entries = try await lines(Self.rows("entries", of: source, after: check.next - 1, Self.batch))
                .map { try Self.entry($0) }
            guard !entries.isEmpty else { return "entries from \(check.next) to \(last) are missing" }
            for entry in entries {
                if let checkpoint = checkpoints[entry.seq], checkpoint.hash != entry.hash {
                    return "entry \(entry.seq) is not the one that was signed"
                }
                if let fault = check.follow(entry) { return fault }
            }
        }
        return nil
    }

    private func everyCheckpoint() async throws -> [JSONValue] {
        var all: [JSONValue] = []
        while true {
            let last = Int64(all.last?["seq"]?.int ?? -1)
            let some = try await lines(Self.rows("checkpoints", of: source, after: last, Self.batch))
            all += some
            guard some.count == Self.batch else { return all }
        }
    }

    // MARK: Reading

    private static func rows(_ kind: String, of source: OrgID, after seq: Int64, _ limit: Int) -> SQL {
        """
        SELECT line FROM prior_trails
        WHERE source_org = \(source) AND kind = \(kind) AND seq > \(seq) ORDER BY seq LIMIT \(limit)
        """
    }

    private func lines(_ sql: SQL) async throws -> [JSONValue] {
        try await database.rows(in: org, sql, timeout: .seconds(10)) { try $0.next(String.self) }
            .map { try JSONValue(json: Array($0.utf8)) }
    }

    /// A row of `audit_entries` as PostgreSQL writes it as JSON. What is missing is empty, and then the hash does not fit.
    private static func entry(_ row: JSONValue) throws -> AuditEntryValue {
        guard let seq = row["seq"]?.int, let id = row["id"]?.string.flatMap({ AuditEntryID($0) }),
            let at = row["at"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { throw BrokenTrail(description: "a line of a prior trail is no entry") }
        func text(_ column: String) -> String { row[column]?.string ?? "" }
        return AuditEntryValue(
            seq: Int64(seq), id: id, at: at, actor: text("actor"), through: row["through"]?.string,
            action: text("action"), object: text("object"), before: row["before"]?.string,
            after: row["after"]?.string, address: text("address"), userAgent: text("user_agent"),
            requestID: text("request_id"), hash: text("hash").fromBytea ?? [])
    }
}

extension Checkpoint {
    /// A row of `audit_checkpoints` as PostgreSQL writes it as JSON.
    fileprivate init?(row: JSONValue) {
        guard let seq = row["seq"]?.int, let hash = row["hash"]?.string?.fromBytea,
            let at = row["at"]?.string.flatMap({ Timestamp(rfc3339: $0) }),
            let publicKey = row["public_key"]?.string?.fromBytea,
            let signature = row["signature"]?.string?.fromBytea
        else { return nil }
        self.init(
            seq: Int64(seq), hash: hash, at: at, publicKey: publicKey, signature: signature,
            isSeal: row["is_seal"]?.bool ?? false)
    }
}

extension String {
    /// The bytes of `\x` and lower-case hexadecimal.
    fileprivate var fromBytea: [UInt8]? { hasPrefix("\\x") ? String(dropFirst(2)).fromHex : nil }
}
