import FoundationEssentials
import Kernel
import Postgres

/// The rows of leases. One clock counts: the database's.
struct LeaseStore: Sendable {
    static let shardCount = 256
    private static let namePrefix = "pulse-worker-"

    /// What a worker's sessions are called, so that others can see whether it is still connected.
    static func sessionName(of worker: UUID) -> String { namePrefix + worker.uuidString.lowercased() }

    /// Connected as the workers' role.
    let database: Database
    /// This worker, for as long as it runs.
    let worker: UUID

    /// Renews what is held, takes what is free up to a fair share of the living workers, sheds what is more.
    func renew(for lifetime: Duration) async throws -> Set<ShardLease> {
        let seconds = lifetime.inSeconds
        let sql: SQL = """
            WITH seen AS (
                -- Free: run out; or its owner has missed a renewal and has no session here any more, so it died.
                -- Should it live after all, the fence refuses it.
                SELECT l.shard, l.owner, l.expires_at <= now()
                    OR (l.expires_at < now() + make_interval(secs => \(seconds * 0.6)) AND NOT EXISTS (
                        SELECT FROM pg_stat_activity a
                        WHERE a.application_name = \(Self.namePrefix) || l.owner::text)) AS is_free
                FROM shard_leases l
            ), living AS (
                SELECT count(DISTINCT owner) FILTER (WHERE owner <> \(worker) AND NOT is_free) + 1 AS workers FROM seen
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
                SELECT l.shard FROM shard_leases l JOIN seen USING (shard)
                WHERE seen.is_free AND l.owner IS NOT DISTINCT FROM seen.owner
                ORDER BY l.shard
                LIMIT greatest((SELECT fair FROM share) - (SELECT count(*) FROM mine), 0)
                FOR UPDATE OF l SKIP LOCKED
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

    /// Those of these that are active, with their shards.
    func active(among orgs: [OrgID]) async throws -> [OrgID: Int16] {
        let rows = try await database.rowsGlobally(
            "SELECT id, shard FROM orgs WHERE id = ANY(\(orgs)) AND state = 'active'"
        ) { (org: try $0.next(OrgID.self), shard: try $0.next(Int16.self)) }
        return Dictionary(rows.map { ($0.org, $0.shard) }, uniquingKeysWith: { first, _ in first })
    }

    /// The organisations of these shards that have an inventory, reports that wait, or connections to ask.
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
              AND o.id IN (SELECT org_id FROM org_heads UNION SELECT org_id FROM waiting WHERE org_id IS NOT NULL
                            UNION SELECT org_id FROM connections)
            """, timeout: .seconds(15)
        ) { (org: try $0.next(), shard: try $0.next()) }
    }
}
