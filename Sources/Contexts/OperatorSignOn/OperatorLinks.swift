internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A subject at a provider that is an operator here.
struct OperatorLink: Sendable, JSONEncodable {
    /// Who said so.
    enum Origin: String, Sendable, CaseIterable {
        /// The operator, signed in.
        case person
        /// An operator admin, who named the subject.
        case admin
        /// The account's address, where the provider is trusted with addresses.
        case address
        /// The account was made by the first sign-in.
        case new
    }

    let id: OperatorLinkID
    let person: OperatorID
    let provider: String
    let subject: String
    let linkedAt: Timestamp
    let origin: Origin
    var lastLoginAt: Timestamp?

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("providerId", provider)
            json.member("subject", subject)
            json.member("linkedAt", linkedAt)
            json.member("linkedBy", origin.rawValue)
            json.member("lastLoginAt", lastLoginAt)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "providerId": .string, "subject": .string, "linkedAt": .timestamp,
        "linkedBy": .enumeration(Origin.allCases.map(\.rawValue)), "lastLoginAt": .timestamp.optional,
    ]).named("OperatorLink")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-0000000000b1","providerId":"company","subject":"00u1a2b3",\
        "linkedAt":"2026-11-22T09:30:00.000Z","linkedBy":"person","lastLoginAt":"2026-11-22T09:30:00.000Z"}
        """
}

enum OperatorLinkSubject {}
typealias OperatorLinkID = ID<OperatorLinkSubject>

/// The rows of links.
struct OperatorLinkStore: Sendable {
    static let most = 100

    func all(of person: OperatorID, _ database: Database) async throws -> [OperatorLink] {
        try await database.rowsGlobally(
            """
            SELECT id, operator_id, provider_id, subject, linked_at, linked_by, last_login_at FROM operator_links
            WHERE operator_id = \(person) ORDER BY provider_id, linked_at, id LIMIT \(Self.most)
            """, Self.read)
    }

    /// Whose subject it is. The link is held until the transaction ends: whoever removes it waits, and then finds the session.
    func owner(of subject: [UInt8], _ transaction: Transaction) async throws -> OperatorID? {
        try await transaction.first(
            "SELECT operator_id FROM operator_links WHERE subject_hash = \(subject) FOR UPDATE"
        ) { try $0.next(OperatorID.self) }
    }

    /// Somebody came in by it.
    func note(_ subject: [UInt8], at now: Timestamp, _ transaction: Transaction) async throws {
        try await transaction.execute(
            "UPDATE operator_links SET last_login_at = \(now) WHERE subject_hash = \(subject)")
    }

    /// Whether the operator is linked to some subject of the provider.
    func isLinked(_ person: OperatorID, at provider: String, _ transaction: Transaction) async throws -> Bool {
        try await transaction.first(
            "SELECT true FROM operator_links WHERE operator_id = \(person) AND provider_id = \(provider) LIMIT 1"
        ) { try $0.next(Bool.self) } ?? false
    }

    /// - Returns: false when the subject is somebody's already.
    func insert(_ link: OperatorLink, hash: [UInt8], _ transaction: Transaction) async throws -> Bool {
        try await transaction.execute(
            """
            INSERT INTO operator_links (id, operator_id, provider_id, subject_hash, subject, linked_at, linked_by,
                                        last_login_at)
            VALUES (\(link.id), \(link.person), \(link.provider), \(hash), \(link.subject), \(link.linkedAt),
                    \(link.origin.rawValue), \(link.lastLoginAt))
            ON CONFLICT (subject_hash) DO NOTHING
            """) == 1
    }

    /// What came in by it is signed out.
    /// - Returns: false when there is no such link of theirs.
    func delete(_ id: OperatorLinkID, of person: OperatorID, _ transaction: Transaction) async throws -> Bool {
        let gone = try await transaction.first(
            """
            DELETE FROM operator_links WHERE id = \(id) AND operator_id = \(person) RETURNING provider_id, subject_hash
            """
        ) { (try $0.next(String.self), try $0.next([UInt8].self)) }
        guard let (provider, subject) = gone else { return false }
        _ = try await OperatorSessionsOf(provider: provider, subject: subject).end(transaction)
        return true
    }

    @Sendable private static func read(_ row: inout RowReader) throws -> OperatorLink {
        OperatorLink(
            id: try row.next(), person: try row.next(), provider: try row.next(), subject: try row.next(),
            linkedAt: try row.next(), origin: OperatorLink.Origin(rawValue: try row.next()) ?? .admin,
            lastLoginAt: try row.next())
    }
}
