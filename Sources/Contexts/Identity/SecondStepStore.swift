internal import Kernel
internal import Postgres
internal import Vault

/// The functions behind the second step. What they do is written beside them, in the migration.
struct SecondStepStore: Sendable {
    let database: Database

    struct Secret: Sendable {
        let sealed: Sealed
        let createdAt: Timestamp
        let enabledAt: Timestamp?
        let lastStep: Int64
    }

    struct Challenge: Sendable {
        let user: UserID
        let remember: Bool
        /// The browser is one this person has used before.
        let byDevice: Bool
    }

    static func isOn(_ user: UserID) -> SQL { "SELECT has_second_step(\(user))" }

    static func query(_ user: UserID) -> SQL {
        "SELECT secret, created_at, enabled_at, last_step FROM totp_of(\(user))"
    }

    static func codesLeft(_ user: UserID) -> SQL { "SELECT recovery_codes_left(\(user))" }

    func secret(of user: UserID) async throws -> Secret? {
        try await database.firstGlobally(Self.query(user)) { try Secret(&$0) }
    }

    func begin(_ user: UserID, _ sealed: Sealed, at now: Timestamp, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT begin_totp(\(user), \(sealed), \(now))") { try $0.next(Bool.self) } ?? false
    }

    func enable(
        _ user: UserID, _ checked: Sealed, step: Int64, codes: [[UInt8]], at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.first("SELECT enable_totp(\(user), \(checked), \(step), \(codes), \(now))") {
            try $0.next(Bool.self)
        } ?? false
    }

    func use(step: Int64, of user: UserID, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT use_totp(\(user), \(step))") { try $0.next(Bool.self) } ?? false
    }

    func use(code: [UInt8], of user: UserID, at now: Timestamp, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT use_recovery_code(\(user), \(code), \(now))") {
            try $0.next(Bool.self)
        } ?? false
    }

    func renewCodes(_ user: UserID, _ codes: [[UInt8]], in transaction: Transaction) async throws {
        try await transaction.execute("SELECT renew_recovery_codes(\(user), \(codes))")
    }

    func disable(_ user: UserID, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT disable_totp(\(user))") { try $0.next(Bool.self) } ?? false
    }

    func open(
        _ hash: [UInt8], for user: UserID, remember: Bool, at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.execute("SELECT open_challenge(\(hash), \(user), \(remember), \(now))")
    }

    func challenge(_ hash: [UInt8], device: [UInt8]?, at now: Timestamp) async throws -> Challenge? {
        try await database.firstGlobally(
            "SELECT user_id, remember, by_device FROM challenge_of(\(hash), \(device), \(now))"
        ) { Challenge(user: try $0.next(), remember: try $0.next(), byDevice: try $0.next()) }
    }

    func close(_ hash: [UInt8], at now: Timestamp, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT close_challenge(\(hash), \(now))") { try $0.next(Bool.self) } ?? false
    }
}

extension SecondStepStore.Secret {
    init(_ row: inout RowReader) throws {
        sealed = try row.next()
        createdAt = try row.next()
        enabledAt = try row.next()
        lastStep = try row.next()
    }
}
