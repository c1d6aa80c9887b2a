internal import Access
internal import JSONKit
internal import Kernel
internal import Postgres

/// A person as they see themselves.
struct Person: Sendable {
    let id: UserID
    let email: String
    let displayName: String

    init(_ row: inout RowReader) throws {
        id = try row.next()
        email = try row.next()
        displayName = try row.next()
    }
}

/// A living session, as its owner sees it in the list.
struct SessionEntry: Sendable {
    let id: SessionID
    let createdAt: Timestamp
    let lastSeenAt: Timestamp
    let expiresAt: Timestamp
    let userAgent: String
    let address: String
    /// How it began: password, link, passkey, srp, oidc, saml, break-glass.
    let method: String

    init(_ row: inout RowReader) throws {
        id = try row.next()
        createdAt = try row.next()
        lastSeenAt = try row.next()
        expiresAt = try row.next()
        userAgent = try row.next()
        address = try row.next()
        method = try row.next()
    }
}

/// What a person may read and change of their own account.
struct PersonStore: Sendable {
    let database: Database

    struct Profile: Sendable {
        let person: Person
        let organisations: [Membership]
        let sessions: [SessionEntry]
    }

    static func query(_ user: UserID) -> SQL { "SELECT id, email, display_name FROM person(\(user))" }

    private static func sessions(of user: UserID, boundTo bound: OrgID?, at now: Timestamp) -> SQL {
        """
        SELECT id, created_at, last_seen_at, expires_at, user_agent, address, method
        FROM sessions_of(\(user), \(now), \(bound))
        """
    }

    /// `nil` when the account is gone.
    /// - Parameter bound: all that a session of this organisation is told.
    func profile(_ user: UserID, boundTo bound: OrgID?, at now: Timestamp) async throws -> Profile? {
        let answers = try await database.batch(
            in: nil,
            [
                Self.query(user), Membership.query(of: user, boundTo: bound),
                Self.sessions(of: user, boundTo: bound, at: now),
            ])
        guard let person = try answers[0].first({ try Person(&$0) }) else { return nil }
        return Profile(
            person: person, organisations: try answers[1].rows { try Membership(&$0) },
            sessions: try answers[2].rows { try SessionEntry(&$0) })
    }

    /// An organisation as seen by someone who came in through a grant.
    func entered(_ org: OrgID, as role: Role) async throws -> Membership? {
        try await database.first(in: org, Membership.query(enteredAs: role)) { try Membership(&$0) }
    }

    /// - Returns: `nil` for someone who is no member.
    func authority(of user: UserID, in org: OrgID) async throws -> Authority? {
        try await database.first(in: org, Authority.query(of: user)) { try Authority(member: &$0) }.flatMap { $0 }
    }

    func sessions(of user: UserID, boundTo bound: OrgID?, at now: Timestamp) async throws -> [SessionEntry] {
        try await database.rowsGlobally(Self.sessions(of: user, boundTo: bound, at: now)) { try SessionEntry(&$0) }
    }

    /// - Returns: false when this person has no such session.
    func end(_ session: SessionID, of user: UserID, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT end_session(\(user), \(session))") { try $0.next(Bool.self) } ?? false
    }

    /// - Returns: how many ended.
    func endOthers(
        than session: SessionID, of user: UserID, boundTo bound: OrgID?, in transaction: Transaction
    ) async throws -> Int {
        let ending: SQL =
            bound == nil
            ? "SELECT end_other_sessions(\(user), \(session))" : "SELECT end_bound_sessions(\(user), \(session))"
        return try await transaction.first(ending) { try $0.next(Int.self) } ?? 0
    }

    func rename(_ user: UserID, to name: String, in transaction: Transaction) async throws {
        try await transaction.execute("SELECT rename_person(\(user), \(name))")
    }
}
