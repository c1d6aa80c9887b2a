package import Inventory
package import Kernel
package import Postgres

/// How far the reading of what a platform remembers has come.
package struct Backfill: Sendable, Hashable {
    package let cursor: String
    package let isFinished: Bool

    package init(cursor: String, isFinished: Bool) {
        self.cursor = cursor
        self.isFinished = isFinished
    }

    package init(_ report: PastReport) { self.init(cursor: report.cursor, isFinished: report.isFinished) }
}

extension HistoryKeeper {
    /// Connections that are not named were never asked.
    package func backfills(of org: OrgID) async throws -> [ConnectionID: Backfill] {
        let rows = try await store.database.rows(
            in: org, "SELECT connection_id, cursor, finished_at IS NOT NULL FROM history_backfills"
        ) { (try $0.next(ConnectionID.self), Backfill(cursor: try $0.next(), isFinished: try $0.next())) }
        return Dictionary(rows) { first, _ in first }
    }
}

extension HistoryStore {
    /// The statements that keep what a platform remembers and how far the asking has come, for one transaction: killed
    /// before, the same is asked again; asked twice, the first answer stays.
    package static func remembering(
        _ frames: [(resource: ResourceID, frame: RememberedFrame)], of connection: ConnectionID, _ backfill: Backfill,
        in org: OrgID, at now: Timestamp
    ) -> [SQL] {
        let finished = backfill.isFinished ? now : nil
        let progress: SQL = """
            INSERT INTO history_backfills (org_id, connection_id, cursor, finished_at)
            VALUES (\(org), \(connection), \(backfill.cursor), \(finished))
            ON CONFLICT (org_id, connection_id) DO UPDATE SET cursor = excluded.cursor, finished_at = excluded.finished_at
            """
        let rows = frames.compactMap { PastRow($0.resource, $0.frame) }
        guard !rows.isEmpty else { return [progress] }
        return [
            """
            INSERT INTO history_past (org_id, resource_id, frame, step_seconds, t0, t1, n, codec, data)
            SELECT \(org), * FROM unnest(\(rows.map(\.resource)), \(rows.map(\.name)), \(rows.map(\.stepSeconds)),
                \(rows.map(\.start)), \(rows.map(\.end)), \(rows.map(\.sampleCount)), \(rows.map { _ in ChunkCodec.dense }),
                \(rows.map(\.data)))
            ON CONFLICT (org_id, resource_id, frame) DO NOTHING
            """, progress,
        ]
    }

    private struct PastRow {
        let resource: ResourceID
        let name: String
        let stepSeconds: Int32
        let start: Timestamp
        let end: Timestamp
        let sampleCount: Int32
        let data: [UInt8]

        init?(_ resource: ResourceID, _ frame: RememberedFrame) {
            var table = SampleTable()
            for row in frame.rows.prefix(ChunkCodec.mostRows) { _ = table.add(row.samples, at: row.at.milliseconds) }
            let chunk = table.chunk
            guard let first = chunk.times.first, let last = chunk.times.last else { return nil }
            (self.resource, name) = (resource, String(frame.name.prefix(16)))
            stepSeconds = Int32(clamping: Int(frame.step.inSeconds))
            start = Timestamp(milliseconds: first)
            end = Timestamp(milliseconds: last) + frame.step
            sampleCount = Int32(clamping: chunk.sampleCount)
            data = ChunkCodec.write(chunk, codec: ChunkCodec.dense)
        }
    }
}
