internal import HTTPKit
internal import JSONKit
internal import Kernel

/// What people send about tokens, checked.
enum TokenBodies {
    static let serviceRoles: [Role] = [.viewer, .auditor, .editor, .admin]

    /// One line of 1 to 64 bytes.
    static func name(_ text: String) throws(Problem) -> String {
        let name = text.trimmed
        guard (1...64).contains(name.utf8.count), name.isPlainLine else {
            throw .invalidField("name", "one line of 1 to 64 bytes is wanted")
        }
        return name
    }

    /// - Parameter names: `nil`: everything.
    static func scopes(_ names: [String]?) throws(Problem) -> [Scope] {
        guard let names else { return [.everything] }
        var scopes: [Scope] = []
        for name in names {
            guard let scope = Scope(canonical: name) else {
                throw .invalidField("scopes", "“\(name.prefix(40))” is not a scope")
            }
            if !scopes.contains(scope) { scopes.append(scope) }
        }
        guard !scopes.isEmpty else { throw .invalidField("scopes", "at least one is wanted; leave it out for all") }
        guard scopes.count == 1 || !scopes.contains(.everything) else {
            throw .invalidField("scopes", "“*” stands alone")
        }
        return scopes
    }

    static func networks(_ texts: [String]) throws(Problem) -> [NetworkRange] {
        guard texts.count <= 50 else { throw .invalidField("allowedAddresses", "at most 50") }
        var ranges: [NetworkRange] = []
        for text in texts {
            guard let range = NetworkRange(text.trimmed) else {
                throw .invalidField("allowedAddresses", "“\(text.prefix(50))” is no address and no CIDR range")
            }
            if !ranges.contains(range) { ranges.append(range) }
        }
        return ranges
    }

    /// `720h`, `1h30m`, `90s`: at least a minute, at most ten years.
    static func duration(_ text: String) throws(Problem) -> Duration {
        var seconds = 0
        var digits = ""
        var isWhole = !text.isEmpty && text.utf8.count <= 20
        for character in text where isWhole {
            if character.isASCII, character.isNumber {
                digits.append(character)
            } else if let unit = ["h": 3600, "m": 60, "s": 1][character], let number = Int(digits), number < 1_000_000 {
                seconds += number * unit
                digits = ""
            } else {
                isWhole = false
            }
        }
        guard isWhole, digits.isEmpty, (60...315_360_000).contains(seconds) else {
            throw .invalidField("expiresIn", "a time such as 720h or 1h30m is wanted, of 1m to 87600h")
        }
        return .seconds(seconds)
    }
}

/// `{name, scopes?, kind?, role?, expiresIn? | expiresAt?, allowedAddresses?}`
struct NewTokenRequest: JSONDecodable {
    let name: String
    let scopes: [String]?
    let kind: String
    let role: String?
    let expiresIn: String?
    let expiresAt: Timestamp?
    let networks: [String]

    init(from reader: inout JSONReader) throws(JSONError) {
        var (name, scopes, kind): (String?, [String]?, String) = (nil, nil, "user")
        var (role, expiresIn, expiresAt): (String?, String?, Timestamp?) = (nil, nil, nil)
        var networks: [String] = []
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.string()
            case "scopes": scopes = try reader.decode()
            case "kind": kind = try reader.string()
            case "role": role = try reader.decode()
            case "expiresIn": expiresIn = try reader.decode()
            case "expiresAt": expiresAt = try reader.decode()
            case "allowedAddresses": networks = try reader.decode([String]?.self) ?? []
            default: try reader.skip()
            }
        }
        self.name = try reader.required("name", name)
        (self.scopes, self.kind, self.role) = (scopes, kind, role)
        (self.expiresIn, self.expiresAt, self.networks) = (expiresIn, expiresAt, networks)
    }

    static let schema = Schema.object([
        "name": .string(minLength: 1, maxLength: 64),
        "scopes": .array(.string).nullable.optional.described("Left out: everything its owner may do"),
        "kind": .enumeration(["user", "service"]).optional,
        "role": .enumeration(TokenBodies.serviceRoles.map(\.rawValue)).nullable.optional
            .described("Of a service token"),
        "expiresIn": .string.nullable.optional.described("Such as 720h"), "expiresAt": .timestamp.nullable.optional,
        "allowedAddresses": .array(.string, maxItems: 50).nullable.optional.described("CIDR ranges; none: anywhere"),
    ])

    /// When a token that is made now ends; `nil`: never.
    func end(from now: Timestamp) throws(Problem) -> Timestamp? {
        if let expiresIn { return now + (try TokenBodies.duration(expiresIn)) }
        guard let expiresAt else { return nil }
        guard expiresAt - now >= .seconds(60), expiresAt - now <= .seconds(315_360_000) else {
            throw .invalidField("expiresAt", "a time between a minute and ten years from now is wanted")
        }
        return expiresAt
    }

    func holder(for caller: Caller) throws(Problem) -> APITokenRecord.Holder {
        switch kind {
        case "user":
            guard let user = caller.user else { throw .grantExceeded.with(detail: "A service token has no person.") }
            return .user(user)
        case "service":
            guard let role = role.flatMap(Role.init(rawValue:)), TokenBodies.serviceRoles.contains(role) else {
                throw .invalidField("role", "one of viewer, auditor, editor, admin is wanted for a service token")
            }
            return .service(role)
        default: throw .invalidField("kind", "user or service is wanted")
        }
    }
}

/// `{name?, scopes?, allowedAddresses?}`
struct TokenChange: JSONDecodable {
    var name: String?
    var scopes: [String]?
    var networks: [String]?

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.decode()
            case "scopes": scopes = try reader.decode()
            case "allowedAddresses": networks = try reader.decode()
            default: try reader.skip()
            }
        }
    }

    static let schema = Schema.object([
        "name": .string(minLength: 1, maxLength: 64).nullable.optional, "scopes": .array(.string).nullable.optional,
        "allowedAddresses": .array(.string, maxItems: 50).nullable.optional,
    ])

    func applied(to record: APITokenRecord) throws(Problem) -> APITokenRecord {
        var changed = record
        if let name { changed.name = try TokenBodies.name(name) }
        if let scopes { changed.scopes = try TokenBodies.scopes(scopes) }
        if let networks { changed.networks = try TokenBodies.networks(networks) }
        return changed
    }
}
