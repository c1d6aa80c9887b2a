internal import Kernel
internal import Postgres

/// The functions behind signing in without sending the password. What they do is written beside them, in the migration.
struct ZeroKnowledgeStore: Sendable {
    let database: Database

    /// What is kept of somebody who registered; all of it `nil` for strangers and everybody else.
    struct Kept: Sendable {
        var user: UserID?
        var salt: [UInt8]?
        var kdfSalt: [UInt8]?
        var verifier: Secret<[UInt8]>?
    }

    func begin(_ handshake: SRPHandshakeID, _ emailKey: String, name: [UInt8], at now: Timestamp) async throws -> Kept {
        let row = try await database.firstGlobally(
            "SELECT salt, kdf_salt, verifier FROM begin_srp(\(handshake), \(emailKey), \(name), \(now))"
        ) { row in
            Kept(
                salt: try row.next(), kdfSalt: try row.next(),
                verifier: try row.next([UInt8]?.self).map { Secret($0) })
        }
        return row ?? Kept()
    }

    /// - Returns: `nil` when the handshake is gone, too old, or another person's.
    func take(
        _ handshake: SRPHandshakeID, _ emailKey: String, name: [UInt8], at now: Timestamp
    ) async throws -> Kept? {
        try await database.firstGlobally(
            "SELECT user_id, salt, verifier FROM take_srp(\(handshake), \(emailKey), \(name), \(now))"
        ) { row in
            Kept(
                user: try row.next(), salt: try row.next(),
                verifier: try row.next([UInt8]?.self).map { Secret($0) })
        }
    }

    func register(
        _ user: UserID, keeping session: SessionID, salt: [UInt8], kdfSalt: [UInt8], verifier: [UInt8],
        at now: Timestamp, in transaction: Transaction
    ) async throws {
        try await transaction.execute(
            "SELECT register_srp(\(user), \(session), \(salt), \(kdfSalt), \(verifier), \(now))")
    }

    static func state(of user: UserID) -> SQL { "SELECT offered, registered FROM zero_knowledge_of(\(user))" }

    func isOn(in org: OrgID) async throws -> Bool {
        try await database.first(in: org, "SELECT zero_knowledge FROM sign_in_policies") { try $0.next(Bool.self) }
            ?? false
    }

    func set(_ isOn: Bool, in org: OrgID, at now: Timestamp, in transaction: Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO sign_in_policies (org_id, zero_knowledge, changed_at) VALUES (\(org), \(isOn), \(now))
            ON CONFLICT (org_id) DO UPDATE SET zero_knowledge = \(isOn), changed_at = \(now)
            """)
    }
}
