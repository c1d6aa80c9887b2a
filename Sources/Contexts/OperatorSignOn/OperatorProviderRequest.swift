internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import Outbound
internal import SAML
internal import SignOnKit

/// What operator admins send about a provider, checked. Of one that is there, what is not named stays; secrets too.
struct OperatorProviderRequest {
    let body: JSONValue
    let policy: OutboundPolicy

    private var fields: ProviderFields { ProviderFields(body) }

    static func schema(isNew: Bool) -> Schema {
        func needed(_ schema: Schema) -> Schema { isNew ? schema : schema.optional }
        let most = ProviderFields.listLimit
        return .object([
            "id": .string(minLength: 1, maxLength: 64).described("A part of its addresses; made when absent").optional,
            "type": needed(.enumeration(["oidc", "saml"])),
            "displayName": needed(.string(minLength: 1, maxLength: 128)), "enabled": .boolean.optional,
            "priority": .integer(minimum: 0, maximum: 1000).optional,
            "allowedDomains": .array(.string(maxLength: 253), maxItems: most).optional,
            "requiredGroups": .array(.string(maxLength: 256), maxItems: most).optional,
            "createOperators": .boolean.optional, "trustAddresses": .boolean.optional,
            "secondFactorAcr": .array(.string(maxLength: 256), maxItems: most).optional,
            "secondFactorAmr": .array(.string(maxLength: 256), maxItems: most).optional,
            "oidc": OIDCSettings.schema.optional, "saml": SAMLSettings.schema.optional,
        ])
    }

    static let example = """
        {"id":"company","type":"oidc","displayName":"Company sign-in","requiredGroups":["pulse-operators"],\
        "secondFactorAmr":["mfa"],"oidc":{"issuerUrl":"https://login.host.example","clientId":"pulse-operators",\
        "clientSecret":"…","groupsClaim":"groups"}}
        """

    func new(at now: Timestamp) throws(Problem) -> OperatorProvider {
        for field in ["type", "displayName"] where body[field] == nil { throw .invalidField(field, "it is wanted") }
        var made = OperatorProvider(
            id: try fields.id() ?? "\(OperatorProviderID.new(at: now))", displayName: "", priority: 100,
            isEnabled: true, speech: try ProviderSpeech(new: body, policy: policy), limits: ProviderLimits(),
            makesOperators: false, trustsAddresses: false, secondFactor: SecondFactorWords(), version: 1,
            createdAt: now, updatedAt: now)
        try takeOver(to: &made, at: now)
        return made
    }

    func apply(to provider: inout OperatorProvider, at now: Timestamp) throws(Problem) {
        if let id = body["id"]?.string, id != provider.id {
            throw .invalidField("id", "it is a part of the provider's addresses and cannot change")
        }
        try provider.speech.change(by: body, policy: policy)
        provider.version += 1
        try takeOver(to: &provider, at: now)
    }

    private func takeOver(to provider: inout OperatorProvider, at now: Timestamp) throws(Problem) {
        if let name = try fields.line("displayName", 1...128) { provider.displayName = name }
        if let value = try fields.flag("enabled") { provider.isEnabled = value }
        if let value = try fields.priority() { provider.priority = value }
        if let list = try fields.domains("allowedDomains") { provider.limits.domains = list }
        if let list = try fields.list("requiredGroups", most: 256) { provider.limits.groups = list }
        if let value = try fields.flag("createOperators") { provider.makesOperators = value }
        if let value = try fields.flag("trustAddresses") { provider.trustsAddresses = value }
        if let list = try fields.list("secondFactorAcr", most: 256, asWritten: true) {
            provider.secondFactor.contextClasses = list
        }
        if let list = try fields.list("secondFactorAmr", most: 256, asWritten: true) {
            provider.secondFactor.methods = list
        }
        provider.updatedAt = now
        try check(provider)
    }

    private func check(_ provider: OperatorProvider) throws(Problem) {
        guard !provider.makesOperators || !provider.limits.groups.isEmpty else {
            throw .invalidField("requiredGroups", "whom a provider makes an operator is told by a group")
        }
        guard case .saml(let settings) = provider.speech, settings.allowIdpInitiated else { return }
        throw .invalidField("saml.allowIdpInitiated", "a sign-in of operators begins here, or it is nobody's")
    }
}

/// The subject of an id that is made where none was said.
enum OperatorProviderSubject {}
typealias OperatorProviderID = ID<OperatorProviderSubject>
