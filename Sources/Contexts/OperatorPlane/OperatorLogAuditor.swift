internal import AuditTrail
internal import Kernel
internal import Postgres

/// Looks at the operators' log as it stands in the database: every entry, the head, and every checkpoint.
struct OperatorLogAuditor: Sendable {
    let keys: TrailKeys

    /// What a look found.
    struct Verdict: Sendable {
        var entries = 0
        var checkpoints = 0
        var newest: OperatorCheckpoint?
        /// The first entry that does not fit; `nil`: all do.
        var brokenSeq: Int64?
    }

    /// Entries of one round trip: 2,000 of some 400 bytes.
    private static let batch = 2000

    /// The whole log.
    func verify(in transaction: Transaction) async throws -> Verdict {
        let head = try await head(in: transaction)
        var (chain, verdict) = (OperatorChain(), Verdict())
        while chain.seq < head.seq {
            let links = try await links(after: chain.seq, through: head.seq, in: transaction)
            guard let last = links.last else { return Self.broken(verdict, at: chain.seq + 1) }
            let signed = try await checkpoints(after: chain.seq, through: last.seq, in: transaction)
            var bySeq = Dictionary(signed.map { ($0.seq, $0) }) { first, _ in first }
            for link in links {
                guard chain.follow(link) else { return Self.broken(verdict, at: chain.seq + 1) }
                verdict.entries += 1
                guard let checkpoint = bySeq.removeValue(forKey: link.seq) else { continue }
                guard checkpoint.hash == link.hash, checkpoint.isGenuine(trusting: keys.trusted) else {
                    return Self.broken(verdict, at: link.seq)
                }
                verdict.checkpoints += 1
                verdict.newest = checkpoint
            }
        }
        // Cut off together with the head, an end still stands under a signature.
        let beyond = try await newest(in: transaction).map { $0.seq > head.seq } ?? false
        return chain.hash != head.hash || beyond ? Self.broken(verdict, at: head.seq + 1) : verdict
    }

    /// Looks at what was written since the newest checkpoint and signs where the log stands.
    /// - Returns: the new checkpoint, `nil` when nothing is new.
    /// - Throws: `BrokenLog` when the log does not hold: then nothing is signed, for what is there is evidence.
    @discardableResult
    func sign(in transaction: Transaction, at now: Timestamp) async throws -> OperatorCheckpoint? {
        let head = try await head(in: transaction)
        let newest = try await newest(in: transaction)
        if let newest, !newest.isGenuine(trusting: keys.trusted) { throw BrokenLog(seq: newest.seq) }
        var chain = newest.map(OperatorChain.init(after:)) ?? OperatorChain()
        guard chain.seq <= head.seq else { throw BrokenLog(seq: head.seq + 1) }
        while chain.seq < head.seq {
            let links = try await links(after: chain.seq, through: head.seq, in: transaction)
            guard !links.isEmpty else { throw BrokenLog(seq: chain.seq + 1) }
            for link in links where !chain.follow(link) { throw BrokenLog(seq: chain.seq + 1) }
        }
        guard chain.hash == head.hash else { throw BrokenLog(seq: head.seq) }
        guard chain.seq > newest?.seq ?? 0 else { return nil }
        let checkpoint = try OperatorCheckpoint(of: chain, at: now, by: keys.signing)
        try await transaction.execute(
            """
            SELECT operator_checkpoint(\(checkpoint.seq), \(checkpoint.hash), \(now), \(checkpoint.publicKey),
                                       \(checkpoint.signature))
            """)
        return checkpoint
    }

    // MARK: Reading

    private func head(in transaction: Transaction) async throws -> (seq: Int64, hash: [UInt8]) {
        let head = try await transaction.first("SELECT seq, hash FROM operator_log_head") {
            (seq: try $0.next(Int64.self), hash: try $0.next([UInt8].self))
        }
        guard let head else { throw BrokenLog(seq: 1) }
        return head
    }

    private func links(
        after seq: Int64, through last: Int64, in transaction: Transaction
    ) async throws -> [OperatorChain.Link] {
        try await transaction.rows(
            """
            SELECT \(OperatorChain.Link.columns) FROM operator_log l
            WHERE l.seq > \(seq) AND l.seq <= \(last) ORDER BY l.seq LIMIT \(Self.batch)
            """
        ) { try OperatorChain.Link(&$0) }
    }

    private func checkpoints(
        after seq: Int64, through last: Int64, in transaction: Transaction
    ) async throws -> [OperatorCheckpoint] {
        try await transaction.rows(
            """
            SELECT \(OperatorCheckpoint.columns) FROM operator_log_checkpoints c
            WHERE c.seq > \(seq) AND c.seq <= \(last) ORDER BY c.seq
            """
        ) { try OperatorCheckpoint(&$0) }
    }

    private func newest(in transaction: Transaction) async throws -> OperatorCheckpoint? {
        try await transaction.first(
            "SELECT \(OperatorCheckpoint.columns) FROM operator_log_checkpoints c ORDER BY c.seq DESC LIMIT 1"
        ) { try OperatorCheckpoint(&$0) }
    }

    private static func broken(_ verdict: Verdict, at seq: Int64) -> Verdict {
        var verdict = verdict
        verdict.brokenSeq = seq
        return verdict
    }
}

/// The operators' log does not hold from this entry on.
struct BrokenLog: Error, CustomStringConvertible {
    let seq: Int64
    var description: String { "the operators' log is broken at entry \(seq)" }
}
