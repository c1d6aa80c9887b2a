internal import Access
internal import AgentProtocol
internal import Audit
internal import FoundationEssentials
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// The rows of gateways: what each is, and where its connection stands now.
struct GatewayStore: Sendable {
    /// Four beats of five seconds: a row that is older is of a process that is gone.
    private static let fresh: SQL = "beat_at > clock_timestamp() - interval '20 seconds'"

    let database: Database
    let process: UUID
    /// Where others reach this process's gateways.
    let address: String?

    init(_ database: Database, process: UUID, address: String?) {
        (self.database, self.process, self.address) = (database, process, address)
    }

    // MARK: Sessions

    /// The agent is connected here. Whatever connection it had before is not its connection any more.
    /// - Returns: the session's epoch.
    /// - Throws: 403 `gateway-disabled`.
    func connect(
        _ agent: AgentID, _ hello: GatewayHello, in org: OrgID, from request: APIRequest, at now: Timestamp
    ) async throws -> Int64 {
        let told: JSONValue = .object([
            "allows": .array(hello.allows.map { .string($0) }), "agentVersion": .string(hello.agentVersion),
        ])
        let entry = try request.audit(.gatewayConnect, of: "agent:\(agent)", before: nil, after: told, at: now)
        return try await database.asOrg(org) { transaction in
            let epoch = try await transaction.first(
                """
                INSERT INTO gateways AS g (org_id, id, epoch, process, address, allows, agent_version, connected_at,
                                           beat_at)
                VALUES (\(org), \(agent), 1, \(process), \(address), \(hello.allows), \(hello.agentVersion), \(now),
                        clock_timestamp())
                ON CONFLICT (org_id, id) DO UPDATE SET
                    epoch = g.epoch + 1, process = \(process), address = \(address), allows = \(hello.allows),
                    agent_version = \(hello.agentVersion), connected_at = \(now), disconnected_at = NULL,
                    beat_at = clock_timestamp(), streams = 0, bytes_in = 0, bytes_out = 0
                WHERE g.is_enabled
                RETURNING epoch
                """
            ) { try $0.next(Int64.self) }
            guard let epoch else { throw Problem.gatewayDisabled }
            transaction.atCommit(entry)
            return epoch
        }
    }

    /// It is connected here no more; one that has connected elsewhere meanwhile stays what it is.
    func disconnect(
        _ session: GatewaySession, reason: String, from request: APIRequest, at now: Timestamp
    ) async throws {
        let bytes = session.bytes
        let told: JSONValue = .object([
            "reason": .string(reason), "questions": .integer(Int64(session.questions)),
            "receivedBytes": .integer(Int64(clamping: bytes.received)),
            "sentBytes": .integer(Int64(clamping: bytes.sent)),
        ])
        let entry = try request.audit(
            .gatewayDisconnect, of: "agent:\(session.agent)", before: nil, after: told, at: now)
        try await database.asOrg(session.org) { transaction in
            try await transaction.execute(
                """
                UPDATE gateways SET process = NULL, address = NULL, beat_at = NULL, disconnected_at = \(now),
                                    streams = 0
                WHERE id = \(session.agent) AND epoch = \(session.epoch)
                """)
            transaction.atCommit(entry)
        }
    }

    /// Says that these are alive, and asks whether they may go on.
    /// - Returns: the problems of those that may not.
    func beat(_ sessions: [GatewaySession]) async throws -> [AgentID: Problem] {
        let counts = sessions.map { (streams: $0.streams, bytes: $0.bytes) }
        let verdicts = try await database.rowsGlobally(
            """
            SELECT agent_id, verdict FROM beat_gateways(
                \(sessions.map(\.org.uuid)), \(sessions.map(\.agent.uuid)), \(sessions.map(\.epoch)),
                \(counts.map { Int32(clamping: $0.streams) }), \(counts.map { Int64(clamping: $0.bytes.received) }),
                \(counts.map { Int64(clamping: $0.bytes.sent) }))
            """
        ) { (agent: try $0.next(AgentID.self), verdict: try $0.next(String.self)) }
        return Dictionary(verdicts.compactMap { row in Self.problem(row.verdict).map { (row.agent, $0) } }) { $1 }
    }

    private static func problem(_ verdict: String) -> Problem? {
        switch verdict {
        case "ok": nil
        case "superseded": .gatewaySuperseded
        case "disabled": .gatewayDisabled
        case "organisation-suspended": .gatewaySuspended
        default: .agentRemoved
        }
    }

    /// Another process that says it holds the connection, and by the database's clock has said so lately.
    func place(of agent: AgentID, in org: OrgID) async throws -> RelayPlace? {
        try await database.first(
            in: org,
            """
            SELECT address, epoch FROM gateways
            WHERE id = \(agent) AND is_enabled AND address IS NOT NULL AND process <> \(process) AND \(Self.fresh)
            """
        ) { RelayPlace(address: try $0.next(), epoch: try $0.next()) }
    }

    // MARK: For people

    /// In the order of their enrolment. Removed agents are no gateways any more.
    func all(in org: OrgID) async throws -> [GatewayRow] {
        try await rows(in: org, "true")
    }

    private func rows(in org: OrgID, _ condition: SQL) async throws -> [GatewayRow] {
        try await database.rows(
            in: org,
            """
            SELECT g.id, a.hostname, g.is_enabled, coalesce(g.\(Self.fresh), false), g.allows, g.agent_version,
                   g.connected_at, g.disconnected_at, g.streams, g.bytes_in, g.bytes_out, connections_through(g.id)
            FROM gateways g JOIN agents a ON a.org_id = g.org_id AND a.id = g.id
            WHERE a.revoked_at IS NULL AND \(condition) ORDER BY a.enrolled_at, a.id LIMIT 1000
            """
        ) { row in
            GatewayRow(
                id: try row.next(), hostname: try row.next(), isEnabled: try row.next(), isOnline: try row.next(),
                allows: try row.next(), agentVersion: try row.next(), connectedAt: try row.next(),
                disconnectedAt: try row.next(), streams: try row.next(), received: try row.next(),
                sent: try row.next(), connections: try row.next())
        }
    }

    /// - Throws: 404 `gateway-not-found`.
    func set(_ id: AgentID, enabled: Bool, in org: OrgID, entry: @Sendable (Bool) throws -> SQL) async throws
        -> GatewayRow
    {
        try await database.asOrg(org) { transaction in
            let was = try await transaction.first(
                """
                SELECT g.is_enabled FROM gateways g JOIN agents a ON a.org_id = g.org_id AND a.id = g.id
                WHERE g.id = \(id) AND a.revoked_at IS NULL FOR UPDATE OF g
                """
            ) { try $0.next(Bool.self) }
            guard let was else { throw Problem.gatewayNotFound }
            try await transaction.execute("UPDATE gateways SET is_enabled = \(enabled) WHERE id = \(id)")
            transaction.atCommit(try entry(was))
        }
        guard let row = try await rows(in: org, "g.id = \(id)").first else { throw Problem.gatewayNotFound }
        return row
    }
}

/// A gateway as people see it.
struct GatewayRow: Sendable, JSONEncodable {
    let id: AgentID
    let hostname: String
    let isEnabled: Bool
    let isOnline: Bool
    let allows: [String]
    let agentVersion: String
    let connectedAt: Timestamp
    let disconnectedAt: Timestamp?
    let streams: Int
    let received: Int64
    let sent: Int64
    /// That lead through it.
    let connections: Int

    private var state: String { !isEnabled ? "disabled" : isOnline ? "online" : "offline" }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("agentId", id)
            json.member("hostname", hostname)
            json.member("enabled", isEnabled)
            json.member("state", state)
            json.array("allows") { json in for rule in allows { json.string(rule) } }
            json.member("agentVersion", agentVersion)
            json.member("connectedAt", connectedAt)
            json.member("disconnectedAt", disconnectedAt)
            json.member("streams", streams)
            json.member("receivedBytes", received)
            json.member("sentBytes", sent)
            json.member("connections", connections)
        }
    }
}
