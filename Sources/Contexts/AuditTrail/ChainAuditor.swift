internal import Audit
internal import Cryptography
internal import Kernel
internal import Postgres

/// Looks at the chain as it stands in the database: every entry, the head, and every checkpoint.
struct ChainAuditor: Sendable {
    let store: TrailStore
    /// The keys whose checkpoints count: who can write to the database can sign with a key of their own.
    let trusted: Set<VerifyingKey>

    /// Entries of one round trip: 2,000 of some 500 bytes are 1 MB.
    private static let batch = 2000
    /// One signed every ten minutes for a year are 52,560; they are read in pages.
    private static let checkpointPage = 5000

    /// The whole chain.
    func verify(_ org: OrgID) async throws -> ChainVerdict {
        let (head, previous) = try await store.ends(of: org)
        var verdict = ChainVerdict(firstSeq: head.firstSeq, seq: head.seq)
        guard let previous else {
            verdict.brokenSeq = head.firstSeq
            verdict.message = "entries before \(head.firstSeq) are gone without a seal"
            return verdict
        }
        var check = ChainCheck(of: org, after: previous, next: head.firstSeq)
        var checkpoints = Checkpoints(org: org, trusted: trusted)
        while check.next <= head.seq {
            let entries = try await store.entries(
                in: org, from: check.next, through: head.seq, limit: Self.batch)
            guard !entries.isEmpty else {
                return Self.broken(&verdict, at: check.next, "entries from \(check.next) to \(head.seq) are missing")
            }
            try await checkpoints.load(upTo: entries[entries.count - 1].seq, from: store, page: Self.checkpointPage)
            for entry in entries {
                verdict.entries += 1
                if let fault = check.follow(entry) ?? checkpoints.fault(of: entry) {
                    return Self.broken(&verdict, at: min(entry.seq, check.next), fault)
                }
            }
        }
        verdict.checkpoints = checkpoints.seen
        guard check.hash == head.hash else {
            return Self.broken(&verdict, at: head.seq, "the last entry is not the one the head names")
        }
        if let beyond = try await store.checkpoints(in: org, from: head.seq + 1, limit: 1).first {
            return Self.broken(&verdict, at: head.seq + 1, "a checkpoint was signed at \(beyond.seq), which is missing")
        }
        return verdict
    }

    /// Entries `first` to `last`, after one with the hash `previous`.
    /// - Returns: the first that does not fit, or the hash of the last.
    func follow(
        _ org: OrgID, after previous: [UInt8], from first: Int64, through last: Int64
    ) async throws -> (brokenSeq: Int64?, hash: [UInt8]) {
        var check = ChainCheck(of: org, after: previous, next: first)
        while check.next <= last {
            let entries = try await store.entries(in: org, from: check.next, through: last, limit: Self.batch)
            guard !entries.isEmpty else { return (check.next, check.hash) }
            for entry in entries where check.follow(entry) != nil { return (check.next, check.hash) }
        }
        return (nil, check.hash)
    }

    private static func broken(_ verdict: inout ChainVerdict, at seq: Int64, _ message: String) -> ChainVerdict {
        verdict.brokenSeq = seq
        verdict.message = message
        return verdict
    }
}

/// The checkpoints that stand beside a chain, loaded as far as it has been followed.
private struct Checkpoints {
    let org: OrgID
    let trusted: Set<VerifyingKey>
    private(set) var seen = 0
    private var bySeq: [Int64: Checkpoint] = [:]
    private var loadedUpTo: Int64 = 0

    init(org: OrgID, trusted: Set<VerifyingKey>) {
        self.org = org
        self.trusted = trusted
    }

    mutating func load(upTo last: Int64, from store: TrailStore, page: Int) async throws {
        bySeq = bySeq.filter { $0.key > loadedUpTo }
        while loadedUpTo < last {
            let some = try await store.checkpoints(in: org, from: loadedUpTo + 1, limit: page)
            for checkpoint in some { bySeq[checkpoint.seq] = checkpoint }
            loadedUpTo = some.count < page ? max(last, some.last?.seq ?? last) : some[some.count - 1].seq
        }
    }

    mutating func fault(of entry: AuditEntryValue) -> String? {
        guard let checkpoint = bySeq[entry.seq] else { return nil }
        seen += 1
        guard checkpoint.isGenuine(in: org, trusting: trusted) else {
            return "the checkpoint at \(entry.seq) is not signed by a key that is trusted here"
        }
        return checkpoint.hash == entry.hash ? nil : "entry \(entry.seq) is not the one that was signed"
    }
}
