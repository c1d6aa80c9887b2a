package import JSONKit
package import Kernel

/// What an organisation says of one provider. Names are those on the wire.
package struct SAMLSettings: Sendable {
    package enum RequestBinding: String, Sendable, CaseIterable { case redirect, post }

    // The other side: an address of its metadata, or the metadata, or the fields one by one; in this order.
    package var idpMetadataUrl: String?
    package var idpMetadataXml: String?
    package var idpSsoUrl: String?
    package var idpSloUrl: String?
    /// PEM, one or several; all are believed, which is how keys are rolled over.
    package var idpCertificate: String?
    package var idpEntityId: String?
    /// The issuer in its messages when that is not its entity ID.
    package var idpIssuer: String?
    // Our side.
    package var spEntityId: String?
    package var spCertificate: String?
    /// PEM; apart from all else, because it is sealed.
    package var spPrivateKey: Secret<String>?
    package var signRequests = false
    package var signMetadata = false
    package var requestBinding = RequestBinding.redirect
    package var nameIdFormat: String?
    package var forceAuthn = false
    // What is believed.
    package var wantAssertionsSigned = false
    package var allowUnencrypted = true
    package var allowIdpInitiated = false
    /// How far two clocks may be apart: 60...180.
    package var clockSkewSeconds = 120
    // What is read.
    package var usernameAttr: String?
    package var emailAttr: String?
    package var groupsAttr: String?
    package var firstNameAttr: String?
    package var lastNameAttr: String?

    package init() {}

    static let texts: [(String, any WritableKeyPath<SAMLSettings, String?> & Sendable)] = [
        ("idpMetadataUrl", \.idpMetadataUrl), ("idpMetadataXml", \.idpMetadataXml), ("idpSsoUrl", \.idpSsoUrl),
        ("idpSloUrl", \.idpSloUrl), ("idpCertificate", \.idpCertificate), ("idpEntityId", \.idpEntityId),
        ("idpIssuer", \.idpIssuer), ("spEntityId", \.spEntityId), ("spCertificate", \.spCertificate),
        ("nameIdFormat", \.nameIdFormat), ("usernameAttr", \.usernameAttr), ("emailAttr", \.emailAttr),
        ("groupsAttr", \.groupsAttr), ("firstNameAttr", \.firstNameAttr), ("lastNameAttr", \.lastNameAttr),
    ]

    static let switches: [(String, any WritableKeyPath<SAMLSettings, Bool> & Sendable)] = [
        ("signRequests", \.signRequests), ("signMetadata", \.signMetadata), ("forceAuthn", \.forceAuthn),
        ("wantAssertionsSigned", \.wantAssertionsSigned), ("allowUnencrypted", \.allowUnencrypted),
        ("allowIdpInitiated", \.allowIdpInitiated),
    ]

    /// As they were stored.
    package init(stored: JSONValue, spPrivateKey: Secret<String>?) {
        for (name, path) in Self.texts { self[keyPath: path] = stored[name]?.string }
        for (name, path) in Self.switches { if let value = stored[name]?.bool { self[keyPath: path] = value } }
        if let name = stored["requestBinding"]?.string { requestBinding = RequestBinding(rawValue: name) ?? .redirect }
        if let seconds = stored["clockSkewSeconds"]?.int { clockSkewSeconds = seconds }
        self.spPrivateKey = spPrivateKey
    }

    /// For storing and for answering: without the secret, and saying whether there is one.
    package var json: JSONValue {
        var members: [String: JSONValue] = [
            "requestBinding": .string(requestBinding.rawValue), "clockSkewSeconds": .integer(Int64(clockSkewSeconds)),
            "spPrivateKeySet": .bool(spPrivateKey != nil),
        ]
        for (name, path) in Self.texts { if let text = self[keyPath: path] { members[name] = .string(text) } }
        for (name, path) in Self.switches { members[name] = .bool(self[keyPath: path]) }
        return .object(members)
    }

    var skew: Duration { .seconds(clockSkewSeconds) }
}

extension SAMLSettings: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        left.json == right.json && left.spPrivateKey?.reveal() == right.spPrivateKey?.reveal()
    }
    package func hash(into hasher: inout Hasher) { hasher.combine(json) }
}
