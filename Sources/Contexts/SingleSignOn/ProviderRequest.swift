internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import Outbound
internal import SAML
internal import SignOnKit

/// What people send about a provider, checked. Of one that is there, what is not named stays; secrets too.
struct ProviderRequest {
    let body: JSONValue
    let policy: OutboundPolicy

    private static let listLimit = ProviderFields.listLimit
    private var fields: ProviderFields { ProviderFields(body) }

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
        let id = try fields.id() ?? "\(SSOAttemptID.new(at: now))"
        let speech = try ProviderSpeech(new: body, policy: policy)
        var made = IdentityProvider(
            id: id, name: "", displayName: "", iconURL: nil, priority: 100, isEnabled: true, speech: speech,
            limits: ProviderLimits(), groupRoles: [], isOpen: false,
            defaultRole: .builtIn(.viewer), version: 1, createdAt: now, updatedAt: now)
        try takeOver(to: &made, at: now)
        return made
    }

    func apply(to provider: inout IdentityProvider, at now: Timestamp) throws(Problem) {
        if let id = body["id"]?.string, id != provider.id {
            throw .invalidField("id", "it is a part of the provider's addresses and cannot change")
        }
        try provider.speech.change(by: body, policy: policy)
        try takeOver(to: &provider, at: now)
    }

    private func takeOver(to provider: inout IdentityProvider, at now: Timestamp) throws(Problem) {
        if let name = try fields.line("name", 1...128) { provider.name = name }
        if let name = try fields.line("displayName", 0...128) { provider.displayName = name }
        if let value = try fields.priority() { provider.priority = value }
        if let icon = body["iconUrl"] { provider.iconURL = icon == .null ? nil : try Self.icon(icon) }
        if let value = try fields.flag("enabled") { provider.isEnabled = value }
        if let value = try fields.flag("jit") { provider.isOpen = value }
        if let list = try fields.domains("allowedDomains") { provider.limits.domains = list }
        if let list = try fields.list("allowedEmails", most: 254) { provider.limits.emails = list }
        if let list = try fields.list("allowedGroups", most: 256) { provider.limits.groups = list }
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
            provider.limits.isEmpty
        else { return }
        throw .invalidField(
            "allowedDomains", "everybody has an account at this issuer: say whom it may let in, or switch jit off")
    }

    // MARK: Members

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

    private static func icon(_ value: JSONValue) throws(Problem) -> String {
        guard let text = value.string?.trimmed, text.utf8.count <= 2048, text.isPlainLine,
            text.hasPrefix("https://") || text.hasPrefix("data:image/")
        else { throw .invalidField("iconUrl", "an https address or a data:image of at most 2048 bytes is wanted") }
        return text
    }
}
