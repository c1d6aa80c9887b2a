internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// One sign-in through a provider that was tried.
struct Attempt: Sendable {
    let id: SSOAttemptID
    let at: Timestamp
    let provider: String
    let kind: String
    /// `accepted`, or the reason of the refusal.
    let outcome: String
    let detail: String
    let user: UserID?
    /// What the provider told; opened.
    var told: JSONValue?
    let address: String
    let userAgent: String
}

/// The last 100 of them, an organisation.
struct AttemptLog: Sendable {
    static let limit = 100

    let context: SSOContext

    /// What the provider told is sealed: it is about people.
    func note(
        _ outcome: SSORefusal?, of person: ProvenPerson?, user: UserID?, provider: String, kind: FlowKind,
        in org: OrgID,
        from origin: AuditOrigin, _ transaction: Transaction
    ) async throws -> SSOAttemptID {
        let now = context.time.now
        let id = SSOAttemptID.new(at: now)
        var told: Sealed?
        if let person {
            var json = JSONWriter()
            json.object { person.write(to: &$0) }
            told = try await context.vault.seal(
                Secret(json.bytes), for: .org(org), at: Self.place(of: id))
        }
        _ = try await transaction.batch([
            """
            INSERT INTO sso_attempts (org_id, id, at, provider_id, kind, outcome, detail, user_id, told, address,
                                      user_agent)
            VALUES (\(org), \(id), \(now), \(provider), \(kind.rawValue), \(outcome?.reason ?? "accepted"),
                    \(outcome?.sentence ?? ""), \(user), \(told), \(origin.address), \(origin.userAgent))
            """,
            """
            DELETE FROM sso_attempts WHERE id IN (
                SELECT id FROM sso_attempts ORDER BY id DESC OFFSET \(Self.limit))
            """,
        ])
        return id
    }

    func all(in org: OrgID) async throws -> [Attempt] {
        try await read("SELECT \(Self.columns) FROM sso_attempts ORDER BY id DESC LIMIT \(Self.limit)", in: org)
    }

    func one(_ id: SSOAttemptID, in org: OrgID) async throws -> Attempt? {
        try await read("SELECT \(Self.columns) FROM sso_attempts WHERE id = \(id)", in: org).first
    }

    private static let columns = SQL(
        unsafeSQL: "id, at, provider_id, kind, outcome, detail, user_id, told, address, user_agent")

    private static func place(of id: SSOAttemptID) -> SealedPlace {
        SealedPlace(table: "sso_attempts", column: "told", row: "\(id)")
    }

    private func read(_ query: SQL, in org: OrgID) async throws -> [Attempt] {
        let rows = try await context.database.rows(in: org, query) { row in
            let (id, at, provider, kind) = (
                try row.next(SSOAttemptID.self), try row.next(Timestamp.self), try row.next(String.self),
                try row.next(String.self)
            )
            let (outcome, detail) = (try row.next(String.self), try row.next(String.self))
            let (user, told) = (try row.next(UserID?.self), try row.next(Sealed?.self))
            return (
                Attempt(
                    id: id, at: at, provider: provider, kind: kind, outcome: outcome, detail: detail, user: user,
                    told: nil, address: try row.next(), userAgent: try row.next()), told
            )
        }
        var all: [Attempt] = []
        for (var attempt, told) in rows {
            if let told {
                let opened = try await context.vault.open(told, for: .org(org), at: Self.place(of: attempt.id))
                attempt.told = try? JSONValue(json: opened.reveal())
            }
            all.append(attempt)
        }
        return all
    }
}

extension Attempt: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("at", at)
            json.member("providerId", provider)
            json.member("kind", kind)
            json.member("accepted", outcome == "accepted")
            json.member("reason", outcome == "accepted" ? nil : outcome)
            json.member("detail", detail.isEmpty ? nil : detail)
            json.member("userId", user)
            if let told {
                json.key("told")
                told.encode(to: &json)
            }
            json.member("address", address)
            json.member("userAgent", userAgent)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "at": .timestamp, "providerId": .string,
        "kind": .enumeration(["login", "link", "step-up", "test"]),
        "accepted": .boolean, "reason": .string.described("Why it was refused").optional, "detail": .string.optional,
        "userId": .uuid.optional, "told": .anything.described("What the provider said of the person").optional,
        "address": .string, "userAgent": .string,
    ]).named("SSOAttempt")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-000000000031","at":"2026-11-22T09:30:00.000Z","providerId":"okta","kind":"login",\
        "accepted":false,"reason":"group_restricted",\
        "detail":"None of the person's groups is among those that this provider may let in.",\
        "told":{"subject":"00u1a2b3","email":"ana@example.org","groups":["everyone"],\
        "claims":[{"name":"sub","values":["00u1a2b3"]}],"methods":["pwd"]},\
        "address":"192.0.2.1","userAgent":"Mozilla/5.0"}
        """
}
