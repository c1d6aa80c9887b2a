internal import Kernel
package import OIDC
package import SAML

/// Why somebody a provider vouched for, or seemed to, does not get in.
package struct SSORefusal: Error, Sendable {
    /// What the browser is told: one of a closed set.
    package let code: String
    /// What the log and the trail say: finer.
    package let reason: String
    /// One plain sentence for an administrator.
    package let sentence: String

    package init(_ code: String, reason: String? = nil, _ sentence: String) {
        self.code = code
        self.reason = reason ?? code
        self.sentence = sentence
    }

    package init(_ refusal: OIDCRefusal) {
        self.init(
            refusal.code.rawValue, reason: refusal.reason.rawValue, Self.sentence(refusal.sentence, refusal.detail))
    }

    package init(_ refusal: SAMLRefusal) {
        self.init(refusal.code, reason: refusal.reason.rawValue, Self.sentence(refusal.sentence, refusal.detail))
    }

    private static func sentence(_ text: String, _ detail: String?) -> String {
        detail.map { "\(text) (\($0.prefix(256)))" } ?? text
    }

    package static let providerNotFound = SSORefusal(
        "provider_not_found", "There is no such provider, or it is switched off.")
    package static let stateMissing = SSORefusal(OIDCRefusal(.stateMissing))
    package static let stateUnknown = SSORefusal(OIDCRefusal(.stateUnknown))
    package static let providerMismatch = SSORefusal(OIDCRefusal(.providerMismatch))
    package static let otherBrowser = SSORefusal(
        "invalid_state", reason: "other_browser", "Another browser began this sign-in; begin it again in this one.")
    package static let unsolicited = SSORefusal(
        "saml_validation_failed", reason: "unsolicited",
        "The answer belongs to no sign-in that was begun here, or to one that is over.")
    package static let replayed = SSORefusal(
        "saml_validation_failed", reason: "replayed", "This answer was used before.")
    package static let changed = SSORefusal(
        "invalid_state", reason: "provider_changed", "The provider's settings changed during the sign-in; begin again.")
    package static let emailRestricted = SSORefusal(
        "email_restricted", "The address is not among those that this provider may let in.")
    package static let domainRestricted = SSORefusal(
        "domain_restricted", "The domain of the address is not among those that this provider may let in.")
    package static let groupRestricted = SSORefusal(
        "group_restricted", "None of the person's groups is among those that this provider may let in.")
    package static let notMember = SSORefusal(
        "not_a_member", "The person is no member here, and the provider does not make members.")
    package static let linkedToAnother = SSORefusal(
        "linked_to_another", "This subject is linked to another member already.")
    package static let notFresh = SSORefusal(
        "not_fresh", "The provider did not ask the person anew, or does not say when it did.")
    package static let anotherPerson = SSORefusal(
        "another_person", "The provider vouched for somebody else than the person who is signed in.")
    package static let sessionGone = SSORefusal("session_failed", "The session that began this is over.")
}
