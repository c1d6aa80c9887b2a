internal import Kernel
internal import Postgres

/// The functions behind changing and recovering a password. What they do is written beside them, in the migration.
struct PasswordStore: Sendable {
    let database: Database

    /// `nil` when the account is gone.
    func own(_ user: UserID) async throws -> (email: String, hash: String?)? {
        try await database.firstGlobally("SELECT email, password_hash FROM own_password(\(user))") {
            (email: try $0.next(), hash: try $0.next())
        }
    }

    /// - Parameter checked: the hash that was checked; another change in between makes this one void.
    /// - Returns: how many sessions ended; `nil` when it was void.
    func change(
        _ user: UserID, keeping session: SessionID, checked: String?, to hash: String, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Int? {
        try await transaction.first("SELECT change_password(\(user), \(session), \(checked), \(hash), \(now))") {
            try $0.next(Int?.self)
        } ?? nil
    }

    func confirm(_ session: SessionID, of user: UserID, at now: Timestamp, in transaction: Transaction) async throws {
        try await transaction.execute("SELECT confirm_session(\(user), \(session), \(now))")
    }

    /// - Returns: whether to mail the link.
    func requestLink(_ hash: [UInt8], to email: EmailAddress, subject: [UInt8], at now: Timestamp) async throws -> Bool
    {
        try await database.firstGlobally(
            """
            SELECT request_reset_link(\(EmailLinkID.new(at: now)), \(hash), \(email.text), \(email.key), \(subject), \(now))
            """
        ) { try $0.next(Bool.self) } ?? false
    }

    /// The address of the account whose password the link sets; it stays good.
    func read(_ link: [UInt8], at now: Timestamp) async throws -> String? {
        try await database.firstGlobally("SELECT email FROM read_reset_link(\(link), \(now))") { try $0.next() }
    }

    func redeem(
        _ link: [UInt8], newHash: String, at now: Timestamp, in transaction: Transaction
    ) async throws -> (user: UserID, email: String)? {
        try await transaction.first("SELECT user_id, email FROM reset_password(\(link), \(newHash), \(now))") {
            (user: try $0.next(), email: try $0.next())
        }
    }
}
