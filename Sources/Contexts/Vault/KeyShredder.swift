package import Kernel
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Destroys an organisation's keys for good, and with them everything it had sealed, wherever a copy lies.
///
/// The order matters: first the ledger outside the database, then the rows, then the wrapping keys at their provider.
/// Cut off anywhere, it is finished by the next round here or in another process.
package struct KeyShredder: Service {
    let ring: KeyRing
    let worker: Database
    let ledger: ErasureLedger?
    /// How long backups are kept: a wrapping key that was rotated away is destroyed after this, not before, or those
    /// backups would open no secret.
    let backupHorizon: Duration
    let logger: Logger

    package init(
        _ ring: KeyRing, worker: Database, ledger: ErasureLedger?, backupHorizon: Duration, logger: Logger
    ) {
        self.ring = ring
        self.worker = worker
        self.ledger = ledger
        self.backupHorizon = backupHorizon
        self.logger = logger
    }

    private var database: Database { ring.store.database }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                let count = try await sweep()
                if count > 0 { logger.info("wrapping keys destroyed", metadata: [LogKey.count: "\(count)"]) }
            } catch {
                logger.warning("wrapping keys not destroyed, trying again", metadata: [LogKey.error: "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await ring.time.sleep(for: .seconds(30)) }
        }
    }

    /// Doing it twice is fine. Other processes may use what they remember for 40 s more.
    /// - Parameter entry: the audit entry of the erasure; in the transaction that deletes the keys.
    /// - Throws: `key-unavailable` when a provider could not destroy a key yet. The organisation is unreadable already
    ///   and the rest is done later; `isShredded` tells.
    package func shred(_ org: OrgID, entry: [SQL] = []) async throws {
        let now = ring.time.now
        try ledger?.append(ErasureLedger.Line(org: org, erasedAt: now))
        try await database.asOrg(org) { transaction in
            try await transaction.execute("SELECT note_erasure(\(org), \(now))")
            try await transaction.execute("DELETE FROM key_rotations")
            try await transaction.execute("DELETE FROM data_keys")
            try await transaction.execute(
                """
                UPDATE wrapping_keys SET state = CASE WHEN is_own THEN 'destroyed' ELSE 'destroying' END
                WHERE state IN ('active', 'retired')
                """)
            // Who never had a secret gets no key afterwards either.
            try await transaction.execute(
                """
                INSERT INTO wrapping_keys (org_id, id, provider, reference, state, created_at)
                SELECT \(org), \(WrappingKeyID.new(at: now)), 'file', 'none', 'destroyed', \(now)
                WHERE NOT EXISTS (SELECT FROM wrapping_keys WHERE retired_at IS NULL)
                """)
            for statement in entry { transaction.atCommit(statement) }
        }
        ring.forget(.org(org))
        try await destroyMarked(of: .org(org))
    }

    /// Whether nothing is left to destroy: what a certificate of erasure may state.
    package func isShredded(_ org: OrgID) async throws -> Bool {
        try await database.first(
            in: org,
            """
            SELECT NOT EXISTS (SELECT FROM data_keys) AND EXISTS (SELECT FROM wrapping_keys)
                   AND NOT EXISTS (SELECT FROM wrapping_keys WHERE state <> 'destroyed')
            """
        ) { try $0.next(Bool.self) } ?? false
    }

    /// Whether the ledger tells of any erasure, which is asked without the database.
    package var hasErased: Bool { get throws { try ledger.map { try !$0.lines().isEmpty } ?? false } }

    /// Erases again what a restored database has forgotten. To be called before anything is served.
    /// - Returns: the organisations whose keys came back and are gone again.
    package func replay() async throws -> [OrgID] {
        let lines = try ledger?.lines() ?? []
        guard !lines.isEmpty else { return [] }
        let orgs = Array(Set(lines.map(\.org)))
        let known = try await database.rowsGlobally("SELECT erased_orgs(\(orgs))", timeout: .seconds(30)) {
            try $0.next(OrgID.self)
        }
        let forgotten = Set(orgs).subtracting(known).sorted()
        for org in forgotten { try await shred(org) }
        return forgotten
    }

    /// Finishes what was begun, and destroys retired keys that no backup needs any more.
    /// - Returns: how many keys were destroyed.
    @discardableResult
    package func sweep() async throws -> Int {
        let due = try await worker.rowsGlobally(
            """
            SELECT DISTINCT org_id FROM wrapping_keys
            WHERE state = 'destroying'
               OR (state = 'retired' AND NOT is_own AND retired_at <= \(ring.time.now - backupHorizon))
            LIMIT 100
            """
        ) { KeyOwner(id: try $0.next()) }
        var count = 0
        for owner in due {
            do {
                try await database.execute(
                    in: owner.id,
                    """
                    UPDATE wrapping_keys SET state = 'destroying'
                    WHERE state = 'retired' AND NOT is_own AND retired_at <= \(ring.time.now - backupHorizon)
                    """)
                count += try await destroyMarked(of: owner)
            } catch {
                // One provider that is away must not keep the others' keys alive.
                logger.warning(
                    "wrapping key not destroyed, trying again",
                    metadata: [LogKey.org: "\(owner)", LogKey.error: "\(error)"])
            }
        }
        return count
    }

    @discardableResult
    private func destroyMarked(of owner: KeyOwner) async throws -> Int {
        let keys = try await database.rows(
            in: owner.id, "SELECT id, provider, reference, is_own FROM wrapping_keys WHERE state = 'destroying'",
            WrappingKey.init)
        for key in keys {
            do throws(KeyProviderError) {
                try await ring.providers.provider(of: key).destroy(key)
            } catch {
                VaultMetrics.count(error)
                throw VaultError.keyUnavailable(reason: error)
            }
            try await database.execute(
                in: owner.id, "UPDATE wrapping_keys SET state = 'destroyed' WHERE id = \(key.id)")
        }
        return keys.count
    }
}
