internal import Cryptography
package import HTTPKit
internal import Kernel

/// Remembers which browser began a sign-in: an answer that somebody else's browser brings signs nobody in. Each door has a
/// cookie of its own, so that nothing that was begun at one of them ends at the other.
///
/// Browsers do not send it with a form that another site posts, which is how SAML answers; such an answer waits until the
/// browser comes back by itself.
package struct FlowCookie: Sendable {
    private let name: String

    package static let members = FlowCookie(name: "pulse_sso")
    package static let operators = FlowCookie(name: "pulse_operator_sso")

    /// The digest of what this browser has, and the cookie to set when it has nothing yet.
    package func browser(of request: APIRequest) -> (hash: [UInt8], new: [Cookie]) {
        if let hash = hash(of: request) { return (hash, []) }
        let value = Base64URL.encode(Randomness.system.bytes(32))
        return (Digests.sha256(value), [Cookie(name, Secret(value), maxAge: .seconds(86_400), protected: true)])
    }

    /// `nil`: it brought none.
    package func hash(of request: APIRequest) -> [UInt8]? {
        guard let value = request.protectedCookie(name), (43...64).contains(value.utf8.count) else { return nil }
        return Digests.sha256(value)
    }

    /// - Throws: `SSORefusal.otherBrowser` unless this browser is the one with that digest.
    package func require(_ hash: [UInt8], of request: APIRequest) throws(SSORefusal) {
        guard let own = self.hash(of: request), Digests.constantTimeEqual(own, hash) else { throw .otherBrowser }
    }
}
