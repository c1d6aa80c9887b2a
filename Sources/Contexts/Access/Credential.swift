internal import Cryptography
internal import HTTPKit
internal import Kernel

/// What a request brings to be recognised by. An explicit token wins over the cookie, and a bad one is refused even
/// beside a good cookie: whoever sends a token means it.
enum Credential: Sendable {
    case none
    case session(BearerToken)
    case agent(BearerToken)
    case token(BearerToken)
    /// A directory's (SCIM).
    case directory(BearerToken)
    /// A JSON Web Token of somebody else's, as it came.
    case external(String)
    /// There is one, and no look-up is needed to refuse it.
    case malformed(Problem)

    init(of request: APIRequest) {
        if let token = Self.explicitToken(of: request) {
            self =
                BearerToken(token, kind: .api).map(Credential.token)
                ?? BearerToken(token, kind: .runtime).map(Credential.agent)
                ?? BearerToken(token, kind: .directory).map(Credential.directory)
                ?? (ExternalAdmission.isToken(token) ? .external(token) : .malformed(.invalidToken))
        } else if let cookie = request.protectedCookie(SessionCookies.session) {
            self = BearerToken(cookie, kind: .session).map(Credential.session) ?? .malformed(.unauthenticated)
        } else {
            self = .none
        }
    }

    /// `X-API-Token`, then `Authorization: Bearer`.
    static func explicitToken(of request: APIRequest) -> String? {
        if let token = request.headers["x-api-token"] { return token.trimmed }
        guard let header = request.headers["authorization"] else { return nil }
        let parts = header.split(separator: " ", maxSplits: 1)
        guard parts.first?.lowercased() == "bearer" else { return nil }
        return parts.count == 2 ? parts[1].trimmed : ""
    }
}

extension APIRequest {
    /// The token of `X-API-Token` or `Authorization: Bearer`, of whatever kind, for endpoints that take it themselves.
    package var explicitToken: String? { Credential.explicitToken(of: self) }
}
