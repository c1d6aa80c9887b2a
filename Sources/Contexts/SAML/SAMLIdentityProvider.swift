package import JSONKit
package import Kernel
internal import SignedXML

/// An identity provider: what its metadata, or the fields of the settings, say of it.
package struct SAMLIdentityProvider: Sendable {
    /// During a roll-over there are two; somebody may have forgotten to take old ones out.
    static let mostKeys = 8

    package let entityID: String
    package let signsInAt: [SAMLEndpoint]
    package let logsOutAt: [SAMLEndpoint]
    let keys: [XMLKey]
    package let validUntil: Timestamp?
    /// How long the provider says that its metadata may be kept.
    let cacheDuration: Duration?
    package let wantsSignedRequests: Bool

    /// - Parameters:
    ///   - xml: an EntityDescriptor, or an EntitiesDescriptor, of which the first identity provider is taken.
    ///   - entityID: which provider of several is meant.
    ///   - now: `nil` when it does not matter yet whether it is still valid.
    package init(xml: String, entityID: String?, at now: Timestamp?) throws(SAMLRefusal) {
        let document = try translated { () throws(XMLRefusal) in try XMLDocument(Array(xml.utf8), .metadata) }
        guard let found = MetadataReader(document.root).provider(entityID) else {
            throw SAMLRefusal(
                .metadataInvalid,
                entityID.map { "There is no identity provider \($0) in it." } ?? "No identity provider.")
        }
        self = found
        guard !found.keys.isEmpty else { throw SAMLRefusal(.noKeys) }
        guard !found.signsInAt.isEmpty else { throw SAMLRefusal(.noEndpoint) }
        if let now, let end = found.validUntil, end <= now { throw SAMLRefusal(.metadataExpired, "\(end)") }
    }

    /// From the fields of the settings alone.
    init(fieldsOf settings: SAMLSettings) throws(SAMLRefusal) {
        guard let entityID = settings.idpEntityId, let address = settings.idpSsoUrl, let pem = settings.idpCertificate
        else { throw SAMLRefusal(.invalidConfig) }
        let known = try translated { () throws(XMLRefusal) in try XMLKey.certificates(pem: pem) }
        guard !known.isEmpty else { throw SAMLRefusal(.noKeys) }
        self.init(
            entityID: entityID, signsInAt: SAMLBinding.allCases.map { SAMLEndpoint(binding: $0, location: address) },
            logsOutAt: settings.idpSloUrl.map { url in
                SAMLBinding.allCases.map { SAMLEndpoint(binding: $0, location: url) }
            } ?? [], keys: known, validUntil: nil, cacheDuration: nil, wantsSignedRequests: false)
    }

    init(
        entityID: String, signsInAt: [SAMLEndpoint], logsOutAt: [SAMLEndpoint], keys: [XMLKey], validUntil: Timestamp?,
        cacheDuration: Duration?, wantsSignedRequests: Bool
    ) {
        self.entityID = entityID
        self.signsInAt = signsInAt
        self.logsOutAt = logsOutAt
        self.keys = Array(keys.prefix(Self.mostKeys))
        self.validUntil = validUntil
        self.cacheDuration = cacheDuration
        self.wantsSignedRequests = wantsSignedRequests
    }

    /// For somebody who sets it up.
    package var preview: JSONValue {
        func listed(_ endpoints: [SAMLEndpoint]) -> JSONValue {
            .array(
                endpoints.map { endpoint in
                    .object([
                        "binding": .string(endpoint.binding == .post ? "post" : "redirect"),
                        "location": .string(endpoint.location),
                    ])
                })
        }
        var members: [String: JSONValue] = [
            "entityId": .string(entityID), "ssoEndpoints": listed(signsInAt), "sloEndpoints": listed(logsOutAt),
            "wantsSignedRequests": .bool(wantsSignedRequests),
            "signingKeys": .array(
                keys.map { key in
                    var shown: [String: JSONValue] = [
                        "kind": .string(key.isRSA ? "RSA" : "EC"), "bits": .integer(Int64(key.bits)),
                    ]
                    if let end = key.certificateEnds { shown["certificateNotAfter"] = .string("\(end)") }
                    return .object(shown)
                }),
        ]
        if let validUntil { members["validUntil"] = .string("\(validUntil)") }
        return .object(members)
    }

    /// Whether another list of keys came, in whichever order.
    func hasOtherKeys(than other: SAMLIdentityProvider) -> Bool {
        keys.contains { !other.keys.contains($0) }
    }
}

extension SAMLEndpoint {
    init(binding: SAMLBinding, location: String) {
        self.init(binding: binding, location: location, responseLocation: nil)
    }
}
