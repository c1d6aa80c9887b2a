// SignOnKit: what a sign-in through a provider is, whoever the provider belongs to.
// Owns: the settings of a provider as people send and as rows keep them, leaving for it and reading what it answers, what it
// said of a person, why that is not enough, and the cookie of the browser that began it.
// Leaves to others: what the protocols demand (OIDC, SAML), and what is different at each door: whose provider it is, whom it
// means, what is kept of a sign-in and where, what opens (SingleSignOn for organisations, OperatorSignOn for operators).
// Tempting wrong step: a table here. What is under way belongs to the door where it began, and no role reaches both.
package import Kernel
package import OIDC
package import Outbound
package import SAML

/// Speaks with providers. One for the process: what they publish of themselves is kept for all.
package struct ProviderDialogue: Sendable {
    package let oidc: OIDCClient
    package let saml: SAMLProviders
    package let policy: OutboundPolicy
    package let time: any TimeSource

    package init(oidc: OIDCClient, saml: SAMLProviders, policy: OutboundPolicy, time: any TimeSource) {
        (self.oidc, self.saml, self.policy, self.time) = (oidc, saml, policy, time)
    }
}
