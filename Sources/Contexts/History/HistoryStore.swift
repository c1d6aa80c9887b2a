import CoreMetrics
package import Kernel
package import Logging
package import Postgres

/// The rows of history. All SQL for history_heads and history_chunks stands here.
package struct HistoryStore: Sendable {
    let database: Database
    let logger: Logger

    package init(_ database: Database, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    // MARK: In

    /// The statement that writes a checkpoint, for a transaction that also deletes the log rows it covers.
    package static func appending(_ checkpoint: HeadCheckpoint, in org: OrgID) -> SQL {
        let rows = checkpoint.rows
        return """
            INSERT INTO history_heads (org_id, resource_id, t0, piece, written_at, n, codec, data, brief)
            SELECT \(org), resource_id, t0, piece, \(checkpoint.at), n, codec, data, brief
            FROM unnest(\(rows.map(\.resource)), \(rows.map { Timestamp(milliseconds: $0.window) }),
                        \(rows.map(\.piece)), \(rows.map { Int32(clamping: $0.sampleCount) }), \(rows.map(\.codec)),
                        \(rows.map(\.data)), \(rows.map(\.brief))) AS new (resource_id, t0, piece, n, codec, data, brief)
            ON CONFLICT (org_id, resource_id, t0, piece) DO UPDATE
            SET written_at = excluded.written_at, n = excluded.n, codec = excluded.codec, data = excluded.data,
                brief = excluded.brief
            """
    }

    /// Writes a checkpoint, in the caller's transaction if there is one.
    package func append(
        _ checkpoint: HeadCheckpoint, in org: OrgID, transaction: Transaction? = nil
    ) async throws {
        guard !checkpoint.isEmpty else { return }
        let statement = Self.appending(checkpoint, in: org)
        if let transaction {
            try await transaction.execute(statement)
        } else {
            try await database.execute(in: org, statement)
        }
        HistoryMetrics.samples.increment(by: Int64(checkpoint.sampleCount))
    }

    // MARK: Closing windows

    struct Due: Hashable {
        let resource: ResourceID
        let window: Int64
    }

    /// Windows that ended before `end` and that nobody has written to since `quiet`, oldest first.
    func due(in org: OrgID, endedBefore end: Timestamp, quietSince quiet: Timestamp, limit: Int) async throws -> [Due] {
        let last = end - .milliseconds(Tier.raw.window)
        return try await database.rows(
            in: org,
            """
            SELECT resource_id, t0 FROM history_heads WHERE t0 <= \(last)
            GROUP BY resource_id, t0 HAVING max(written_at) <= \(quiet) ORDER BY t0, resource_id LIMIT \(limit)
            """
        ) { Due(resource: try $0.next(), window: try $0.next(Timestamp.self).milliseconds) }
    }

    /// Turns heads into chunks and roll-ups, in one transaction. What a tier does not keep any more at `now` is left out of it.
    /// - Parameter fence: the first statement of a monitor's transaction.
    /// - Returns: how many pieces were closed. Damaged ones stay where they are.
    func seal(_ due: [Due], in org: OrgID, now: Timestamp, fence: SQL?) async throws -> Int {
        guard !due.isEmpty else { return 0 }
        return try await database.asOrg(org, timeout: .seconds(15)) { transaction in
            // One closer a resource at a time; sorted, so that two of them do not wait for each other.
            let locks = Set(due.map(\.resource)).sorted().map(\.description)
            var opening: [SQL] = fence.map { [$0] } ?? []
            opening.append(
                """
                SELECT count(pg_advisory_xact_lock(hashtextextended(name, 7)))
                FROM (SELECT unnest(\(locks)) AS name ORDER BY 1) AS names
                """)
            _ = try await transaction.batch(opening)
            let wanted = due.flatMap { Sealing.keys(of: $0.resource, window: $0.window) }
            let answers = try await transaction.batch([Self.selectHeads(due), Self.selectChunks(Array(Set(wanted)))])
            var unreadable: Set<ChunkKey> = []
            let existing = try answers[1].rows { try chunk(from: &$0, unreadable: &unreadable) }
            var sealing = Sealing(
                existing: Dictionary(existing.compactMap { $0 }, uniquingKeysWith: { one, _ in one })
            ) { $0.window >= $0.tier.oldestKept(at: now) }
            let pieces = try answers[0].rows { try piece(from: &$0) }.compactMap { $0 }
            var closed: [Piece] = []
            for (key, group) in Dictionary(grouping: pieces, by: \.due).sorted(by: { $0.key.window < $1.key.window }) {
                // A damaged chunk is not overwritten: its bytes may still be saved by hand.
                guard unreadable.isDisjoint(with: Sealing.keys(of: key.resource, window: key.window)) else { continue }
                let ordered = group.sorted { $0.id < $1.id }
                sealing.close(key.resource, window: key.window, pieces: ordered.map(\.chunk))
                closed += ordered
            }
            _ = try await transaction.batch([Self.upsert(sealing, in: org), Self.delete(closed)])
            return closed.count
        }
    }

    private struct Piece {
        let due: Due
        let id: Int64
        let chunk: Chunk
    }

    private func piece(from row: inout RowReader) throws -> Piece? {
        let due = Due(resource: try row.next(), window: try row.next(Timestamp.self).milliseconds)
        let id = try row.next(Int64.self)
        return decode(codec: try row.next(), try row.next()).map { Piece(due: due, id: id, chunk: $0) }
    }

    private func chunk(from row: inout RowReader, unreadable: inout Set<ChunkKey>) throws -> (ChunkKey, Chunk)? {
        let resource = try row.next(ResourceID.self)
        guard let tier = Tier(rawValue: try row.next()) else { return nil }
        let key = ChunkKey(resource: resource, tier: tier, window: try row.next(Timestamp.self).milliseconds)
        guard let chunk = decode(codec: try row.next(), try row.next()) else {
            unreadable.insert(key)
            return nil
        }
        return (key, chunk)
    }

    /// Damage is logged and counted, and the rest is still shown.
    func decode(codec: Int16, _ data: [UInt8]) -> Chunk? {
        var book = ColumnBook { _ in true }
        return decode(codec: codec, data, &book)
    }

    /// - Parameter book: of the rows before.
    func decode(codec: Int16, _ data: [UInt8], _ book: inout ColumnBook) -> Chunk? {
        do {
            return try ChunkCodec.read(data, codec: codec, &book)
        } catch {
            HistoryMetrics.unreadable.increment()
            logger.error("history row unreadable", metadata: [LogKey.reason: "\(error)"])
            return nil
        }
    }

    private static func selectHeads(_ due: [Due]) -> SQL {
        """
        SELECT resource_id, t0, piece, codec, data FROM history_heads
        WHERE (resource_id, t0) IN (SELECT * FROM unnest(\(due.map(\.resource)),
                                                         \(due.map { Timestamp(milliseconds: $0.window) })))
        FOR UPDATE
        """
    }

    private static func selectChunks(_ keys: [ChunkKey]) -> SQL {
        """
        SELECT resource_id, tier, t0, codec, data FROM history_chunks
        WHERE (resource_id, tier, t0) IN (
            SELECT * FROM unnest(\(keys.map(\.resource)), \(keys.map(\.tier.rawValue)),
                                 \(keys.map { Timestamp(milliseconds: $0.window) })))
        """
    }

    private static func upsert(_ sealing: Sealing, in org: OrgID) -> SQL {
        let keys = sealing.changed.sorted { ($0.resource, $0.window) < ($1.resource, $1.window) }
        let chunks = keys.map { sealing.chunks[$0] ?? .empty }
        return """
            INSERT INTO history_chunks (org_id, resource_id, tier, t0, n, codec, data)
            SELECT \(org), * FROM unnest(\(keys.map(\.resource)), \(keys.map(\.tier.rawValue)),
                \(keys.map { Timestamp(milliseconds: $0.window) }), \(chunks.map { Int32(clamping: $0.sampleCount) }),
                \(keys.map(\.tier.codec)), \(zip(keys, chunks).map { ChunkCodec.write($1, codec: $0.tier.codec) }))
            ON CONFLICT (org_id, resource_id, tier, t0) DO UPDATE
            SET n = excluded.n, codec = excluded.codec, data = excluded.data
            """
    }

    private static func delete(_ pieces: [Piece]) -> SQL {
        """
        DELETE FROM history_heads WHERE (resource_id, t0, piece) IN (
            SELECT * FROM unnest(\(pieces.map(\.due.resource)),
                \(pieces.map { Timestamp(milliseconds: $0.due.window) }), \(pieces.map(\.id))))
        """
    }
}
