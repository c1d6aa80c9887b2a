package import Kernel

/// Whom an assertion is about.
package struct SAMLSubject: Sendable, Hashable {
    /// The same for the same person of one provider, whatever the provider calls them in other fields.
    package let stable: String
    package let name: SAMLName?
}

/// A NameID, as a logout has to say it again.
package struct SAMLName: Sendable, Hashable {
    package let value: String
    package let format: String
    package let qualifier: String?
    package let spQualifier: String?
}

/// Who signed in, as the provider's signature vouches for it.
package struct SAMLLogin: Sendable {
    package let subject: SAMLSubject
    package let username: String?
    package let email: String?
    /// SAML has no word for it.
    package var emailVerified: Bool? { nil }
    package let displayName: String?
    package let groups: [String]
    /// Every attribute, for the log and the live test.
    package let attributes: [(name: String, values: [String])]
    package let authenticatedAt: Timestamp?
    /// Classes of the authentication context.
    package let methods: [String]
    package let sessionIndex: String?
    /// When the provider's own session ends; ours may not last longer.
    package let endsAt: Timestamp?
    /// To be used up once. `nil` only for a login that the provider began.
    package let inResponseTo: String?
    /// To be remembered until `expiresAt`, so that it works once.
    package let assertionID: String
    package let expiresAt: Timestamp

    /// What a later logout needs; `nil` when the provider gave no NameID.
    package var logoutSession: SAMLSession? { subject.name.map { SAMLSession(name: $0, index: sessionIndex) } }
}
