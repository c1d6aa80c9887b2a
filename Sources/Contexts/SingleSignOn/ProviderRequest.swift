internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import Outbound
internal import SAML

/// What people send about a provider, checked. Of one that is there, what is not named stays; secrets too.
struct ProviderRequest {
    let body: JSONValue
    let policy: OutboundPolicy

    static let listLimit = 200

    static func schema(isNew: Bool) -> Schema {
        func needed(_ schema: Schema) -> Schema { isNew ? schema : schema.optional }
        return .object([
            "id": .string(minLength: 1, maxLength: 64).described("A part of its addresses; made when absent").optional,
            "name": needed(.string(minLength: 1, maxLength: 128)), "type": needed(.enumeration(["oidc", "saml"])),
            "enabled": .boolean.optional, "displayName": .string(maxLength: 128).optional,
            "iconUrl": .string(maxLength: 2048).nullable.optional,
            "priority": .integer(minimum: 0, maximum: 1000).optional,
            "allowedDomains": .array(.string(maxLength: 253), maxItems: listLimit).optional,
            "allowedEmails": .array(.string(maxLength: 254), maxItems: listLimit).optional,
            "allowedGroups": .array(.string(maxLength: 256), maxItems: listLimit).optional,
            "groupRoleMappings": .map(of: .string).optional, "jit": .boolean.optional, "defaultRole": .string.optional,
            "oidc": OIDCSettings.schema.optional, "saml": SAMLSettings.schema.optional,
        ])
    }

    static let example = """
        {"name":"Okta","type":"oidc","oidc":{"issuerUrl":"https://company.okta.com","clientId":"0oa1b2c3",\
        "clientSecret":"…","groupsClaim":"groups"},"groupRoleMappings":{"pulse-admins":"admin"},"jit":true}
        """

    func new(at now: Timestamp) throws(Problem) -> IdentityProvider {
        for field in ["name", "type"] where body[field] == nil { throw .invalidField(field, "it is wanted") }
        let id = try body["id"].map(Self.id) ?? "\(SSOAttemptID.new(at: now))"
        let speech: IdentityProvider.Speech
        switch body["type"]?.string {
        case "oidc":
            guard let own = body["oidc"] else { throw .invalidField("oidc", "it is wanted with type oidc") }
            speech = .oidc(try OIDCSettings(json: own, policy: policy), secret: try Self.secret(in: own, before: nil))
        case "saml":
            guard let own = body["saml"] else { throw .invalidField("saml", "it is wanted with type saml") }
            speech = .saml(try SAMLSettings(json: own, keeping: nil, policy: policy))
        default: throw .invalidField("type", "oidc or saml is wanted")
        }
        var made = IdentityProvider(
            id: id, name: "", displayName: "", iconURL: nil, priority: 100, isEnabled: true, speech: speech,
            allowedDomains: [], allowedEmails: [], allowedGroups: [], groupRoles: [], isOpen: false,
            defaultRole: .builtIn(.viewer), version: 1, createdAt: now, updatedAt: now)
        try takeOver(to: &made, at: now)
        return made
    }

    func apply(to provider: inout IdentityProvider, at now: Timestamp) throws(Problem) {
        if let id = body["id"]?.string, id != provider.id {
            throw .invalidField("id", "it is a part of the provider's addresses and cannot change")
        }
        if let type = body["type"]?.string, type != provider.speech.type {
            throw .invalidField("type", "it cannot change; add another provider")
        }
        switch provider.speech {
        case .oidc(let before, let secret):
            if let own = body["oidc"] {
                provider.speech = .oidc(
                    try OIDCSettings(json: own, keeping: before, policy: policy),
                    secret: try Self.secret(in: own, before: secret))
            }
        case .saml(let before):
            if let own = body["saml"] {
                provider.speech = .saml(try SAMLSettings(json: own, keeping: before, policy: policy))
            }
        }
        try takeOver(to: &provider, at: now)
    }

    private func takeOver(to provider: inout IdentityProvider, at now: Timestamp) throws(Problem) {
        if let name = try line("name", 1...128) { provider.name = name }
        if let name = try line("displayName", 0...128) { provider.displayName = name }
        if let priority = body["priority"] {
            guard let value = priority.int, (0...1000).contains(value) else {
                throw .invalidField("priority", "0 to 1000 is wanted")
            }
            provider.priority = value
        }
        if let icon = body["iconUrl"] { provider.iconURL = icon == .null ? nil : try Self.icon(icon) }
        if let value = try flag("enabled") { provider.isEnabled = value }
        if let value = try flag("jit") { provider.isOpen = value }
        if let list = try list("allowedDomains", most: 253) {
            provider.allowedDomains = list.map { $0.hasPrefix("@") ? String($0.dropFirst()) : $0 }
        }
        if let list = try list("allowedEmails", most: 254) { provider.allowedEmails = list }
        if let list = try list("allowedGroups", most: 256) { provider.allowedGroups = list }
        if let mappings = try mappings() { provider.groupRoles = mappings }
        if let value = body["defaultRole"] { provider.defaultRole = try Self.role(value, "defaultRole") }
        provider.updatedAt = now
        try checkOpenness(of: provider)
    }

    /// With these, everybody in the world has an account at the issuer.
    private static let everybodys = [
        "accounts.google.com", "login.live.com", "appleid.apple.com", "gitlab.com", "github.com", "www.facebook.com",
        "login.microsoftonline.com/9188040d-6c67-4c5b-b112-36a304b66dad", "login.microsoftonline.com/common",
        "login.microsoftonline.com/consumers", "login.microsoftonline.com/organizations",
    ]

    private func checkOpenness(of provider: IdentityProvider) throws(Problem) {
        guard provider.isOpen, case .oidc(let settings, _) = provider.speech else { return }
        let issuer = settings.issuerUrl.lowercased()
        guard Self.everybodys.contains(where: { issuer.hasPrefix("https://\($0)") }),
            provider.allowedDomains.isEmpty, provider.allowedEmails.isEmpty, provider.allowedGroups.isEmpty
        else { return }
        throw .invalidField(
            "allowedDomains", "everybody has an account at this issuer: say whom it may let in, or switch jit off")
    }

    // MARK: Members

    private func line(_ field: String, _ length: ClosedRange<Int>) throws(Problem) -> String? {
        guard let value = body[field] else { return nil }
        guard let text = value.string?.trimmed, length.contains(text.utf8.count), text.isEmpty || text.isPlainLine
        else {
            throw .invalidField(field, "one line of \(length.lowerBound) to \(length.upperBound) bytes is wanted")
        }
        return text
    }

    private func flag(_ field: String) throws(Problem) -> Bool? {
        guard let value = body[field] else { return nil }
        guard let flag = value.bool else { throw .invalidField(field, "true or false is wanted") }
        return flag
    }

    /// Compared without case, so kept without.
    private func list(_ field: String, most: Int) throws(Problem) -> [String]? {
        guard let value = body[field] else { return nil }
        let all = value.array?.compactMap(\.string).map { $0.trimmed.lowercased() } ?? []
        guard all.count == value.array?.count, all.count <= Self.listLimit,
            all.allSatisfy({ (1...most).contains($0.utf8.count) && $0.isPlainLine })
        else {
            throw .invalidField(field, "at most \(Self.listLimit) lines of 1 to \(most) bytes are wanted")
        }
        return all
    }

    private func mappings() throws(Problem) -> [IdentityProvider.GroupRole]? {
        guard let value = body["groupRoleMappings"] else { return nil }
        guard let object = value.object, object.count <= Self.listLimit else {
            throw .invalidField("groupRoleMappings", "an object of at most \(Self.listLimit) groups is wanted")
        }
        var mappings: [IdentityProvider.GroupRole] = []
        for (group, role) in object.sorted(by: { $0.key < $1.key }) {
            guard (1...256).contains(group.utf8.count), group.isPlainLine else {
                throw .invalidField("groupRoleMappings", "each group wants a name of 1 to 256 bytes")
            }
            mappings.append(.init(group: group, role: try Self.role(role, "groupRoleMappings")))
        }
        return mappings
    }

    private static func role(_ value: JSONValue, _ field: String) throws(Problem) -> RoleTarget {
        guard let role = value.string.flatMap(RoleTarget.init) else {
            throw .invalidField(
                field,
                "a role is wanted: custom, auditor, viewer, editor, admin or the id of a role of yours; never owner")
        }
        return role
    }

    private static func id(_ value: JSONValue) throws(Problem) -> String {
        let text = value.string ?? ""
        let isWord = { (byte: UInt8) in
            (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
        }
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy({ isWord($0) || $0 == 0x2D || $0 == 0x5F }),
            text.utf8.first.map(isWord) == true, text.utf8.last.map(isWord) == true
        else {
            throw .invalidField(
                "id", "1 to 64 letters, digits, - and _ are wanted, with a letter or digit at both ends")
        }
        return text
    }

    private static func icon(_ value: JSONValue) throws(Problem) -> String {
        guard let text = value.string?.trimmed, text.utf8.count <= 2048, text.isPlainLine,
            text.hasPrefix("https://") || text.hasPrefix("data:image/")
        else { throw .invalidField("iconUrl", "an https address or a data:image of at most 2048 bytes is wanted") }
        return text
    }

    private static func secret(in json: JSONValue, before: Secret<String>?) throws(Problem) -> Secret<String>? {
        switch try OIDCSettings.secret(in: json) {
        case .keep: before
        case .clear: nil
        case .set(let secret): secret
        }
    }
}
