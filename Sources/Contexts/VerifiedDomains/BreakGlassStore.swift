internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// An owner and whether they hold a code.
struct BreakGlassHolder: Sendable {
    let user: UserID
    let displayName: String
    let email: String
    let createdAt: Timestamp?
    let lastUsedAt: Timestamp?

    static let schema = Schema.object([
        "userId": .uuid, "displayName": .string, "email": .email, "holdsCode": .boolean,
        "createdAt": .timestamp.optional, "lastUsedAt": .timestamp.optional,
    ]).named("BreakGlassHolder")

    static let example = """
        {"userId":"01935c1e-7d00-7000-8000-000000000002","displayName":"Ana","email":"ana@example.org","holdsCode":true,\
        "createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension BreakGlassHolder: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("userId", user)
            json.member("displayName", displayName)
            json.member("email", email)
            json.member("holdsCode", createdAt != nil)
            json.member("createdAt", createdAt)
            json.member("lastUsedAt", lastUsedAt)
        }
    }
}

/// The rows of break-glass codes, by the functions beside them in the migration.
struct BreakGlassStore: Sendable {
    let database: Database

    /// The owners of an organisation; there are few.
    func holders(in org: OrgID) async throws -> [BreakGlassHolder] {
        try await database.rows(
            in: org,
            """
            SELECT m.user_id, m.display_name, m.email, c.created_at, c.last_used_at
            FROM members m LEFT JOIN break_glass_codes c ON c.user_id = m.user_id
            WHERE m.role = 'owner' ORDER BY m.joined_at, m.user_id LIMIT 100
            """
        ) { row in
            BreakGlassHolder(
                user: try row.next(), displayName: try row.next(), email: try row.next(), createdAt: try row.next(),
                lastUsedAt: try row.next())
        }
    }

    /// - Returns: false for somebody who is no owner any more.
    func keep(_ hash: [UInt8], of user: UserID, at now: Timestamp, in transaction: Transaction) async throws -> Bool {
        try await transaction.first("SELECT keep_break_glass(\(user), \(hash), \(now))") { try $0.next(Bool.self) }
            ?? false
    }

    /// - Returns: `ok`, `not-found`, `needed`.
    func drop(of user: UserID, in transaction: Transaction) async throws -> String {
        try await transaction.first("SELECT drop_break_glass(\(user))") { try $0.next(String.self) } ?? "not-found"
    }

    /// Uses a code up for the next one. With success the transaction is in the organisation from here on.
    func use(
        _ hash: [UInt8], next: [UInt8], of user: UserID, at slug: String, now: Timestamp, in transaction: Transaction
    ) async throws -> OrgID? {
        try await transaction.first("SELECT use_break_glass(\(slug), \(user), \(hash), \(next), \(now))") {
            try $0.next(OrgID?.self)
        } ?? nil
    }
}
