internal import Crypto
internal import Kernel
internal import Postgres

/// Moves an owner's data keys under another wrapping key.
struct Rewrapping: Sendable {
    let ring: KeyRing

    /// All data keys, or none: one transaction. The key they were under is retired, and kept for earlier backups.
    /// - Parameter also: statements of the same transaction.
    func move(_ owner: KeyOwner, to wrapping: WrappingKey, at now: Timestamp, also: [SQL] = []) async throws {
        let rows = try await ring.store.dataKeys(of: owner)
        var moved: [(id: DataKeyID, old: [UInt8], new: [UInt8])] = []
        for row in rows {
            let key = try await ring.unwrap(row, of: owner)
            let secret = Secret(key.secret.withUnsafeBytes { Array($0) })
            let wrapped = try await ring.wrap(secret, id: row.id, under: wrapping, of: owner)
            // What cannot be taken out again must not replace what can.
            let back = DataKeyRow(id: row.id, version: row.version, wrapped: wrapped, wrapping: wrapping)
            guard try await ring.unwrap(back, of: owner).secret == key.secret else { throw VaultError.damaged }
            moved.append((row.id, row.wrapped, wrapped))
        }
        try await write(moved, of: owner, under: wrapping, at: now, also: also)
        ring.forget(owner)
    }

    private func write(
        _ moved: [(id: DataKeyID, old: [UInt8], new: [UInt8])], of owner: KeyOwner, under wrapping: WrappingKey,
        at now: Timestamp, also: [SQL]
    ) async throws {
        try await ring.store.database.asOrg(owner.id) { transaction in
            try await transaction.execute(
                "UPDATE wrapping_keys SET state = 'retired', retired_at = \(now) WHERE state = 'active'")
            try await transaction.execute(ring.store.insert(wrapping, of: owner, at: now))
            let count = try await transaction.execute(
                """
                UPDATE data_keys d SET wrapped = n.new, wrapping_key_id = \(wrapping.id)
                FROM unnest(\(moved.map(\.id)), \(moved.map(\.old)), \(moved.map(\.new))) AS n (id, old, new)
                WHERE d.id = n.id AND d.wrapped = n.old
                """)
            let all = try await transaction.first("SELECT count(*) FROM data_keys") { try $0.next(Int.self) }
            // A key that came or went meanwhile: begin again rather than leave one behind.
            guard count == moved.count, all == count else { throw Problem.keyRotationRunning }
            for statement in also { transaction.atCommit(statement) }
        }
    }
}
