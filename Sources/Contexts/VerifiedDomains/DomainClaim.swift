internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A domain that an organisation says is its own.
struct DomainClaim: Sendable {
    enum State: String, Sendable, CaseIterable {
        /// Said and not shown.
        case pending
        case verified
        /// Was verified; its record has been gone for too long. It routes and enforces nothing.
        case lost
    }

    let domain: String
    let state: State
    let token: String
    let isEnforced: Bool
    let createdAt: Timestamp
    let verifiedAt: Timestamp?
    let checkedAt: Timestamp?
    let nextCheckAt: Timestamp?
    let missingSince: Timestamp?
    /// Members with an address of it.
    let members: Int
    /// What is missing before it can be enforced: `verified-domain`, `provider`, `break-glass`.
    let lacks: [String]

    /// 128 random bits. It is no secret: whoever can write it into the domain's DNS has shown what is wanted.
    static func token() -> String { Base64URL.encode(Randomness.system.bytes(16)) }

    var record: DomainRecord { DomainRecord(domain, token: token) }

    /// What an audit entry tells of it.
    var told: JSONValue {
        ["domain": .string(domain), "state": .string(state.rawValue), "enforced": .bool(isEnforced)]
    }

    static let columns = SQL(
        unsafeSQL: """
            d.domain, d.state, d.token, d.is_enforced, d.created_at, d.verified_at, d.checked_at, d.next_check_at,
            d.missing_since,
            (SELECT count(*) FROM members m WHERE mail_domain(m.email) = d.domain),
            array_remove(ARRAY[
                CASE WHEN d.state <> 'verified' THEN 'verified-domain' END,
                CASE WHEN NOT EXISTS (SELECT FROM sso_providers p WHERE p.is_enabled) THEN 'provider' END,
                CASE WHEN NOT EXISTS (SELECT FROM break_glass_codes c JOIN members m ON m.user_id = c.user_id
                                      WHERE m.role = 'owner') THEN 'break-glass' END], NULL)
            """)

    init(_ row: inout RowReader) throws {
        domain = try row.next()
        state = State(rawValue: try row.next()) ?? .pending
        token = try row.next()
        isEnforced = try row.next()
        createdAt = try row.next()
        verifiedAt = try row.next()
        checkedAt = try row.next()
        nextCheckAt = try row.next()
        missingSince = try row.next()
        members = try row.next()
        lacks = try row.next()
    }

    static let schema = Schema.object([
        "domain": .string, "displayDomain": .string.described("the same as people read it"),
        "state": .enumeration(State.allCases.map(\.rawValue)), "isEnforced": .boolean,
        "record": .object(["type": .enumeration(["TXT"]), "name": .string, "value": .string]),
        "members": .integer(minimum: 0).described("members with an address of it"),
        "lacks": .array(.enumeration(["verified-domain", "provider", "break-glass"])),
        "createdAt": .timestamp, "verifiedAt": .timestamp.optional, "checkedAt": .timestamp.optional,
        "nextCheckAt": .timestamp.optional, "missingSince": .timestamp.optional,
    ]).named("VerifiedDomain")

    static let example = """
        {"domain":"example.com","displayDomain":"example.com","state":"pending","isEnforced":false,\
        "record":{"type":"TXT","name":"_pulse-challenge.example.com",\
        "value":"pulse-domain-verification=vJ9Qm3c0Tt2XkV5bq1uYwA"},"members":12,"lacks":["verified-domain","provider"],\
        "createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension DomainClaim: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("domain", domain)
            json.member("displayDomain", MailDomain(domain)?.shown ?? domain)
            json.member("state", state.rawValue)
            json.member("isEnforced", isEnforced)
            json.object("record") { json in
                json.member("type", "TXT")
                json.member("name", record.name)
                json.member("value", record.value)
            }
            json.member("members", members)
            json.member("lacks", lacks)
            json.member("createdAt", createdAt)
            json.member("verifiedAt", verifiedAt)
            json.member("checkedAt", checkedAt)
            json.member("nextCheckAt", nextCheckAt)
            json.member("missingSince", missingSince)
        }
    }
}
