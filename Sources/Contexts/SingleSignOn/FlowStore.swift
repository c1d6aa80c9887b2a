internal import Cryptography
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// What a sign-in through a provider is for.
enum FlowKind: String, Sendable {
    case login
    /// Somebody who is signed in says which subject they are.
    case link
    /// Somebody who came this way proves it anew.
    case stepUp = "step-up"
    /// An administrator looks at what a provider tells; nobody gets in.
    case test
}

/// A sign-in that is under way.
struct Flow: Sendable {
    static let lifetime: Duration = .seconds(600)

    let stateHash: [UInt8]
    let provider: String
    let version: Int32
    let kind: FlowKind
    let browserHash: [UInt8]
    let returnTo: String
    let user: UserID?
    let session: SessionID?
    let createdAt: Timestamp
    var kept: Sealed?

    func place() -> SealedPlace { Self.place(of: stateHash) }

    static func place(of stateHash: [UInt8]) -> SealedPlace {
        SealedPlace(table: "sso_flows", column: "kept", row: BegunSignIn.row(of: stateHash))
    }
}

/// The rows of sign-ins under way. All of it in a transaction of the organisation.
struct FlowStore: Sendable {
    private static let columns = SQL(
        unsafeSQL: """
            state_hash, provider_id, version, kind, browser_hash, return_to, user_id, session_id, created_at, kept
            """)

    /// At most 10,000 an organisation are under way; a flood makes the oldest go.
    func insert(
        _ flow: Flow, requestHash: [UInt8], in org: OrgID, _ transaction: Transaction
    ) async throws {
        _ = try await transaction.batch([
            """
            INSERT INTO sso_flows (org_id, state_hash, provider_id, version, kind, browser_hash, request_hash, return_to,
                                   user_id, session_id, created_at, expires_at, kept)
            VALUES (\(org), \(flow.stateHash), \(flow.provider), \(flow.version), \(flow.kind.rawValue),
                    \(flow.browserHash), \(requestHash), \(flow.returnTo), \(flow.user), \(flow.session),
                    \(flow.createdAt), \(flow.createdAt + Flow.lifetime), \(flow.kept))
            """,
            """
            DELETE FROM sso_flows WHERE state_hash IN (
                SELECT state_hash FROM sso_flows ORDER BY created_at DESC OFFSET 10000 LIMIT 100)
            """,
        ])
    }

    /// Uses it up, whatever comes of it: a code or a state is presented once.
    func take(state: [UInt8], at now: Timestamp, _ transaction: Transaction) async throws -> Flow? {
        try await transaction.first(
            """
            DELETE FROM sso_flows WHERE state_hash = \(state) AND ticket_hash IS NULL AND expires_at > \(now)
            RETURNING \(Self.columns)
            """, Self.read)
    }

    /// The one that asked with this request, which stays.
    func find(
        request: [UInt8], of provider: String, at now: Timestamp, _ transaction: Transaction
    ) async throws -> Flow? {
        try await transaction.first(
            """
            SELECT \(Self.columns) FROM sso_flows
            WHERE provider_id = \(provider) AND request_hash = \(request) AND ticket_hash IS NULL AND expires_at > \(now)
            FOR UPDATE
            """, Self.read)
    }

    /// The provider's answer waits for the browser, two minutes.
    func keep(
        _ answer: Sealed, for ticket: [UInt8], of flow: Flow, _ transaction: Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE sso_flows SET ticket_hash = \(ticket), kept = \(answer) WHERE state_hash = \(flow.stateHash)")
    }

    func take(ticket: [UInt8], at now: Timestamp, _ transaction: Transaction) async throws -> Flow? {
        try await transaction.first(
            "DELETE FROM sso_flows WHERE ticket_hash = \(ticket) AND expires_at > \(now) RETURNING \(Self.columns)",
            Self.read)
    }

    func drop(_ flow: Flow, _ transaction: Transaction) async throws {
        try await transaction.execute("DELETE FROM sso_flows WHERE state_hash = \(flow.stateHash)")
    }

    /// - Returns: false when it was used before, here or in another process.
    func use(
        _ what: [UInt8], of provider: String, until end: Timestamp, in org: OrgID, _ transaction: Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO sso_replays (org_id, provider_id, used_hash, expires_at)
            VALUES (\(org), \(provider), \(what), \(end)) ON CONFLICT DO NOTHING
            """) == 1
    }

    @Sendable private static func read(_ row: inout RowReader) throws -> Flow {
        Flow(
            stateHash: try row.next(), provider: try row.next(), version: try row.next(),
            kind: FlowKind(rawValue: try row.next()) ?? .login, browserHash: try row.next(), returnTo: try row.next(),
            user: try row.next(), session: try row.next(), createdAt: try row.next(), kept: try row.next())
    }
}
