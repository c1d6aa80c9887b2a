internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import SAML
internal import SignOnKit

/// One identity provider of the installation.
struct OperatorProvider: Sendable {
    let id: String
    var displayName: String
    var priority: Int
    var isEnabled: Bool
    var speech: ProviderSpeech
    /// Domains and groups.
    var limits: ProviderLimits
    /// Whoever is in one of the groups and has no account yet gets an operator's.
    var makesOperators: Bool
    /// The first time, whoever has an operator's address over there is that operator.
    var trustsAddresses: Bool
    var secondFactor: SecondFactorWords
    var version: Int32
    let createdAt: Timestamp
    var updatedAt: Timestamp

    /// What its metadata is remembered by. No organisation's key has no id before it.
    var key: String { "operators \(id) \(version)" }

    func addresses(at url: String) -> ProviderAddresses {
        ProviderAddresses(base: "\(url)/api/operator/\(speech.type)/\(id)")
    }

    /// Whether it vouches for the address. SAML has no word for it, and its whole statement is signed; an OpenID provider that
    /// says nothing may let people write any address.
    func vouchesForAddress(_ person: ProvenPerson) -> Bool { person.emailVerified ?? (speech.type == "saml") }
}

/// By what words a provider says that it asked for a second factor. To the letter: there is no list of them that all providers
/// mean alike.
struct SecondFactorWords: Sendable {
    /// OpenID's `acr`.
    var contextClasses: [String] = []
    /// OpenID's `amr`, and SAML's classes of the authentication context.
    var methods: [String] = []

    /// Whether the provider says so. Without any word that counts it never does.
    func areSaid(of person: ProvenPerson) -> Bool {
        person.contextClass.map(contextClasses.contains) ?? false || person.methods.contains(where: methods.contains)
    }
}

/// A provider as operator admins see it: no secret, but what they need for the other side.
struct OperatorProviderAnswer: JSONEncodable {
    let provider: OperatorProvider
    let url: String

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", provider.id)
            json.member("type", provider.speech.type)
            json.member("displayName", provider.displayName)
            json.member("enabled", provider.isEnabled)
            json.member("priority", provider.priority)
            json.member("allowedDomains", provider.limits.domains)
            json.member("requiredGroups", provider.limits.groups)
            json.member("createOperators", provider.makesOperators)
            json.member("trustAddresses", provider.trustsAddresses)
            json.member("secondFactorAcr", provider.secondFactor.contextClasses)
            json.member("secondFactorAmr", provider.secondFactor.methods)
            provider.speech.write(to: &json, at: provider.addresses(at: url))
            json.member("createdAt", provider.createdAt)
            json.member("updatedAt", provider.updatedAt)
        }
    }

    static let schema = Schema.object([
        "id": .string(minLength: 1, maxLength: 64), "type": .enumeration(["oidc", "saml"]),
        "displayName": .string(minLength: 1, maxLength: 128), "enabled": .boolean,
        "priority": .integer(minimum: 0, maximum: 1000), "allowedDomains": .array(.string),
        "requiredGroups": .array(.string),
        "createOperators": .boolean.described("Whoever is in a required group and has no account gets an operator's"),
        "trustAddresses": .boolean.described(
            "The first time, whoever has an operator's address there is that operator"),
        "secondFactorAcr": .array(.string).described("An acr that says a second factor was asked for"),
        "secondFactorAmr": .array(.string).described("An amr, or a SAML context class, that says so"),
        "oidc": OIDCSettings.schema.optional, "saml": SAMLSettings.schema.optional,
        "addresses": .map(of: .string).described("What the provider's administrators paste over there"),
        "createdAt": .timestamp, "updatedAt": .timestamp,
    ]).named("OperatorProvider")

    static let example = """
        {"id":"company","type":"oidc","displayName":"Company sign-in","enabled":true,"priority":100,\
        "allowedDomains":["host.example"],"requiredGroups":["pulse-operators"],"createOperators":false,\
        "trustAddresses":false,"secondFactorAcr":[],"secondFactorAmr":["mfa"],\
        "oidc":{"issuerUrl":"https://login.host.example","clientId":"pulse-operators","clientSecretSet":true,\
        "scopes":["openid","profile","email"],"usernameClaim":"preferred_username","emailClaim":"email",\
        "groupsClaim":"groups"},\
        "addresses":{"login":"https://ops.example.com/api/operator/oidc/company/login",\
        "redirectUrl":"https://ops.example.com/api/operator/oidc/company/callback"},\
        "createdAt":"2026-11-22T09:30:00.000Z","updatedAt":"2026-11-22T09:30:00.000Z"}
        """
}
