package import Kernel
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Carries out rotations while everything goes on: a batch of rows at a time, each in a transaction of its own.
///
/// A batch is found by the key that its ciphertexts name, so a rotation that was cut off anywhere goes on where it was,
/// here or in another process; a lock on its row keeps two processes from working on one.
package struct KeyRotator: Service {
    /// Organisations at a time: each holds one leased connection while it writes.
    static let width = 2

    let ring: KeyRing
    let worker: Database
    let columns: [SealedColumn]
    let logger: Logger
    /// What goes into the transaction that ends a rotation: its audit entry.
    let onDone: @Sendable (KeyRotation, KeyOwner, Timestamp) -> [SQL]

    package init(
        _ ring: KeyRing, worker: Database, columns: [SealedColumn], logger: Logger,
        onDone: @escaping @Sendable (KeyRotation, KeyOwner, Timestamp) -> [SQL] = { _, _, _ in [] }
    ) {
        self.ring = ring
        self.worker = worker
        self.columns = columns
        self.logger = logger
        self.onDone = onDone
    }

    private var database: Database { ring.store.database }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            var found = 0
            do {
                found = try await round()
            } catch {
                logger.warning("rotations not looked at, trying again", metadata: [LogKey.error: "\(error)"])
            }
            let pause: Duration = found > 0 ? .milliseconds(20) : .seconds(1)
            try? await cancelWhenGracefulShutdown { try await ring.time.sleep(for: pause) }
        }
    }

    /// One step of each rotation that is due, up to 100.
    /// - Returns: how many were due.
    @discardableResult
    package func round() async throws -> Int {
        let due = try await worker.rowsGlobally(
            """
            SELECT org_id, id FROM key_rotations WHERE state <> 'done' AND next_at <= \(ring.time.now)
            ORDER BY next_at LIMIT 100
            """
        ) { (owner: KeyOwner(id: try $0.next()), id: try $0.next(KeyRotationID.self)) }
        await withTaskGroup(of: Void.self) { group in
            for (index, item) in due.enumerated() {
                if index >= Self.width { await group.next() }
                group.addTask { await step(item.id, of: item.owner) }
            }
        }
        return due.count
    }

    private func step(_ id: KeyRotationID, of owner: KeyOwner) async {
        do {
            try await advance(id, of: owner)
        } catch {
            let advice = (error as? any Explained)?.problem
            let words = advice.map { [$0.title, $0.detail].compactMap { $0 }.joined(separator: ": ") }
            logger.warning(
                "rotation step failed, trying again",
                metadata: [LogKey.org: "\(owner)", LogKey.rotation: "\(id)", LogKey.error: "\(error)"])
            let note: SQL = """
                UPDATE key_rotations SET problem = \(words ?? "Something went wrong on our side"),
                       next_at = \(ring.time.now + KeyRotation.retryAfter) WHERE id = \(id) AND state <> 'done'
                """
            _ = try? await database.execute(in: owner.id, note)
        }
    }

    /// One step: the beginning, a batch, or the end.
    func advance(_ id: KeyRotationID, of owner: KeyOwner) async throws {
        guard let rotation = try await KeyRotations(database).rotation(id, of: owner) else { return }
        switch (rotation.kind, rotation.state) {
        case (_, .done): return
        case (.wrapping, _): try await rewrap(rotation, of: owner)
        case (.data, .waiting): try await changeKey(rotation, of: owner)
        case (.data, .rewriting), (.data, .settling): try await rewrite(rotation.id, of: owner)
        }
    }

    // MARK: Wrapping keys

    private func rewrap(_ rotation: KeyRotation, of owner: KeyOwner) async throws {
        var done = rotation
        let now = ring.time.now
        done.finish(at: now)
        guard let old = try await ring.store.activeWrappingKey(of: owner) else {
            try await database.execute(in: owner.id, done.update)
            return
        }
        // The rotation's id names the new key, so a step that is repeated makes no second one.
        let id = WrappingKeyID(rotation.id.uuid)
        let new =
            old.isOwn
            ? WrappingKey(id: id, provider: old.provider, reference: old.reference, isOwn: true)
            : try await ring.newWrappingKey(id, for: owner)
        let last = [done.update] + onDone(done, owner, now)
        try await Rewrapping(ring: ring).move(owner, to: new, at: now, also: last)
    }

    // MARK: Data keys

    private func changeKey(_ rotation: KeyRotation, of owner: KeyOwner) async throws {
        guard let wrapping = try await ring.store.activeWrappingKey(of: owner) else {
            // Nothing sealed yet: then the first key will be as new as can be.
            var done = rotation
            done.finish(at: ring.time.now)
            try await database.execute(in: owner.id, done.update)
            return
        }
        let key = try await ring.newDataKey(under: wrapping, of: owner)
        try await database.asOrg(owner.id) { transaction in
            guard var rotation = try await lock(rotation.id, in: transaction), rotation.state == .waiting else {
                return
            }
            rotation.saw(rewritten: 0, hasOpenRows: true, at: ring.time.now)
            let newest = try await transaction.first("SELECT max(version) FROM data_keys") { try $0.next(Int32?.self) }
            try await transaction.execute("UPDATE data_keys SET state = 'retiring' WHERE state = 'current'")
            let version = Int((newest ?? nil) ?? 0) + 1
            try await transaction.execute(ring.store.insert(key, version: version, of: owner, at: ring.time.now))
            try await transaction.execute(rotation.update)
        }
        ring.forget(owner)
    }

    private func rewrite(_ id: KeyRotationID, of owner: KeyOwner) async throws {
        // Unwrapped before the transaction, which must not wait for a provider.
        var keys: [DataKeyID: DataKeyMaterial] = [:]
        for row in try await ring.store.dataKeys(of: owner) { keys[row.id] = try await ring.key(row.id, of: owner) }
        let current = try await ring.store.currentKey(of: owner).flatMap { keys[$0] }
        try await database.asOrg(owner.id) { transaction in
            guard var rotation = try await lock(id, in: transaction) else { return }
            var (count, isFull) = (0, false)
            if let current {
                for column in columns where column.belongs(to: owner) && count < KeyRotation.batch {
                    let (rows, wasFull) = try await rewrite(
                        column, under: current, with: keys, of: owner, in: transaction)
                    count += rows
                    isFull = isFull || wasFull
                }
            }
            isFull = isFull || count >= KeyRotation.batch
            rotation.saw(rewritten: count, hasOpenRows: isFull, at: ring.time.now)
            if rotation.state == .done {
                try await transaction.execute("DELETE FROM data_keys WHERE state = 'retiring'")
                for statement in onDone(rotation, owner, ring.time.now) { transaction.atCommit(statement) }
            }
            try await transaction.execute(rotation.update)
            VaultMetrics.countRewritten(count)
        }
    }

    private func rewrite(
        _ column: SealedColumn, under current: DataKeyMaterial, with keys: [DataKeyID: DataKeyMaterial],
        of owner: KeyOwner, in transaction: Transaction
    ) async throws -> (count: Int, hasMore: Bool) {
        let stale = try await transaction.rows(column.stale(but: current.id, most: KeyRotation.batch)) {
            (row: try $0.next(String.self), sealed: try $0.next(Sealed.self))
        }
        guard !stale.isEmpty else { return (0, try await hasStale(column, but: current.id, in: transaction)) }
        let resealed = try stale.map { item in
            guard let key = item.sealed.keyID.flatMap({ keys[$0] }) else { throw VaultError.keyDestroyed }
            let plain = try item.sealed.open(under: key, for: owner, at: column.place(item.row))
            let new = try Sealed.seal(plain, under: current, for: owner, at: column.place(item.row))
            return (row: item.row, old: item.sealed, new: new)
        }
        try await transaction.execute(column.reseal(resealed))
        return (resealed.count, true)
    }

    /// Rows that somebody else is writing at the moment are left out of `stale`; they must not be forgotten.
    private func hasStale(
        _ column: SealedColumn, but current: DataKeyID, in transaction: Transaction
    ) async throws -> Bool {
        guard column.kind == .organisations else { return false }
        return try await transaction.first(column.anyStale(but: current)) { try $0.next(Bool.self) } ?? false
    }

    /// `nil` when another process has it, or it is done.
    private func lock(_ id: KeyRotationID, in transaction: Transaction) async throws -> KeyRotation? {
        try await transaction.first(
            """
            SELECT \(KeyRotation.columns) FROM key_rotations
            WHERE id = \(id) AND state <> 'done' AND next_at <= \(ring.time.now) FOR UPDATE SKIP LOCKED
            """, KeyRotation.init)
    }
}
