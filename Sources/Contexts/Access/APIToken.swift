internal import HTTPKit
internal import JSONKit
internal import Kernel

/// An API token as its organisation sees it: everything but the token.
struct APITokenRecord: Sendable, Hashable {
    /// Whose permissions it uses.
    enum Holder: Sendable, Hashable {
        case user(UserID)
        /// Belongs to the organisation.
        case service(Role)
    }

    let id: TokenID
    var name: String
    let holder: Holder
    var scopes: [Scope]
    /// None: from anywhere.
    var networks: [NetworkRange]
    /// The first characters of the token.
    let hint: String
    /// The label of the principal.
    let createdBy: String
    let createdAt: Timestamp
    var expiresAt: Timestamp?
    var replacedBy: TokenID?
    var lastUsedAt: Timestamp?
    var lastUsedAddress: String?

    /// Could do nothing that `other` could not: its scopes, from where, and for how long.
    func isWithin(_ other: APITokenRecord) -> Bool {
        let lastsLonger = other.expiresAt.map { limit in expiresAt.map { $0 > limit } ?? true } ?? false
        let reachesFurther =
            !other.networks.isEmpty
            && (networks.isEmpty || !networks.allSatisfy { range in other.networks.contains { $0.covers(range) } })
        let mayMore = !other.scopes.contains(.everything) && !Set(scopes).isSubset(of: other.scopes)
        return !lastsLonger && !reachesFurther && !mayMore
    }
}

extension JSONEncodable {
    /// For the audit trail: what it says on the wire.
    var auditValue: JSONValue? { try? JSONValue(json: json) }
}

extension APITokenRecord: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            switch holder {
            case .user(let user):
                json.member("kind", "user")
                json.member("ownerUserId", user)
            case .service(let role):
                json.member("kind", "service")
                json.member("role", role.rawValue)
            }
            json.member("scopes", scopes.map(\.name))
            json.member("allowedAddresses", networks.map(\.description))
            json.member("prefix", hint)
            json.member("createdBy", createdBy)
            json.member("createdAt", createdAt)
            json.member("expiresAt", expiresAt)
            json.member("replacedBy", replacedBy)
            json.member("lastUsedAt", lastUsedAt)
            json.member("lastUsedAddress", lastUsedAddress)
        }
    }

    static let schema = Schema.object([
        "id": .uuid, "name": .string(minLength: 1, maxLength: 64), "kind": .enumeration(["user", "service"]),
        "ownerUserId": .uuid.optional, "role": .enumeration(TokenBodies.serviceRoles.map(\.rawValue)).optional,
        "scopes": .array(.string), "allowedAddresses": .array(.string), "prefix": .string, "createdBy": .string,
        "createdAt": .timestamp, "expiresAt": .timestamp.optional, "replacedBy": .uuid.optional,
        "lastUsedAt": .timestamp.optional, "lastUsedAddress": .string.optional,
    ]).named("APIToken")

    static let example = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e05","name":"nightly report","kind":"user",\
        "ownerUserId":"01935c1e-7d00-7000-8000-000000000002","scopes":["monitoring:read"],\
        "allowedAddresses":["192.0.2.0/24"],"prefix":"pat_AbCd","createdBy":"user:01935c1e-7d00-7000-8000-000000000002",\
        "createdAt":"2026-11-21T09:30:00.000Z","expiresAt":"2027-02-19T09:30:00.000Z"}
        """
}
