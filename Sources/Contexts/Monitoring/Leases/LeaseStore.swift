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

    /// Says that this worker lives, and sees how all shards and workers are.
    func look(for lifetime: Duration) async throws -> LeaseView {
        let answers = try await database.batch(
            in: nil,
            [
                """
                INSERT INTO monitor_workers (id, seen_at) VALUES (\(worker), now())
                ON CONFLICT (id) DO UPDATE SET seen_at = excluded.seen_at
                """,
                """
                SELECT l.shard, l.epoch, l.owner, \(Self.isFree(lifetime)), l.weight FROM shard_leases l ORDER BY l.shard
                """,
                """
                SELECT w.id FROM monitor_workers w
                WHERE w.seen_at > now() - \(Self.seconds(lifetime)) AND (
                    w.seen_at > now() - \(Self.seconds(lifetime * 0.4)) OR \(Self.hasSession("w.id")))
                """,
            ], timeout: .seconds(4))
        return LeaseView(
            shards: try answers[1].rows {
                LeaseView.Shard(
                    shard: try $0.next(), epoch: try $0.next(), owner: try $0.next(), isFree: try $0.next(),
                    weight: try $0.next())
            }, workers: Set(try answers[2].rows { try $0.next(UUID.self) }))
    }

    /// Renews what is held, takes of `take` what is still as it was seen, gives back `release`.
    /// - Returns: what is held now.
    func renew(
        for lifetime: Duration, take: Set<ShardLease> = [], release: Set<ShardLease> = []
    ) async throws -> Set<ShardLease> {
        let wanted = take.sorted { $0.shard < $1.shard }
        let given = release.sorted { $0.shard < $1.shard }
        // By epoch: a release that comes late must not give back what was taken again since.
        let sql: SQL = """
            WITH released AS (
                SELECT * FROM unnest(\(given.map(\.shard)), \(given.map(\.epoch))) AS r (shard, epoch)
            ), given AS (
                UPDATE shard_leases l SET owner = NULL, expires_at = '-infinity'
                FROM released r WHERE l.owner = \(worker) AND l.shard = r.shard AND l.epoch = r.epoch
            ), kept AS (
                UPDATE shard_leases l SET expires_at = now() + \(Self.seconds(lifetime))
                WHERE l.owner = \(worker) AND l.expires_at > now()
                    AND (l.shard, l.epoch) NOT IN (SELECT r.shard, r.epoch FROM released r)
                RETURNING l.shard, l.epoch
            ), free AS (
                SELECT l.shard FROM shard_leases l
                JOIN unnest(\(wanted.map(\.shard)), \(wanted.map(\.epoch))) AS w (shard, epoch) USING (shard, epoch)
                WHERE \(Self.isFree(lifetime)) ORDER BY l.shard FOR UPDATE OF l SKIP LOCKED
            ), taken AS (
                UPDATE shard_leases l
                SET owner = \(worker), epoch = l.epoch + 1, expires_at = now() + \(Self.seconds(lifetime))
                FROM free f WHERE l.shard = f.shard
                RETURNING l.shard, l.epoch
            )
            SELECT shard, epoch FROM kept UNION ALL SELECT shard, epoch FROM taken
            """
        let answers = try await database.batch(
            in: nil, [sql] + (release.isEmpty ? [] : [Self.freed]), timeout: .seconds(4))
        return Set(try answers[0].rows { ShardLease(shard: try $0.next(), epoch: try $0.next()) })
    }

    /// Gives everything back and says so.
    func leave() async throws {
        _ = try await database.batch(
            in: nil,
            [
                "UPDATE shard_leases SET owner = NULL, expires_at = '-infinity' WHERE owner = \(worker)",
                "DELETE FROM monitor_workers WHERE id = \(worker) OR seen_at < now() - interval '1 day'",
                Self.freed,
            ], timeout: .seconds(4))
    }

    /// Where workers hear that shards have been given back.
    static let freedChannel = "pulse_shards"
    private static let freed: SQL = "SELECT pg_notify(\(freedChannel), '')"

    private static func seconds(_ duration: Duration) -> SQL { "make_interval(secs => \(duration.inSeconds))" }

    private static func hasSession(_ id: SQL) -> SQL {
        "EXISTS (SELECT FROM pg_stat_activity a WHERE a.application_name = \(namePrefix) || \(id)::text)"
    }

    /// Run out; or its owner has missed a renewal and has no session here any more, so it died. Should it live after all,
    /// the fence refuses it.
    private static func isFree(_ lifetime: Duration) -> SQL {
        """
        (l.expires_at <= now() OR (l.expires_at < now() + \(seconds(lifetime * 0.6)) AND NOT \(hasSession("l.owner"))))
        """
    }

    /// Writes what the shards' organisations cost: each one a little, each of its platforms as much as four of those, a
    /// hundred resources as much as five.
    func weigh() async throws {
        try await database.executeGlobally(
            """
            UPDATE shard_leases l SET weight = w.weight
            FROM (
                SELECT s.shard, least(1 + coalesce(sum(1 + 4 * c.connections + r.resources / 20.0)
                    FILTER (WHERE o.id IS NOT NULL), 0), 1e9)::int AS weight
                FROM generate_series(0, \(Self.shardCount - 1)) AS s (shard)
                LEFT JOIN orgs o ON o.shard = s.shard AND o.state = 'active'
                LEFT JOIN LATERAL (SELECT count(*) AS connections FROM connections WHERE org_id = o.id) c ON true
                LEFT JOIN LATERAL (
                    SELECT coalesce(sum(resources), 0) AS resources FROM org_summaries WHERE org_id = o.id) r ON true
                GROUP BY s.shard
            ) w
            WHERE l.shard = w.shard AND l.weight <> w.weight
            """, timeout: .seconds(20))
    }

    /// Those of these that are active, with where they are and how often they were changed.
    func active(among orgs: [OrgID]) async throws -> [OrgPlace] {
        try await database.rowsGlobally(
            "SELECT id, shard, generation FROM orgs WHERE id = ANY(\(orgs)) AND state = 'active'"
        ) { OrgPlace(org: try $0.next(), shard: try $0.next(), generation: try $0.next()) }
    }

    /// The organisations of these shards with reports in the log.
    func reporting(of shards: [Int16]) async throws -> [(org: OrgID, shard: Int16)] {
        try await database.rowsGlobally(
            """
            WITH RECURSIVE waiting AS (\(Self.waiting))
            SELECT o.id, o.shard FROM orgs o JOIN waiting w ON w.org_id = o.id
            WHERE o.shard = ANY(\(shards)) AND o.state = 'active'
            """, timeout: .seconds(5)
        ) { (org: try $0.next(), shard: try $0.next()) }
    }

    /// Each organisation in the log once, found by jumping from one to the next.
    private static let waiting: SQL = """
        (SELECT org_id FROM ingest_log ORDER BY org_id LIMIT 1)
        UNION ALL
        SELECT (SELECT l.org_id FROM ingest_log l WHERE l.org_id > w.org_id ORDER BY l.org_id LIMIT 1)
        FROM waiting w WHERE w.org_id IS NOT NULL
        """

    /// The organisations of these shards that have an inventory, reports that wait, or connections to ask.
    func organisations(of shards: [Int16]) async throws -> [OrgPlace] {
        try await database.rowsGlobally(
            """
            WITH RECURSIVE waiting AS (\(Self.waiting))
            SELECT o.id, o.shard, o.generation FROM orgs o
            WHERE o.shard = ANY(\(shards)) AND o.state = 'active'
              AND o.id IN (SELECT org_id FROM org_heads UNION SELECT org_id FROM waiting WHERE org_id IS NOT NULL
                            UNION SELECT org_id FROM connections)
            """, timeout: .seconds(15)
        ) { OrgPlace(org: try $0.next(), shard: try $0.next(), generation: try $0.next()) }
    }
}

/// Where an organisation is looked after, and how often its configuration was changed.
struct OrgPlace: Sendable, Hashable {
    let org: OrgID
    let shard: Int16
    let generation: Int64
}
