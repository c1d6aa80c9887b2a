internal import Cryptography
internal import Kernel
internal import Postgres
internal import Vault

/// The functions behind operators' accounts. What they do is written beside them, in the migration.
struct OperatorStore: Sendable {
    let database: Database

    /// What a sign-in needs to know of whoever was named; all but the lock are `nil` for a stranger.
    struct Found: Sendable {
        var person: OperatorRecord?
        var passwordHash: String?
        var secret: Sealed?
        var lastStep: Int64 = 0
        var lockedUntil: Timestamp?
    }

    /// Whom failures are counted against. Digests of their own: a customer's failures lock no operator out.
    struct Subject: Sendable {
        let name: [UInt8]
        let address: [UInt8]?
    }

    struct Setup: Sendable {
        let person: OperatorRecord
        /// The authenticator begun with this link.
        let secret: Sealed?
        let expiresAt: Timestamp
    }

    struct NewSession: Sendable {
        let id: OperatorSessionID
        let hash: [UInt8]
        let csrfHash: [UInt8]
        let replaced: [UInt8]?
        let userAgent: String
        let address: String
    }

    // MARK: Signing in

    func begin(_ emailKey: String, _ who: Subject, at now: Timestamp) async throws -> Found {
        let row = try await database.firstGlobally(
            """
            SELECT id, email, display_name, role, password_hash, secret, last_step, locked_until
            FROM begin_operator_login(\(emailKey), \(who.name), \(who.address), \(now))
            """
        ) { row in
            Found(
                person: try OperatorRecord(ifPresent: &row), passwordHash: try row.next(), secret: try row.next(),
                lastStep: try row.next(Int64?.self) ?? 0, lockedUntil: try row.next())
        }
        return row ?? Found()
    }

    /// - Returns: how many failures stand now.
    func fail(_ who: Subject, at now: Timestamp) async throws -> Int {
        let count = try await database.firstGlobally(
            "SELECT failures FROM fail_login(\(who.name), \(who.address), \(now))"
        ) { try $0.next(Int32.self) }
        return Int(count ?? 0)
    }

    /// - Returns: when the session ends unused; `nil` when it does not begin: a lock fell, the code was used, the account
    ///   changed.
    func open(
        _ session: NewSession, for found: Found, _ who: Subject, step: Int64, renewedHash: String?, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> Timestamp? {
        try await transaction.first(
            """
            SELECT open_operator_session(
                \(session.id), \(found.person?.id), \(found.passwordHash), \(step), \(session.hash),
                \(session.csrfHash), \(session.replaced), \(who.name), \(who.address), \(renewedHash),
                \(session.userAgent), \(session.address), \(now))
            """
        ) { try $0.next(Timestamp?.self) } ?? nil
    }

    func inPerson(
        _ hash: [UInt8], at now: Timestamp
    ) async throws -> (person: OperatorRecord, expiresAt: Timestamp, absolute: Timestamp)? {
        try await database.firstGlobally(
            """
            SELECT id, email, display_name, role, expires_at, absolute_expires_at
            FROM operator_in_person(\(hash), \(now))
            """
        ) { row in
            (person: try OperatorRecord(&row), expiresAt: try row.next(), absolute: try row.next())
        }
    }

    func end(_ hash: [UInt8], in transaction: Transaction) async throws -> OperatorSessionID? {
        try await transaction.first("SELECT end_operator_session(\(hash))") {
            try $0.next(OperatorSessionID?.self)
        } ?? nil
    }

    // MARK: Accounts

    func all() async throws -> [OperatorRecord] {
        try await database.rowsGlobally(
            """
            SELECT id, email, display_name, role, state, created_at, last_sign_in_at FROM all_operators()
            """
        ) { try OperatorRecord(withLife: &$0) }
    }

    func create(
        _ person: OperatorRecord, key: String, setup: [UInt8], at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.first(
            """
            SELECT create_operator(\(person.id), \(person.email), \(key), \(person.displayName),
                                   \(person.role.rawValue), \(setup), \(now))
            """
        ) { try $0.next(Bool.self) } ?? false
    }

    func reset(
        _ id: OperatorID, setup: [UInt8], at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.first("SELECT reset_operator(\(id), \(setup), \(now))") {
            try $0.next(Bool.self)
        } ?? false
    }

    func disable(
        _ id: OperatorID, _ isDisabled: Bool, at now: Timestamp, in transaction: Transaction
    ) async throws -> Bool {
        try await transaction.first("SELECT disable_operator(\(id), \(isDisabled), \(now))") {
            try $0.next(Bool.self)
        } ?? false
    }

    // MARK: Setting up

    func setup(_ hash: [UInt8], at now: Timestamp) async throws -> Setup? {
        try await database.firstGlobally(
            """
            SELECT id, email, display_name, role, secret, expires_at FROM operator_setup(\(hash), \(now))
            """
        ) { row in
            Setup(person: try OperatorRecord(&row), secret: try row.next(), expiresAt: try row.next())
        }
    }

    func begin(_ hash: [UInt8], _ secret: Sealed, at now: Timestamp) async throws -> Bool {
        try await database.firstGlobally("SELECT begin_operator_totp(\(hash), \(secret), \(now))") {
            try $0.next(Bool.self)
        } ?? false
    }

    func complete(
        _ hash: [UInt8], checked: Sealed, step: Int64, passwordHash: String, at now: Timestamp,
        in transaction: Transaction
    ) async throws -> OperatorID? {
        try await transaction.first(
            "SELECT complete_operator_setup(\(hash), \(checked), \(step), \(passwordHash), \(now))"
        ) { try $0.next(OperatorID?.self) } ?? nil
    }
}
