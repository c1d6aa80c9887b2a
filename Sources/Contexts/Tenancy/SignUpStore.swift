internal import Kernel
internal import Postgres

/// The functions behind signing up. What they do and cost is written beside them, in the migration.
struct SignUpStore: Sendable {
    enum Verdict: String, Sendable {
        case send
        /// Too many for one mailbox: nothing is mailed, and the answer is the same.
        case quiet
        /// Too many from one network.
        case tooMany = "too-many"
    }

    /// What a link is good for.
    struct Link: Sendable {
        let state: LinkState
        let email: String
        let organisationName: String
        let isKnown: Bool
    }

    struct Completion: Sendable {
        let state: LinkState
        let user: UserID?
        let slug: String?
        let isNew: Bool
    }

    let database: Database

    /// - Parameter address: the network's digest; `nil`: not counted.
    func request(
        _ hash: [UInt8], email: EmailAddress, organisation name: String, subject: [UInt8], address: [UInt8]?,
        at now: Timestamp
    ) async throws -> Verdict {
        let answer = try await database.firstGlobally(
            """
            SELECT request_signup(\(EmailLinkID.new(at: now)), \(hash), \(email.text), \(email.key), \(name), \(subject),
                                  \(address), \(now))
            """
        ) { try $0.next(String.self) }
        return answer.flatMap { Verdict(rawValue: $0) } ?? .quiet
    }

    func read(_ hash: [UInt8], at now: Timestamp) async throws -> Link {
        let row = try await database.firstGlobally(
            "SELECT state, email, org_name, is_known FROM read_signup(\(hash), \(now))"
        ) { row in
            Link(
                state: LinkState(rawValue: try row.next()) ?? .unknown, email: try row.next(String?.self) ?? "",
                organisationName: try row.next(String?.self) ?? "", isKnown: try row.next())
        }
        return row ?? Link(state: .unknown, email: "", organisationName: "", isKnown: false)
    }

    func complete(
        _ hash: [UInt8], user: UserID, displayName: String, passwordHash: String?, org: OrgID, slug: Slug,
        at now: Timestamp, in transaction: Transaction
    ) async throws -> Completion {
        let row = try await transaction.first(
            """
            SELECT state, user_id, slug, is_new
            FROM complete_signup(\(hash), \(user), \(displayName), \(passwordHash), \(org), \(slug.text), \(now))
            """
        ) { row in
            Completion(
                state: LinkState(rawValue: try row.next()) ?? .unknown, user: try row.next(), slug: try row.next(),
                isNew: try row.next(Bool?.self) ?? false)
        }
        return row ?? Completion(state: .unknown, user: nil, slug: nil, isNew: false)
    }
}

/// What has become of a sign-up link.
enum LinkState: String, Sendable {
    case open, used, expired, unknown
    /// Open, but a new person needs a password.
    case noPassword = "no-password"
}
