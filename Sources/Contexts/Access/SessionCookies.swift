internal import Cryptography
package import HTTPKit
package import Kernel

/// The three cookies of a signed-in browser. Only the first is a secret; the other two are read by our pages.
package enum SessionCookies {
    package static let session = "pulse_session"
    package static let csrf = "pulse_csrf"
    package static let organisation = "pulse_org_id"

    /// - Parameters:
    ///   - lifetime: `nil`: until the browser closes. The server decides in any case when the session ends.
    ///   - org: the organisation to begin in; `nil` forgets the one before.
    package static func set(token: Secret<String>, org: OrgID?, lifetime: Duration?) -> [Cookie] {
        [
            Cookie(session, token, maxAge: lifetime, protected: true),
            Cookie(csrf, csrfToken(for: token), maxAge: lifetime, httpOnly: false),
            choose(org, lifetime: lifetime),
        ]
    }

    package static func choose(_ org: OrgID?, lifetime: Duration?) -> Cookie {
        guard let org else { return .deletion(of: organisation, httpOnly: false) }
        return Cookie(organisation, Secret(org.description), maxAge: lifetime, httpOnly: false)
    }

    package static var clear: [Cookie] {
        [
            .deletion(of: session, protected: true), .deletion(of: csrf, httpOnly: false),
            .deletion(of: organisation, httpOnly: false),
        ]
    }

    /// The CSRF token that belongs to a session token: derived, so that every page can be told it again, and one-way, so
    /// that a script that reads it learns nothing of the session. The database keeps its SHA-256.
    package static func csrfToken(for session: Secret<String>) -> Secret<String> {
        let key = Secret(Array(session.reveal().utf8))
        let digest = Digests.hmacSHA256(Array("pulse-csrf-v1".utf8), key: key)
        return BearerToken.new(.csrf, from: Randomness { _ in digest }).text
    }
}

extension APIRequest {
    /// SHA-256 of the session cookie the browser came with, good or not; `nil` when it has none.
    package var presentedSessionHash: [UInt8]? { presentedSession?.hash }

    /// The CSRF token of the session cookie the browser came with.
    package var presentedCSRFToken: Secret<String>? {
        presentedSession.map { SessionCookies.csrfToken(for: $0.text) }
    }

    private var presentedSession: BearerToken? {
        protectedCookie(SessionCookies.session).flatMap { BearerToken($0, kind: .session) }
    }
}
