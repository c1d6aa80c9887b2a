internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import Postgres
internal import SAML
internal import SignOnKit

/// One identity provider of an organisation.
struct IdentityProvider: Sendable {
    struct GroupRole: Sendable {
        let group: String
        let role: RoleTarget
    }

    let id: String
    var name: String
    var displayName: String
    var iconURL: String?
    var priority: Int
    var isEnabled: Bool
    var speech: ProviderSpeech
    var limits: ProviderLimits
    var groupRoles: [GroupRole]
    /// Whoever it vouches for and is nobody here yet becomes a member.
    var isOpen: Bool
    var defaultRole: RoleTarget
    var version: Int32
    let createdAt: Timestamp
    var updatedAt: Timestamp

    /// What these groups come to; without any mapping the provider does not speak of roles: `nil`.
    func roles(of groups: [String]) -> [RoleTarget]? {
        guard !groupRoles.isEmpty else { return nil }
        let theirs = Set(groups.map { $0.trimmed.lowercased() })
        let matched = groupRoles.filter { theirs.contains($0.group.trimmed.lowercased()) }.map(\.role)
        return matched.isEmpty ? [defaultRole] : matched
    }
}

extension ProviderAddresses {
    /// They name the organisation, so no two share one.
    init(publicURL: String, slug: String, provider: IdentityProvider) {
        self.init(base: "\(publicURL)/api/\(provider.speech.type)/\(slug)/\(provider.id)")
    }
}

/// A provider as its organisation's administrators see it: no secret, but what they need for the other side.
struct ProviderAnswer: JSONEncodable {
    let provider: IdentityProvider
    let addresses: ProviderAddresses

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", provider.id)
            json.member("name", provider.name)
            json.member("type", provider.speech.type)
            json.member("enabled", provider.isEnabled)
            json.member("displayName", provider.displayName)
            json.member("iconUrl", provider.iconURL)
            json.member("priority", provider.priority)
            json.member("allowedDomains", provider.limits.domains)
            json.member("allowedEmails", provider.limits.emails)
            json.member("allowedGroups", provider.limits.groups)
            json.object("groupRoleMappings") { json in
                for one in provider.groupRoles { json.member(one.group, one.role.text) }
            }
            json.member("jit", provider.isOpen)
            json.member("defaultRole", provider.defaultRole.text)
            provider.speech.write(to: &json, at: addresses)
            json.member("createdAt", provider.createdAt)
            json.member("updatedAt", provider.updatedAt)
        }
    }

    static let schema = Schema.object([
        "id": .string(minLength: 1, maxLength: 64), "name": .string(minLength: 1, maxLength: 128),
        "type": .enumeration(["oidc", "saml"]), "enabled": .boolean, "displayName": .string(maxLength: 128),
        "iconUrl": .string(maxLength: 2048).optional, "priority": .integer(minimum: 0, maximum: 1000),
        "allowedDomains": .array(.string), "allowedEmails": .array(.string), "allowedGroups": .array(.string),
        "groupRoleMappings": .map(of: .string).described("Group to a built-in role or the id of a custom one"),
        "jit": .boolean.described("Whoever it vouches for and is nobody here yet becomes a member"),
        "defaultRole": .string.described("Of those, where no group says otherwise"),
        "oidc": OIDCSettings.schema.optional, "saml": SAMLSettings.schema.optional,
        "addresses": .map(of: .string).described("What the provider's administrators paste over there"),
        "createdAt": .timestamp, "updatedAt": .timestamp,
    ]).named("IdentityProvider")

    static let example = """
        {"id":"okta","name":"Okta","type":"oidc","enabled":true,"displayName":"Company sign-in","priority":10,\
        "allowedDomains":[],"allowedEmails":[],"allowedGroups":[],"groupRoleMappings":{"pulse-admins":"admin"},\
        "jit":true,"defaultRole":"viewer",\
        "oidc":{"issuerUrl":"https://company.okta.com","clientId":"0oa1b2c3","clientSecretSet":true,\
        "scopes":["openid","profile","email","groups"],"usernameClaim":"preferred_username","emailClaim":"email",\
        "groupsClaim":"groups"},\
        "addresses":{"login":"https://pulse.example.com/api/oidc/nordwind/okta/login",\
        "redirectUrl":"https://pulse.example.com/api/oidc/nordwind/okta/callback"},\
        "createdAt":"2026-11-22T09:30:00.000Z","updatedAt":"2026-11-22T09:30:00.000Z"}
        """
}
