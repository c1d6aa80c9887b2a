internal import Access
internal import Kernel
internal import Postgres

/// The rows of members. Changing them is for functions of the database, which know the rules; see their migration.
struct MemberStore: Sendable {
    /// What has come of a change, or why nothing has.
    enum Outcome: String, Sendable {
        case ok, forbidden
        case notFound = "not-found"
        case ownerRequired = "owner-required"
        case lastOwner = "last-owner"
        case mappedRole = "mapped-role"

        /// - Throws: unless it is done.
        func check() throws(Problem) {
            switch self {
            case .ok: return
            case .notFound: throw .memberNotFound
            case .forbidden: throw .forbidden
            case .ownerRequired: throw .ownerRequired
            case .lastOwner: throw .lastOwner
            case .mappedRole: throw .mappedRole
            }
        }
    }

    let database: Database

    func members(in org: OrgID, after: UserID?, limit: Int) async throws -> ListPage<Member> {
        let rows = try await database.rows(
            in: org,
            """
            SELECT \(Member.columns) FROM members WHERE \(after)::uuid IS NULL OR user_id > \(after)
            ORDER BY user_id LIMIT \(limit + 1)
            """
        ) { try Member(&$0) }
        return ListPage(rows, limit: limit) { "\($0.user)" }
    }

    func member(_ user: UserID, in transaction: Transaction) async throws -> Member? {
        try await transaction.first("SELECT \(Member.columns) FROM members WHERE user_id = \(user)") { try Member(&$0) }
    }

    /// The member with this address.
    func member(email: EmailAddress, in transaction: Transaction) async throws -> Member? {
        try await transaction.first(
            "SELECT \(Member.columns) FROM members WHERE lower(email) = \(email.key) LIMIT 1"
        ) { try Member(&$0) }
    }

    /// - Returns: the role before.
    func change(
        _ user: UserID, to role: Role, by actor: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws -> String {
        try await verdict(
            "SELECT outcome, old_role FROM change_member(\(actor), \(user), \(role.rawValue), \(now))", transaction)
    }

    /// - Returns: the role before.
    func remove(
        _ user: UserID, by actor: UserID, at now: Timestamp, in transaction: Transaction
    ) async throws -> String {
        try await verdict("SELECT outcome, old_role FROM remove_member(\(actor), \(user), \(now))", transaction)
    }

    /// - Throws: 404 `organisation-not-found` for someone who is no member.
    func leave(_ user: UserID, at now: Timestamp, in transaction: Transaction) async throws {
        let outcome = try await transaction.first(
            "SELECT outcome FROM remove_member(\(user), \(user), \(now))"
        ) { Outcome(rawValue: try $0.next()) }.flatMap { $0 }
        guard let outcome, outcome != .forbidden else { throw Problem.organisationNotFound }
        try outcome.check()
    }

    private func verdict(_ sql: SQL, _ transaction: Transaction) async throws -> String {
        let row = try await transaction.first(sql) { row in
            (outcome: Outcome(rawValue: try row.next()), role: try row.next(String?.self))
        }
        try (row?.outcome ?? .forbidden).check()
        return row?.role ?? ""
    }

    func transfer(to user: UserID, by actor: UserID, in transaction: Transaction) async throws {
        let answer = try await transaction.first("SELECT transfer_ownership(\(actor), \(user))") {
            Outcome(rawValue: try $0.next())
        }
        if answer == .notFound { throw Problem.transferRequiresMember }
        try (answer.flatMap { $0 } ?? .forbidden).check()
    }
}
