internal import JOSE
internal import JSONKit
package import Kernel

extension OIDCClient {
    /// Where a person who signs out here is sent to sign out there (RP-Initiated Logout 1.0).
    /// - Returns: `nil` when the provider has no such place or cannot be asked: then signing out ends here.
    package func logoutURL(
        at settings: OIDCSettings, idToken: Secret<String>?, returnURL: String?, state: String?
    ) async -> String? {
        var place = settings.logoutUrl
        if place == nil {
            place = try? await directory.metadata(of: settings.issuerUrl, Patience(timeouts)).endSessionEndpoint
        }
        guard let place else { return nil }
        var fields = [("client_id", settings.clientId)]
        if let idToken { fields.append(("id_token_hint", idToken.reveal())) }
        if let returnURL { fields.append(("post_logout_redirect_uri", returnURL)) }
        if let state { fields.append(("state", state)) }
        return FormBody.address(place, with: fields)
    }

    /// Reads what a provider says to our back (Back-Channel Logout 1.0). Anybody can send such a thing.
    package func logoutNotice(
        _ text: String, for settings: OIDCSettings, now: Timestamp
    ) async throws(OIDCRefusal) -> OIDCLogoutNotice {
        let check = TokenCheck(directory: directory, issuer: settings.issuerUrl, patience: Patience(timeouts))
        let claims = try await check.verified(text, types: ["jwt", "logout+jwt"]).claims
        let rules = ClaimRules(issuer: settings.issuerUrl, clientId: settings.clientId, now: now)
        try rules.checkIssuer(claims)
        try rules.checkAudience(claims)
        try rules.checkTimes(claims, age: LogoutClaims.age, mustEnd: false)
        return try LogoutClaims.notice(claims, rules)
    }
}

/// What makes a token a logout token.
private enum LogoutClaims {
    /// It is sent when it is made; who keeps one back has other plans.
    static let age: Duration = .seconds(120)

    private static let event = "http://schemas.openid.net/event/backchannel-logout"

    static func notice(_ claims: ClaimSet, _ rules: ClaimRules) throws(OIDCRefusal) -> OIDCLogoutNotice {
        guard claims["events"]?[event]?.object != nil else { throw OIDCRefusal(.logoutEventMissing) }
        guard claims["nonce"] == nil else { throw OIDCRefusal(.logoutNonce) }
        let subject = claims["sub"] == nil ? nil : try rules.subject(claims)
        let session = try claims["sid"].map(name)
        guard subject != nil || session != nil else { throw OIDCRefusal(.logoutTargetMissing) }
        guard let id = claims["jti"], let tokenID = try? name(id) else { throw OIDCRefusal(.logoutIDMissing) }
        let issuedAt = claims.time("iat") ?? rules.now
        return OIDCLogoutNotice(
            issuer: rules.issuer, subject: subject, sessionID: session, tokenID: tokenID,
            rememberUntil: issuedAt + age + ClaimRules.skew + .seconds(1))
    }

    private static func name(_ value: JSONValue) throws(OIDCRefusal) -> String {
        guard let text = value.string, (1...255).contains(text.utf8.count), text.isPlainLine else {
            throw OIDCRefusal(.logoutTargetMissing)
        }
        return text
    }
}
