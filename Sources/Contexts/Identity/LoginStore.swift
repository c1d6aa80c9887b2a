internal import Access
internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// The functions behind signing in. What they do and cost is written beside them, in the migration.
struct LoginStore: Sendable {
    let database: Database

    struct Found: Sendable {
        var user: UserID?
        var passwordHash: String?
        /// The browser is one this person has used before: it is counted by itself.
        var countsByDevice = false
        var lockedUntil: Timestamp?
    }

    struct Failure: Sendable {
        var count = 0
        var lockedUntil: Timestamp?
    }

    func begin(_ emailKey: String, _ who: LoginSubject, at now: Timestamp) async throws -> Found {
        let row = try await database.firstGlobally(
            """
            SELECT user_id, password_hash, by_device, locked_until
            FROM begin_sign_in(\(emailKey), \(who.name), \(who.address), \(who.device), \(now))
            """
        ) { row in
            Found(
                user: try row.next(), passwordHash: try row.next(), countsByDevice: try row.next(),
                lockedUntil: try row.next())
        }
        return row ?? Found()
    }

    /// - Parameter byDevice: what `begin` said.
    func fail(_ who: LoginSubject, byDevice: Bool, at now: Timestamp) async throws -> Failure {
        let row = try await database.firstGlobally(
            """
            SELECT failures, locked_until
            FROM fail_sign_in(\(who.name), \(who.address), \(byDevice ? who.device : nil), \(now))
            """
        ) { Failure(count: Int(try $0.next(Int32.self)), lockedUntil: try $0.next()) }
        return row ?? Failure()
    }

    /// - Returns: false when a lock fell while the proof was being checked.
    func pass(
        _ user: UserID, _ who: LoginSubject, byDevice: Bool, renewedHash: String?, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.first(
            """
            SELECT pass_sign_in(\(user), \(who.name), \(who.address), \(byDevice ? who.device : nil), \(renewedHash),
                                \(now))
            """
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

/// Whom failures are counted against, as digests: the name that was typed, the network it came from, and the browser.
struct LoginSubject: Sendable {
    let name: [UInt8]
    /// `nil`: not counted.
    let address: [UInt8]?
    /// Of the cookie the browser came with; of nothing when it brought none, which is no device's digest.
    let device: [UInt8]

    init(name: [UInt8], address: [UInt8]?, device: [UInt8] = Digests.sha256("no device")) {
        self.name = name
        self.address = address
        self.device = device
    }

    init(typed name: String, from request: APIRequest, countsAddresses: Bool) {
        self.init(
            name: Digests.sha256("login-name:" + name.trimmed.lowercased()),
            address: countsAddresses ? ClientNetwork.subject(of: request) : nil,
            device: request.presentedDevice?.hash ?? Digests.sha256("no device"))
    }
}
