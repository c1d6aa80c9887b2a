internal import Cryptography
package import Kernel
internal import OIDC
internal import SAML

/// A sign-in that has begun: where the browser goes, and what is to be kept until it is back.
package struct BegunSignIn: Sendable {
    package let departure: Departure
    /// Digest of what comes back with the browser.
    package let stateHash: [UInt8]
    /// Digest of what a SAML answer names; of nothing that travels for OpenID.
    package let requestHash: [UInt8]
    /// The verifier of a code: sealed by whoever keeps it.
    package let kept: Secret<String>?

    /// The name of a row whose key is this digest: as PostgreSQL writes it, since a rotation finds the row by that text.
    package static func row(of stateHash: [UInt8]) -> String {
        let hex = stateHash.map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }
        return "\\x" + hex.joined()
    }
}

/// What is asked of a provider beside who somebody is.
package struct SignInWishes: Sendable {
    /// That the person proves it anew.
    package var isFresh: Bool
    /// What was typed as the person's address.
    package var hint: String?
    /// Classes of authentication, any of which is good.
    package var contextClasses: [String]

    package init(isFresh: Bool = false, hint: String? = nil, contextClasses: [String] = []) {
        (self.isFresh, self.hint, self.contextClasses) = (isFresh, hint, contextClasses)
    }
}

extension ProviderDialogue {
    /// - Parameter key: of the provider and the version of its settings, by which its metadata is remembered.
    /// - Throws: the provider cannot be reached or says nothing usable of itself.
    package func begin(
        with speech: ProviderSpeech, at addresses: ProviderAddresses, key: String, asking wishes: SignInWishes
    ) async throws(SSORefusal) -> BegunSignIn {
        switch speech {
        case .oidc(let settings, _): try await begin(settings, addresses, wishes)
        case .saml(let settings): try await begin(settings, addresses, key, wishes)
        }
    }

    private func begin(
        _ settings: OIDCSettings, _ addresses: ProviderAddresses, _ wishes: SignInWishes
    ) async throws(SSORefusal) -> BegunSignIn {
        var asked = OIDCWishes()
        asked.loginHint = wishes.hint.flatMap { EmailAddress($0)?.text }
        asked.acrValues = wishes.contextClasses
        if wishes.isFresh { (asked.prompt, asked.maxAge) = (.login, 0) }
        let left: OIDCDeparture
        do {
            left = try await oidc.departure(
                to: settings, redirectURL: addresses.callback, asking: asked, at: time.now)
        } catch { throw SSORefusal(error) }
        return BegunSignIn(
            departure: .redirect(left.url), stateHash: Digests.sha256(left.flow.state),
            requestHash: Digests.sha256("oidc\0\(left.flow.state)"), kept: left.flow.sealedText)
    }

    private func begin(
        _ settings: SAMLSettings, _ addresses: ProviderAddresses, _ key: String, _ wishes: SignInWishes
    ) async throws(SSORefusal) -> BegunSignIn {
        let (state, id) = (Base64URL.encode(Randomness.system.bytes(32)), SAMLServiceProvider.newID(.system))
        do throws(SAMLRefusal) {
            let other = try await saml.provider(settings, key: key)
            let outgoing = try SAMLServiceProvider(settings, addresses.saml, to: other).signIn(
                id: id, relayState: state, force: wishes.isFresh, at: time.now)
            return BegunSignIn(
                departure: Departure(outgoing), stateHash: Digests.sha256(state), requestHash: Digests.sha256(id),
                kept: nil)
        } catch { throw SSORefusal(error) }
    }
}
