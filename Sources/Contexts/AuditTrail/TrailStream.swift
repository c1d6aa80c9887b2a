internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Outbound
internal import Postgres
internal import Vault

/// A receiver of an organisation's entries, without what is sealed of it.
struct TrailStream: Sendable {
    enum Kind: String, Sendable, CaseIterable { case webhook, syslog }

    let id: AuditStreamID
    let name: String
    let kind: Kind
    /// What is shown of the address.
    let host: String
    let hasSecret: Bool
    let isEnabled: Bool
    let sentSeq: Int64
    /// Entries that wait.
    let behind: Int64
    let lastError: String?
    let lastSentAt: Timestamp?
    let createdAt: Timestamp

    static let columns: SQL = """
        s.id, s.name, s.kind, s.host, s.secret IS NOT NULL, s.is_enabled, s.sent_seq,
        greatest(coalesce((SELECT h.seq FROM audit_heads h), 0) - s.sent_seq, 0), s.last_error, s.last_sent_at,
        s.created_at
        """

    init(_ row: inout RowReader) throws {
        id = try row.next()
        name = try row.next()
        kind = Kind(rawValue: try row.next()) ?? .webhook
        host = try row.next()
        hasSecret = try row.next()
        isEnabled = try row.next()
        sentSeq = try row.next()
        behind = try row.next()
        lastError = try row.next()
        lastSentAt = try row.next()
        createdAt = try row.next()
    }

    static func place(_ column: String, _ id: AuditStreamID) -> SealedPlace {
        SealedPlace(table: "audit_streams", column: column, row: id)
    }

    static let schema = Schema.object([
        "id": .uuid, "name": .string(minLength: 1, maxLength: 64), "kind": .enumeration(Kind.allCases.map(\.rawValue)),
        "host": .string, "secretSet": .boolean, "enabled": .boolean, "sentSeq": .integer(minimum: 0),
        "behind": .integer(minimum: 0), "lastError": .string.optional, "lastSentAt": .timestamp.optional,
        "createdAt": .timestamp,
    ]).named("AuditStream")

    static let example = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e06","name":"SIEM","kind":"webhook","host":"siem.example.com",\
        "secretSet":true,"enabled":true,"sentSeq":42,"behind":0,"lastSentAt":"2026-11-21T09:30:00.000Z",\
        "createdAt":"2026-11-21T09:00:00.000Z"}
        """

    /// The members of the object that is open.
    func encode(to json: inout JSONWriter) {
        json.member("id", id)
        json.member("name", name)
        json.member("kind", kind.rawValue)
        json.member("host", host)
        json.member("secretSet", hasSecret)
        json.member("enabled", isEnabled)
        json.member("sentSeq", sentSeq)
        json.member("behind", behind)
        json.member("lastError", lastError)
        json.member("lastSentAt", lastSentAt)
        json.member("createdAt", createdAt)
    }
}

/// Where a stream leads, checked.
struct StreamAddress: Sendable {
    let text: String
    let host: String
    let port: Int

    /// - Throws: 400 `invalid-field` `address`. A name is looked up when something is sent, and again each time.
    init(_ text: String, for kind: TrailStream.Kind, policy: OutboundPolicy) throws(Problem) {
        switch kind {
        case .webhook:
            guard let target = OutboundTarget(text), target.isSecure || policy.hasExceptions else {
                throw .invalidField("address", "an https address is wanted, such as https://siem.example.com/pulse")
            }
            (host, port) = (target.host, target.port)
        case .syslog:
            guard let (host, port) = Self.hostAndPort(text) else {
                throw .invalidField("address", "host and port are wanted, such as siem.example.com:6514")
            }
            (self.host, self.port) = (host, port)
        }
        self.text = text
        if InternetAddress(host) != nil, !policy.permits(host) {
            throw .invalidField("address", "it leads to a network that cannot be reached from here")
        }
    }

    /// `host`, `host:port`, `[v6]:port`; 6514 where none is given (RFC 5425).
    static func hostAndPort(_ text: String) -> (host: String, port: Int)? {
        guard (1...260).contains(text.utf8.count),
            let target = OutboundTarget("https://\(text)"), target.url == "https://\(text)",
            !text.contains("/"), !text.contains("?"), !text.contains("#")
        else { return nil }
        return (target.host, text.hasSuffix(":\(target.port)") ? target.port : 6514)
    }
}
