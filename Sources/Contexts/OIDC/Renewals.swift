internal import JOSE
package import Kernel

extension OIDCClient {
    /// Lets the session of somebody go on without them.
    package func renewal(
        of session: OIDCRefreshable, at settings: OIDCSettings, secret: Secret<String>?, now: Timestamp
    ) async throws(OIDCRefusal) -> OIDCRenewal {
        guard session.issuer == settings.issuerUrl, session.clientId == settings.clientId else {
            throw OIDCRefusal(.providerMismatch)
        }
        let patience = Patience(timeouts)
        let provider = try await directory.metadata(of: settings.issuerUrl, patience)
        let tokens = try await TokenEndpoint(calls: calls).renew(
            session.refreshToken, clientId: settings.clientId, at: provider, secret: secret, now: now,
            within: try patience.next())
        var groups: [String]?
        if let text = tokens.id {
            let check = TokenCheck(directory: directory, issuer: provider.issuer, patience: patience)
            let claims = try await check.verified(text.reveal()).claims
            let rules = ClaimRules(issuer: provider.issuer, clientId: settings.clientId, now: now)
            try rules.checkIssuer(claims)
            try rules.checkAudience(claims)
            try rules.checkTimes(claims, age: IDTokenCheck.age)
            guard try rules.subject(claims).utf8.elementsEqual(session.subject.utf8) else {
                throw OIDCRefusal(.renewalSubject)
            }
            if let claim = settings.groupsClaim, case .named(let names) = GroupClaims.find(claim, in: claims) {
                groups = names
            }
        }
        return OIDCRenewal(
            refreshToken: tokens.refresh ?? session.refreshToken, accessEndsAt: tokens.accessEndsAt, groups: groups,
            due: OIDCRenewal.due(endsAt: tokens.accessEndsAt, now: now))
    }
}
