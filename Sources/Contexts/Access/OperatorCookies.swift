internal import Cryptography
package import HTTPKit
package import Kernel

/// The cookies of an operator's browser. Other names than those of customers: one browser may hold both, and neither
/// opens the other's door.
package enum OperatorCookies {
    static let session = "pulse_operator_session"
    static let csrf = "pulse_operator_csrf"

    /// Until the browser closes; the server decides in any case when the session ends.
    package static func set(token: Secret<String>) -> [Cookie] {
        [
            Cookie(session, token, maxAge: nil, sameSite: .strict, protected: true),
            Cookie(csrf, SessionCookies.csrfToken(for: token), maxAge: nil, httpOnly: false, sameSite: .strict),
        ]
    }

    package static var clear: [Cookie] {
        [.deletion(of: session, protected: true), .deletion(of: csrf, httpOnly: false)]
    }

    static func token(of request: APIRequest) -> BearerToken? {
        request.protectedCookie(session).flatMap { BearerToken($0, kind: .operatorSession) }
    }
}

extension APIRequest {
    /// SHA-256 of the operator's cookie the browser came with, good or not; `nil` when it has none.
    package var presentedOperatorHash: [UInt8]? { OperatorCookies.token(of: self)?.hash }

    /// The CSRF token that goes with that cookie.
    package var presentedOperatorCSRFToken: Secret<String>? {
        OperatorCookies.token(of: self).map { SessionCookies.csrfToken(for: $0.text) }
    }
}
