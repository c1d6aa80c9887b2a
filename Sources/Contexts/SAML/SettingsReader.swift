package import HTTPKit
package import JSONKit
package import Kernel
package import Outbound
internal import SignedXML

extension SAMLSettings {
    /// For the body of a request: everything may be left out.
    package static let schema = Schema.object([
        "idpMetadataUrl": .string(maxLength: 2048).described("Where the provider publishes its metadata").nullable
            .optional,
        "idpMetadataXml": .string(maxLength: 1_048_576).described("Its metadata, instead of an address").nullable
            .optional,
        "idpSsoUrl": .string(maxLength: 2048).nullable.optional,
        "idpSloUrl": .string(maxLength: 2048).nullable.optional,
        "idpCertificate": .string(maxLength: 65_536).described("PEM, one or several").nullable.optional,
        "idpEntityId": .string(maxLength: 1024).nullable.optional,
        "idpIssuer": .string(maxLength: 1024).nullable.optional,
        "spEntityId": .string(maxLength: 1024).nullable.optional,
        "spCertificate": .string(maxLength: 65_536).nullable.optional,
        "spPrivateKey": .string(maxLength: 65_536).described("PEM; it is never told again").nullable.optional,
        "signRequests": .boolean.nullable.optional, "signMetadata": .boolean.nullable.optional,
        "requestBinding": .enumeration(RequestBinding.allCases.map(\.rawValue)).nullable.optional,
        "nameIdFormat": .string(maxLength: 256).nullable.optional, "forceAuthn": .boolean.nullable.optional,
        "wantAssertionsSigned": .boolean.nullable.optional, "allowUnencrypted": .boolean.nullable.optional,
        "allowIdpInitiated": .boolean.nullable.optional,
        "clockSkewSeconds": .integer(minimum: 60, maximum: 180).nullable.optional,
        "usernameAttr": .string(maxLength: 256).nullable.optional,
        "emailAttr": .string(maxLength: 256).nullable.optional,
        "groupsAttr": .string(maxLength: 256).nullable.optional,
        "firstNameAttr": .string(maxLength: 256).nullable.optional,
        "lastNameAttr": .string(maxLength: 256).nullable.optional,
    ])

    private static let most: [String: Int] = [
        "idpMetadataUrl": 2048, "idpSsoUrl": 2048, "idpSloUrl": 2048, "idpMetadataXml": 1_048_576,
        "idpCertificate": 65_536, "spCertificate": 65_536, "idpEntityId": 1024, "idpIssuer": 1024, "spEntityId": 1024,
    ]

    /// - Parameters:
    ///   - json: what is not in it stays; null is like never said.
    ///   - keeping: what is there already; `nil` for a new provider.
    /// - Throws: names the member as `saml.…`.
    package init(json: JSONValue, keeping: SAMLSettings?, policy: OutboundPolicy) throws(Problem) {
        self = keeping ?? SAMLSettings()
        for (name, path) in Self.texts {
            guard let value = json[name] else { continue }
            self[keyPath: path] = try Self.text(name, value)
        }
        for (name, path) in Self.switches {
            guard let value = json[name] else { continue }
            guard value == .null || value.bool != nil else { throw Self.bad(name, "true or false is wanted") }
            self[keyPath: path] = value.bool ?? SAMLSettings()[keyPath: path]
        }
        if let value = json["requestBinding"] {
            guard let binding = value == .null ? .redirect : value.string.flatMap(RequestBinding.init(rawValue:)) else {
                throw Self.bad("requestBinding", "redirect or post is wanted")
            }
            requestBinding = binding
        }
        if let value = json["clockSkewSeconds"] {
            guard let seconds = value == .null ? 120 : value.int, (60...180).contains(seconds) else {
                throw Self.bad("clockSkewSeconds", "60 to 180 seconds are wanted")
            }
            clockSkewSeconds = seconds
        }
        if let value = json["spPrivateKey"] {
            spPrivateKey = try Self.text("spPrivateKey", value, most: 65_536).map { Secret($0) }
        }
        try check(policy)
    }

    private static func bad(_ name: String, _ detail: String) -> Problem { .invalidField("saml.\(name)", detail) }

    private static func text(_ name: String, _ value: JSONValue, most: Int? = nil) throws(Problem) -> String? {
        if value == .null { return nil }
        let limit = most ?? Self.most[name] ?? 256
        guard let text = value.string?.trimmed, text.utf8.count <= limit else {
            throw bad(name, "a text of at most \(limit) bytes is wanted")
        }
        if text.isEmpty { return nil }
        let hasLines = ["idpMetadataXml", "idpCertificate", "spCertificate", "spPrivateKey"].contains(name)
        guard hasLines || text.isPlainLine else { throw bad(name, "one line is wanted") }
        return text
    }

    private mutating func check(_ policy: OutboundPolicy) throws(Problem) {
        for (name, url) in [("idpMetadataUrl", idpMetadataUrl), ("idpSsoUrl", idpSsoUrl), ("idpSloUrl", idpSloUrl)] {
            guard let url else { continue }
            guard let target = OutboundTarget(url), target.isSecure || policy.hasExceptions else {
                throw Self.bad(name, "an https address is wanted")
            }
        }
        try checkProvider()
        try checkKey()
    }

    private mutating func checkProvider() throws(Problem) {
        if let pem = idpCertificate {
            let text =
                pem.contains("-----BEGIN") ? pem : "-----BEGIN CERTIFICATE-----\n\(pem)\n-----END CERTIFICATE-----"
            let keys: [XMLKey]
            do throws(XMLRefusal) {
                keys = try XMLKey.certificates(pem: text)
            } catch {
                throw Self.bad("idpCertificate", "certificates in PEM are wanted, RSA of 2048 bits or EC")
            }
            guard (1...SAMLIdentityProvider.mostKeys).contains(keys.count) else {
                throw Self.bad("idpCertificate", "1 to \(SAMLIdentityProvider.mostKeys) certificates in PEM are wanted")
            }
            idpCertificate = text
        }
        if let xml = idpMetadataXml, idpMetadataUrl == nil {
            do throws(SAMLRefusal) {
                _ = try SAMLIdentityProvider(xml: xml, entityID: idpEntityId, at: nil)
            } catch {
                throw Self.bad("idpMetadataXml", error.detail.map { "\(error.sentence) \($0)" } ?? error.sentence)
            }
        }
        guard idpMetadataUrl == nil, idpMetadataXml == nil else { return }
        if idpSsoUrl == nil {
            throw Self.bad("idpMetadataUrl", "metadata is wanted, or idpSsoUrl and what goes with it")
        }
        if idpEntityId == nil { throw Self.bad("idpEntityId", "without metadata it is wanted") }
        if idpCertificate == nil { throw Self.bad("idpCertificate", "without metadata it is wanted") }
    }

    private func checkKey() throws(Problem) {
        guard let key = spPrivateKey else {
            if signRequests { throw Self.bad("spPrivateKey", "signing requests wants a key") }
            if signMetadata { throw Self.bad("spPrivateKey", "signing metadata wants a key") }
            if !allowUnencrypted { throw Self.bad("spPrivateKey", "encrypted assertions want a key") }
            return
        }
        do throws(XMLRefusal) {
            _ = try XMLKeyPair(privateKey: key, certificate: nil)
        } catch {
            throw Self.bad("spPrivateKey", "an RSA key of 2048 bits or more in PEM is wanted, not encrypted")
        }
        do throws(XMLRefusal) {
            _ = try XMLKeyPair(privateKey: key, certificate: spCertificate)
        } catch {
            throw Self.bad("spCertificate", "the certificate of spPrivateKey is wanted, in PEM")
        }
    }
}
