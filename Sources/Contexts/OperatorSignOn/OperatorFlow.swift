internal import Cryptography
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// A sign-in of an operator that is under way.
struct OperatorFlow: Sendable {
    enum Kind: String, Sendable {
        case login
        /// An operator who is signed in says which subject they are.
        case link
    }

    static let lifetime: Duration = .seconds(600)
    /// How long a provider's answer waits for the authenticator's code.
    static let codeLifetime: Duration = .seconds(300)

    let stateHash: [UInt8]
    let provider: String
    let version: Int32
    let kind: Kind
    let browserHash: [UInt8]
    let returnTo: String
    /// Who began it, where somebody was signed in: of a sign-in, the session that it replaces.
    var beginner: (person: OperatorID, session: OperatorSessionID)?
    let createdAt: Timestamp
    var kept: Sealed?

    func place() -> SealedPlace { Self.place(of: stateHash) }

    static func place(of stateHash: [UInt8]) -> SealedPlace {
        SealedPlace(table: "operator_sso_flows", column: "kept", row: BegunSignIn.row(of: stateHash))
    }
}

/// The rows of sign-ins under way, and of what was used up.
struct OperatorFlowStore: Sendable {
    private static let columns = SQL(
        unsafeSQL: """
            state_hash, provider_id, version, kind, browser_hash, return_to, operator_id, session_id, created_at, kept
            """)

    /// What is over is forgotten here; of more than 10,000 the oldest go.
    func insert(
        _ flow: OperatorFlow, requestHash: [UInt8], wantsCode: Bool = false, _ transaction: Transaction
    ) async throws {
        let end = flow.createdAt + (wantsCode ? OperatorFlow.codeLifetime : OperatorFlow.lifetime)
        _ = try await transaction.batch([
            "DELETE FROM operator_sso_flows WHERE expires_at <= \(flow.createdAt)",
            "DELETE FROM operator_sso_replays WHERE expires_at <= \(flow.createdAt)",
            """
            INSERT INTO operator_sso_flows (state_hash, provider_id, version, kind, browser_hash, request_hash, return_to,
                                            operator_id, session_id, created_at, expires_at, wants_code, kept)
            VALUES (\(flow.stateHash), \(flow.provider), \(flow.version), \(flow.kind.rawValue), \(flow.browserHash),
                    \(requestHash), \(flow.returnTo), \(flow.beginner?.person), \(flow.beginner?.session),
                    \(flow.createdAt), \(end), \(wantsCode), \(flow.kept))
            """,
            """
            DELETE FROM operator_sso_flows WHERE state_hash IN (
                SELECT state_hash FROM operator_sso_flows ORDER BY created_at DESC OFFSET 10000 LIMIT 100)
            """,
        ])
    }

    /// Uses it up, whatever comes of it: a code or a state is presented once.
    func take(state: [UInt8], at now: Timestamp, _ transaction: Transaction) async throws -> OperatorFlow? {
        try await transaction.first(
            """
            DELETE FROM operator_sso_flows
            WHERE state_hash = \(state) AND ticket_hash IS NULL AND NOT wants_code AND expires_at > \(now)
            RETURNING \(Self.columns)
            """, Self.read)
    }

    /// The one that asked with this request, which stays.
    func find(
        request: [UInt8], of provider: String, at now: Timestamp, _ transaction: Transaction
    ) async throws -> OperatorFlow? {
        try await transaction.first(
            """
            SELECT \(Self.columns) FROM operator_sso_flows
            WHERE provider_id = \(provider) AND request_hash = \(request) AND ticket_hash IS NULL AND NOT wants_code
              AND expires_at > \(now) FOR UPDATE
            """, Self.read)
    }

    /// The provider's answer waits for the browser.
    func keep(
        _ answer: Sealed, for ticket: [UInt8], of flow: OperatorFlow, _ transaction: Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE operator_sso_flows SET ticket_hash = \(ticket), kept = \(answer) WHERE state_hash = \(flow.stateHash)"
        )
    }

    func take(ticket: [UInt8], at now: Timestamp, _ transaction: Transaction) async throws -> OperatorFlow? {
        try await transaction.first(
            "DELETE FROM operator_sso_flows WHERE ticket_hash = \(ticket) AND expires_at > \(now) RETURNING \(Self.columns)",
            Self.read)
    }

    /// Whose answer is the newest for this browser that waits for a code.
    func provider(
        waitingFor browser: [UInt8], at now: Timestamp, _ transaction: Transaction
    ) async throws -> String? {
        try await transaction.first(
            """
            SELECT provider_id FROM operator_sso_flows
            WHERE browser_hash = \(browser) AND wants_code AND expires_at > \(now)
            ORDER BY created_at DESC, state_hash LIMIT 1
            """
        ) { try $0.next(String.self) }
    }

    /// The newest answer of this provider for this browser that waits for a code.
    func takeWaiting(
        browser: [UInt8], of provider: String, at now: Timestamp, _ transaction: Transaction
    ) async throws -> OperatorFlow? {
        try await transaction.first(
            """
            DELETE FROM operator_sso_flows WHERE state_hash = (
                SELECT state_hash FROM operator_sso_flows
                WHERE browser_hash = \(browser) AND provider_id = \(provider) AND wants_code AND expires_at > \(now)
                ORDER BY created_at DESC, state_hash LIMIT 1 FOR UPDATE)
            RETURNING \(Self.columns)
            """, Self.read)
    }

    func drop(_ flow: OperatorFlow, _ transaction: Transaction) async throws {
        try await transaction.execute("DELETE FROM operator_sso_flows WHERE state_hash = \(flow.stateHash)")
    }

    /// - Returns: false when it was used before, here or in another process.
    func use(
        _ what: [UInt8], of provider: String, until end: Timestamp, _ transaction: Transaction
    ) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO operator_sso_replays (provider_id, used_hash, expires_at) VALUES (\(provider), \(what), \(end))
            ON CONFLICT DO NOTHING
            """) == 1
    }

    @Sendable private static func read(_ row: inout RowReader) throws -> OperatorFlow {
        var flow = OperatorFlow(
            stateHash: try row.next(), provider: try row.next(), version: try row.next(),
            kind: OperatorFlow.Kind(rawValue: try row.next()) ?? .login, browserHash: try row.next(),
            returnTo: try row.next(), beginner: try beginner(&row), createdAt: try row.next(), kept: nil)
        flow.kept = try row.next()
        return flow
    }

    private static func beginner(
        _ row: inout RowReader
    ) throws -> (person: OperatorID, session: OperatorSessionID)? {
        let (person, session) = (try row.next(OperatorID?.self), try row.next(OperatorSessionID?.self))
        guard let person, let session else { return nil }
        return (person, session)
    }
}
