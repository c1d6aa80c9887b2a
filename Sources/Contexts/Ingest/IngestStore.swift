package import Kernel
package import Postgres

/// The durable log of reports and the streams that keep it free of doubles.
package struct IngestStore: Sendable {
    /// An agent's queue reaches back 24 hours.
    private static let queueReach: Duration = .seconds(26 * 3600)
    /// The newest streams of an agent: kept however old they are, and at most.
    private static let (streamsKept, mostStreams) = (8, 64)
    private let database: Database

    package init(_ database: Database) { self.database = database }

    /// A report on its way into the log.
    struct Entry: Sendable {
        /// `nil` when the agent numbers nothing: such a report cannot be recognised when it is repeated.
        let sequence: (stream: String, number: Int64)?
        let body: [UInt8]
    }

    enum Answer: Sendable {
        /// Committed. The seq of each entry in order; `nil` for one that was there already.
        case committed([Int64?])
        /// The agent is not (or no longer) enrolled on the machine that the report names.
        case wrongMachine
        case unknownAgent
    }

    /// Commits what is new of `entries`, all of one stream or none.
    /// - Parameter machine: what the report says; an agent is bound to the machine it was enrolled on.
    func append(
        _ entries: [Entry], from agent: AgentID, machine: String?, in org: OrgID, receivedAt: Timestamp,
        isBackfill: Bool
    ) async throws -> Answer {
        let bound: SQL = "SELECT machine_id FROM agents WHERE id = \(agent) AND revoked_at IS NULL"
        let mayReport: SQL =
            "EXISTS (\(bound) AND machine_id = coalesce(\(machine), machine_id))"
        var statements = [bound]
        if let stream = entries.first?.sequence?.stream {
            statements += inStream(stream, entries, agent, org, receivedAt, isBackfill, mayReport)
        } else {
            statements.append(
                """
                INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
                SELECT \(org), \(agent), \(receivedAt), \(isBackfill), e.body FROM unnest(\(entries.map(\.body))) AS e (body)
                WHERE \(mayReport) RETURNING 0::bigint, seq
                """)
        }
        let results = try await database.batch(in: org, statements)
        if entries.first?.sequence != nil, try results[1].first({ try $0.next(Bool.self) }) == true {
            // The reports are committed whether this succeeds or not; the next new stream asks for it again.
            _ = try? await database.execute(in: org, Self.forgetStreams(of: agent, now: receivedAt))
        }
        guard let enrolled = try results[0].first({ try $0.next(String.self) }) else { return .unknownAgent }
        guard machine == nil || machine == enrolled else { return .wrongMachine }
        let rows = try results[results.count - 1].rows {
            (number: try $0.next(Int64.self), seq: try $0.next(Int64.self))
        }
        if entries.first?.sequence == nil { return .committed(rows.map(\.seq)) }
        let fresh = Dictionary(rows.map { ($0.number, $0.seq) }) { first, _ in first }
        var told: Set<Int64> = []
        return .committed(
            entries.map { entry in
                guard let number = entry.sequence?.number, told.insert(number).inserted else { return nil }
                return fresh[number]
            })
    }

    /// The first statement locks the stream, so the second sees what any other request has accepted before it.
    private func inStream(
        _ stream: String, _ entries: [Entry], _ agent: AgentID, _ org: OrgID, _ receivedAt: Timestamp,
        _ isBackfill: Bool, _ mayReport: SQL
    ) -> [SQL] {
        let lock: SQL = """
            INSERT INTO agent_streams (org_id, agent_id, stream, seen_at)
            SELECT \(org), \(agent), \(stream), \(receivedAt) WHERE \(mayReport)
            ON CONFLICT (org_id, agent_id, stream) DO UPDATE SET seen_at = excluded.seen_at
            RETURNING accepted = '{}'
            """
        let append: SQL = """
            WITH offered AS (
                SELECT DISTINCT ON (e.n) e.n, e.body
                FROM unnest(\(entries.map { $0.sequence?.number ?? 0 }), \(entries.map(\.body))) AS e (n, body)
            ), known AS (
                SELECT accepted FROM agent_streams WHERE agent_id = \(agent) AND stream = \(stream)
            ), fresh AS (
                SELECT o.n, o.body FROM offered o, known k WHERE \(mayReport) AND NOT k.accepted @> o.n
            ), logged AS (
                INSERT INTO ingest_log (org_id, agent_id, received_at, is_backfill, body)
                SELECT \(org), \(agent), \(receivedAt), \(isBackfill), f.body FROM fresh f ORDER BY f.n
                RETURNING seq
            ), noted AS (
                UPDATE agent_streams s
                SET accepted = s.accepted + (SELECT range_agg(int8range(f.n, f.n, '[]')) FROM fresh f)
                WHERE s.agent_id = \(agent) AND s.stream = \(stream) AND EXISTS (SELECT FROM fresh)
            )
            SELECT n.n, l.seq
            FROM (SELECT f.n, row_number() OVER (ORDER BY f.n) AS place FROM fresh f) n
            JOIN (SELECT seq, row_number() OVER (ORDER BY seq) AS place FROM logged) l USING (place)
            """
        return [lock, append]
    }

    /// Agents of the field begin a stream with each start. Nothing of an earlier one is sent again once the agent's queue
    /// has run out, nor after dozens of later ones. A stream without a successor stays, however long its agent is away.
    private static func forgetStreams(of agent: AgentID, now: Timestamp) -> SQL {
        let end = now - queueReach
        return """
            DELETE FROM agent_streams
            WHERE agent_id = \(agent) AND seen_at < greatest(
                (SELECT n.seen_at FROM agent_streams n WHERE n.agent_id = \(agent)
                 ORDER BY n.seen_at DESC OFFSET \(mostStreams - 1) LIMIT 1),
                (SELECT least(n.seen_at, \(end)) FROM agent_streams n WHERE n.agent_id = \(agent)
                 ORDER BY n.seen_at DESC OFFSET \(streamsKept - 1) LIMIT 1))
            """
    }

    // MARK: For the monitor

    /// Rows of the log that are not covered by history yet, oldest first.
    /// - Parameter known: rows the caller already has.
    package func uncovered(of org: OrgID, except known: [Int64], limit: Int) async throws -> [AcceptedReport] {
        try await database.rows(
            in: org,
            """
            SELECT seq, agent_id, received_at, is_backfill, body FROM ingest_log
            WHERE seq <> ALL (\(known)) ORDER BY seq LIMIT \(limit)
            """, timeout: .seconds(15)
        ) { row in
            AcceptedReport(
                org: org, seq: try row.next(), agent: try row.next(), receivedAt: try row.next(),
                isBackfill: try row.next(), body: try row.next())
        }
    }

    /// Travels in the transaction that makes the rows' samples part of history.
    package static func cover(_ seqs: [Int64]) -> SQL { "DELETE FROM ingest_log WHERE seq = ANY(\(seqs))" }
}
