internal import Kernel
internal import Postgres

/// The functions behind signing in. What they do and cost is written beside them, in the migration.
struct LoginStore: Sendable {
    let database: Database

    struct Found: Sendable {
        let user: UserID?
        let passwordHash: String?
        let lockedUntil: Timestamp?
    }

    struct Failure: Sendable {
        let count: Int
        let lockedUntil: Timestamp?
    }

    func begin(_ emailKey: String, _ who: LoginSubject, at now: Timestamp) async throws -> Found {
        let row = try await database.firstGlobally(
            "SELECT user_id, password_hash, locked_until FROM begin_login(\(emailKey), \(who.name), \(who.address), \(now))"
        ) { Found(user: try $0.next(), passwordHash: try $0.next(), lockedUntil: try $0.next()) }
        return row ?? Found(user: nil, passwordHash: nil, lockedUntil: nil)
    }

    func fail(_ who: LoginSubject, at now: Timestamp) async throws -> Failure {
        let row = try await database.firstGlobally(
            "SELECT failures, locked_until FROM fail_login(\(who.name), \(who.address), \(now))"
        ) { Failure(count: Int(try $0.next(Int32.self)), lockedUntil: try $0.next()) }
        return row ?? Failure(count: 0, lockedUntil: nil)
    }

    func pass(
        _ user: UserID, _ who: LoginSubject, renewedHash: String?, at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.first(
            "SELECT pass_login(\(user), \(who.name), \(who.address), \(renewedHash), \(now))"
        ) { try $0.next(Bool.self) } ?? false
    }

    /// - Returns: whether to mail the link.
    func requestLink(_ hash: [UInt8], to email: EmailAddress, subject: [UInt8], at now: Timestamp) async throws -> Bool
    {
        try await database.firstGlobally(
            """
            SELECT request_login_link(\(EmailLinkID.new(at: now)), \(hash), \(email.text), \(email.key), \(subject), \(now))
            """
        ) { try $0.next(Bool.self) } ?? false
    }

    func redeemLink(_ hash: [UInt8], at now: Timestamp, in transaction: Transaction) async throws -> UserID? {
        try await transaction.first("SELECT user_id FROM redeem_login_link(\(hash), \(now))") { try $0.next() }
    }
}

/// Whom failures are counted against, as digests: the name that was typed, and the network it came from.
struct LoginSubject: Sendable {
    let name: [UInt8]
    /// `nil`: not counted.
    let address: [UInt8]?
}
