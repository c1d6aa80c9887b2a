import FoundationEssentials
import Kernel
import Postgres

/// The rows of leases. One clock counts: the database's.
struct LeaseStore: Sendable {
    static let shardCount = 256

    /// Connected as the workers' role.
    let database: Database
    /// This worker, for as long as it runs.
    let worker: UUID

    /// Renews what is held, takes what is free up to a fair share of the living workers, sheds what is more.
    func renew(for lifetime: Duration) async throws -> Set<ShardLease> {
        let seconds = lifetime.inSeconds
        let sql: SQL = """
            WITH living AS (
                SELECT greatest(count(DISTINCT owner) FILTER (WHERE owner <> \(worker)), 0) + 1 AS workers
                FROM shard_leases WHERE expires_at > now() AND owner IS NOT NULL
            ), share AS (
                SELECT ceil(\(Self.shardCount)::numeric / workers)::int AS fair FROM living
            ), mine AS (
                SELECT shard, row_number() OVER (ORDER BY shard) AS place FROM shard_leases
                WHERE owner = \(worker) AND expires_at > now()
            ), kept AS (
                UPDATE shard_leases l SET expires_at = now() + make_interval(secs => \(seconds))
                FROM mine m, share s WHERE l.shard = m.shard AND m.place <= s.fair
                    AND l.owner = \(worker) AND l.expires_at > now()
                RETURNING l.shard, l.epoch
            ), shed AS (
                UPDATE shard_leases l SET owner = NULL, expires_at = '-infinity'
                FROM mine m, share s WHERE l.shard = m.shard AND m.place > s.fair AND l.owner = \(worker)
            ), free AS (
                SELECT l.shard FROM shard_leases l WHERE l.expires_at <= now() ORDER BY l.shard
                LIMIT greatest((SELECT fair FROM share) - (SELECT count(*) FROM mine), 0)
                FOR UPDATE SKIP LOCKED
            ), taken AS (
                UPDATE shard_leases l
                SET owner = \(worker), epoch = l.epoch + 1, expires_at = now() + make_interval(secs => \(seconds))
                FROM free f WHERE l.shard = f.shard
                RETURNING l.shard, l.epoch
            )
            SELECT shard, epoch FROM kept UNION ALL SELECT shard, epoch FROM taken
            """
        return Set(
            try await database.rowsGlobally(sql, timeout: .seconds(4)) { row in
                ShardLease(shard: try row.next(), epoch: try row.next())
            })
    }

    func release() async throws {
        try await database.executeGlobally(
            "UPDATE shard_leases SET owner = NULL, expires_at = '-infinity' WHERE owner = \(worker)")
    }

    /// The organisations of these shards that have an inventory or reports that wait.
    func organisations(of shards: [Int16]) async throws -> [(org: OrgID, shard: Int16)] {
        try await database.rowsGlobally(
            """
            WITH RECURSIVE waiting AS (
                (SELECT org_id FROM ingest_log ORDER BY org_id LIMIT 1)
                UNION ALL
                SELECT (SELECT l.org_id FROM ingest_log l WHERE l.org_id > w.org_id ORDER BY l.org_id LIMIT 1)
                FROM waiting w WHERE w.org_id IS NOT NULL
            )
            SELECT o.id, o.shard FROM orgs o
            WHERE o.shard = ANY(\(shards)) AND o.state = 'active'
              AND o.id IN (SELECT org_id FROM org_heads UNION SELECT org_id FROM waiting WHERE org_id IS NOT NULL)
            """, timeout: .seconds(15)
        ) { (org: try $0.next(), shard: try $0.next()) }
    }
}
