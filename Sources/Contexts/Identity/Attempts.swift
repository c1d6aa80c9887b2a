internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// Counts tries at what only someone already half-way in can try; more than five within 15 minutes lock for 15 minutes.
struct Attempts: Sendable {
    enum Kind: String, Sendable {
        /// Proving again who one is, inside a session.
        case confirm
        /// The second step of a sign-in.
        case secondFactor = "second-factor"
    }

    let database: Database
    let kind: Kind
    /// A digest of whom is counted.
    let subject: [UInt8]

    static let most = 5

    /// Counts one try, before it is checked: many at once are then not all checked.
    /// - Returns: how many are left after this one.
    /// - Throws: 403 `account-locked`.
    func begin(at now: Timestamp) async throws -> Int {
        let row = try await database.firstGlobally(
            "SELECT attempts, locked_until FROM count_attempt(\(kind.rawValue), \(subject), \(now))"
        ) { (count: Int(try $0.next(Int32.self)), lockedUntil: try $0.next(Timestamp?.self)) }
        if let lock = row?.lockedUntil { throw SignInError.locked(until: lock, now: now) }
        return max(0, Self.most - (row?.count ?? 0))
    }

    /// It was right: what was counted is forgotten.
    func forget() async throws { try await database.executeGlobally(forgetting) }

    private var forgetting: SQL { "SELECT forget_attempts(\(kind.rawValue), \(subject))" }
}

extension IdentityContext {
    /// Tries of one person to confirm their sessions.
    func confirmations(of user: UserID) -> Attempts {
        Attempts(database: database, kind: .confirm, subject: Digests.sha256("confirm:\(user)"))
    }
}
