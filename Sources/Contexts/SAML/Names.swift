internal import SignedXML

/// Names of the standards.
enum Names {
    static let assertion = "urn:oasis:names:tc:SAML:2.0:assertion"
    static let message = "urn:oasis:names:tc:SAML:2.0:protocol"
    static let metadata = "urn:oasis:names:tc:SAML:2.0:metadata"
    static let signature = "http://www.w3.org/2000/09/xmldsig#"
    static let success = "urn:oasis:names:tc:SAML:2.0:status:Success"
    static let bearer = "urn:oasis:names:tc:SAML:2.0:cm:bearer"
    static let entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity"
    static let emailFormat = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
    static let unspecified = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified"
    static let transient = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient"
}

/// How a message travels.
package enum SAMLBinding: String, Sendable, CaseIterable {
    case redirect = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect"
    case post = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST"
}

/// Where a provider takes messages.
package struct SAMLEndpoint: Sendable, Hashable {
    package let binding: SAMLBinding
    package let location: String
    /// Where it takes answers, when that is elsewhere.
    package let responseLocation: String?
}

/// Our side's addresses, all below one base.
package struct SAMLAddresses: Sendable, Hashable {
    package let base: String

    /// - Parameter base: without a slash at its end.
    package init(base: String) { self.base = base }

    package var login: String { base + "/login" }
    package var acs: String { base + "/acs" }
    package var metadata: String { base + "/metadata" }
    package var logout: String { base + "/slo" }
}
