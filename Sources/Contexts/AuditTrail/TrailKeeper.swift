internal import Audit
internal import CoreMetrics
package import Kernel
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Every ten minutes: looks at what chains have grown by, signs where they stand, and prunes what nobody has to keep.
///
/// Several processes may do this at once: a checkpoint is the same row whoever signs it, and pruning twice prunes once.
package struct TrailKeeper: Service {
    private enum LogKey {
        static let org = "org"
        static let seq = "seq"
        static let count = "count"
        static let error = "error"
    }

    private let store: TrailStore
    private let workers: Database
    private let keys: TrailKeys
    private let plan: RetentionPlan
    private let time: any TimeSource
    private let logger: Logger

    /// Organisations of one round.
    private static let width = 500

    /// - Parameter workers: as pulse_worker, which may see whose chain has grown, and nothing of what is in it.
    package init(
        store: TrailStore, workers: Database, keys: TrailKeys, plan: RetentionPlan, time: any TimeSource, logger: Logger
    ) {
        self.store = store
        self.workers = workers
        self.keys = keys
        self.plan = plan
        self.time = time
        self.logger = logger
    }

    package func run() async throws {
        // Soon after the start, so that a program that is restarted often signs as well.
        var pause: Duration = .seconds(30)
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { [pause] in try await time.sleep(for: pause) }
            pause = .seconds(600)
            guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
            do {
                try await sign()
                try await prune()
            } catch {
                logger.warning("audit round failed, trying again", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    // MARK: Checkpoints

    /// Signs every chain that has grown.
    /// - Returns: how many were signed.
    @discardableResult
    package func sign() async throws -> Int {
        let grown = try await workers.rowsGlobally("SELECT org_id, seq FROM audit_unsigned(\(Int32(Self.width)))") {
            (org: try $0.next(OrgID.self), seq: try $0.next(Int64.self))
        }
        var signed = 0
        for (org, seq) in grown where try await sign(org, upTo: seq, isSeal: false) { signed += 1 }
        return signed
    }

    /// Looks at the entries since the last checkpoint before `seq`, and signs when they fit.
    private func sign(_ org: OrgID, upTo seq: Int64, isSeal: Bool) async throws -> Bool {
        let (head, beginning) = try await store.ends(of: org)
        let last = try await store.newestCheckpoints(in: org, below: seq, limit: 1).first
        guard let previous = last?.hash ?? beginning else {
            return try await mark(org, brokenAt: head.firstSeq)
        }
        if let last, !last.isGenuine(in: org, trusting: keys.trusted) { return try await mark(org, brokenAt: last.seq) }
        let auditor = ChainAuditor(store: store, trusted: keys.trusted)
        let (broken, hash) = try await auditor.follow(
            org, after: previous, from: last.map { $0.seq + 1 } ?? head.firstSeq, through: seq)
        if let broken { return try await mark(org, brokenAt: broken) }
        if seq == head.seq, hash != head.hash { return try await mark(org, brokenAt: seq) }
        let checkpoint = try Checkpoint(
            seq: seq, hash: hash, of: org, at: time.now, isSeal: isSeal, by: keys.signing)
        return try await workers.firstGlobally(
            """
            SELECT audit_checkpoint(\(org), \(seq), \(hash), \(checkpoint.at), \(checkpoint.publicKey),
                                    \(checkpoint.signature), \(isSeal))
            """
        ) { try $0.next(Bool.self) } ?? false
    }

    /// Says so where everybody looks. Nothing is repaired, signed or pruned from here on: what is there is evidence.
    private func mark(_ org: OrgID, brokenAt seq: Int64) async throws -> Bool {
        logger.error("audit chain is broken", metadata: [LogKey.org: "\(org)", LogKey.seq: "\(seq)"])
        TrailMetrics.broken.increment()
        _ = try await workers.firstGlobally("SELECT audit_mark(\(org), \(seq))::text") { try $0.next(String?.self) }
        return false
    }

    // MARK: Retention

    /// Seals and prunes what has been kept long enough.
    /// - Returns: how many entries went.
    @discardableResult
    package func prune() async throws -> Int {
        let expired = try await workers.rowsGlobally(
            """
            SELECT org_id, seq FROM audit_expired(\(time.now), \(Int32(plan.defaultDays)), \(Int32(Self.width)))
            """, timeout: .seconds(30)
        ) { (org: try $0.next(OrgID.self), seq: try $0.next(Int64.self)) }
        var count = 0
        for (org, seq) in expired where try await sign(org, upTo: seq, isSeal: true) {
            let gone = try await workers.firstGlobally(
                "SELECT audit_prune(\(org), \(seq), \(AuditEntryID.new(at: time.now)), \(time.now))",
                timeout: .seconds(60)
            ) { try $0.next(Int64.self) }
            count += Int(gone ?? 0)
            logger.info(
                "audit entries pruned", metadata: [LogKey.org: "\(org)", LogKey.count: "\(gone ?? 0)"])
        }
        return count
    }
}
