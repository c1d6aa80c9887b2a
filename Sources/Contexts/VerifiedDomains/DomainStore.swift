internal import Kernel
internal import Postgres

/// The rows of claimed domains. What decides between organisations are functions, in the migration.
struct DomainStore: Sendable {
    let database: Database

    /// Of one organisation.
    static let limit = 50

    func all(in org: OrgID) async throws -> [DomainClaim] {
        try await database.rows(in: org, "SELECT \(DomainClaim.columns) FROM sso_domains d ORDER BY d.domain") {
            try DomainClaim(&$0)
        }
    }

    func one(_ domain: String, in org: OrgID) async throws -> DomainClaim? {
        try await database.first(in: org, Self.query(domain)) { try DomainClaim(&$0) }
    }

    /// The same, within a transaction.
    func one(_ domain: String, in transaction: Transaction) async throws -> DomainClaim? {
        try await transaction.first(Self.query(domain)) { try DomainClaim(&$0) }
    }

    static func query(_ domain: String) -> SQL {
        "SELECT \(DomainClaim.columns) FROM sso_domains d WHERE d.domain = \(domain)"
    }

    /// - Throws: `domain-limit`, `domain-exists`: this organisation has it already. That another has it is no hindrance.
    func add(_ domain: MailDomain, token: String, in org: OrgID, at now: Timestamp, transaction: Transaction)
        async throws
    {
        let kept = try await transaction.first("SELECT count(*) FROM sso_domains") { try $0.next(Int.self) } ?? 0
        guard kept < Self.limit else { throw Problem.domainLimit }
        let made = try await transaction.execute(
            """
            INSERT INTO sso_domains (org_id, domain, token, created_at)
            VALUES (\(org), \(domain.text), \(token), \(now)) ON CONFLICT (org_id, domain) DO NOTHING
            """)
        guard made == 1 else { throw Problem.domainExists }
    }

    enum Verdict: String, Sendable { case won, still, taken, missing = "not-found" }

    /// Its record was found: of all who have found theirs, one has it.
    func verify(
        _ domain: String, nextCheck: Timestamp, at now: Timestamp, in transaction: Transaction
    ) async throws -> Verdict {
        let word = try await transaction.first("SELECT verify_domain(\(domain), \(nextCheck), \(now))") {
            try $0.next(String.self)
        }
        return word.flatMap(Verdict.init(rawValue:)) ?? .missing
    }

    /// - Returns: whether it was enforced before, and what stands in the way; `nil`: there is no such domain.
    func enforce(
        _ domain: String, _ enforced: Bool, in transaction: Transaction
    ) async throws -> (was: Bool, lacks: [String], concerned: Int)? {
        let row = try await transaction.first(
            "SELECT was, lacks, concerned FROM enforce_domain(\(domain), \(enforced))"
        ) {
            (was: try $0.next(Bool?.self), lacks: try $0.next([String].self), concerned: try $0.next(Int.self))
        }
        return row.flatMap { row in row.was.map { ($0, row.lacks, row.concerned) } }
    }

    /// - Returns: the state it had; `nil`: there was none.
    func remove(_ domain: String, in transaction: Transaction) async throws -> String? {
        try await transaction.first("SELECT remove_domain(\(domain))") { try $0.next(String?.self) } ?? nil
    }

    enum Finding: String, Sendable { case found, absent, unanswered }

    /// - Returns: whether it is lost by this; `nil`: it is verified no more.
    func note(
        _ finding: Finding, of domain: String, grace: Duration, nextCheck: Timestamp, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Bool? {
        let seconds = Int32(grace.components.seconds)
        return try await transaction.first(
            "SELECT note_domain_check(\(domain), \(finding.rawValue), \(seconds), \(nextCheck), \(now))"
        ) { try $0.next(Bool?.self) } ?? nil
    }

    /// Where the owners of the organisation of the transaction are written to.
    static func owners(in transaction: Transaction) async throws -> [EmailAddress] {
        try await transaction.rows("SELECT email FROM members WHERE role = 'owner' ORDER BY joined_at LIMIT 100") {
            EmailAddress(try $0.next(String.self))
        }.compactMap { $0 }
    }
}
