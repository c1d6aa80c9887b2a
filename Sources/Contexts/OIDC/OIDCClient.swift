internal import JOSE
internal import JSONKit
package import Kernel
package import Outbound

/// Signs people in at providers. One for the process: what providers say of themselves and their keys is kept for all.
///
/// A way back costs at most 15 s: each request 5 s, and none begins after 10.
package struct OIDCClient: Sendable {
    let directory: ProviderDirectory
    let calls: ProviderCalls
    let timeouts: OIDCTimeouts
    private let randomness: Randomness

    package init(
        _ client: GuardedClient, policy: OutboundPolicy, time: any TimeSource, randomness: Randomness = .system,
        timeouts: OIDCTimeouts = OIDCTimeouts()
    ) {
        calls = ProviderCalls(client: client)
        directory = ProviderDirectory(calls, policy: policy, time: time, timeout: timeouts.request)
        self.timeouts = timeouts
        self.randomness = randomness
    }

    /// Where to send the browser.
    package func departure(
        to settings: OIDCSettings, redirectURL: String, asking wishes: OIDCWishes = OIDCWishes(), at now: Timestamp
    ) async throws(OIDCRefusal) -> OIDCDeparture {
        let provider = try await directory.metadata(of: settings.issuerUrl, Patience(timeouts))
        let flow = OIDCFlow(
            for: settings, redirectURL: redirectURL, maxAge: wishes.maxAge.map { max(0, $0) }, at: now, from: randomness
        )
        return OIDCDeparture(flow, to: provider, settings, wishes)
    }

    /// - Parameters:
    ///   - flow: what was kept, consumed: nobody comes back twice.
    ///   - secret: `nil` for a public client.
    package func arrival(
        _ answer: OIDCAnswer, of flow: OIDCFlow, at settings: OIDCSettings, secret: Secret<String>?, now: Timestamp
    ) async throws(OIDCRefusal) -> OIDCLogin {
        try answer.check(against: flow, at: now)
        guard flow.issuer == settings.issuerUrl, flow.clientId == settings.clientId else {
            throw OIDCRefusal(.providerMismatch)
        }
        let patience = Patience(timeouts)
        let provider = try await directory.metadata(of: settings.issuerUrl, patience)
        try answer.check(from: provider)
        let code = try answer.code()
        let tokens = try await TokenEndpoint(calls: calls).redeem(
            code, of: flow, at: provider, secret: secret, now: now, within: try patience.next())
        guard let idToken = tokens.id else { throw OIDCRefusal(.tokenMissing) }
        let check = TokenCheck(directory: directory, issuer: provider.issuer, patience: patience)
        let token = try await check.verified(idToken.reveal())
        let rules = ClaimRules(issuer: provider.issuer, clientId: flow.clientId, now: now)
        let subject = try IDTokenCheck(rules: rules, flow: flow, code: code, accessToken: tokens.access).check(token)
        let person = try await PersonClaims(
            subject: subject, settings: settings, rules: rules, check: check, calls: calls, provider: provider
        ).gathered(from: token.claims, with: tokens.access)
        return OIDCLogin(subject, person, token, tokens, idToken, flow)
    }

    /// What a provider says of itself now, for who sets it up.
    package func description(of settings: OIDCSettings) async throws(OIDCRefusal) -> OIDCProviderFacts {
        let patience = Patience(timeouts)
        let provider = try await directory.metadata(of: settings.issuerUrl, patience)
        return OIDCProviderFacts(provider, keyIDs: try await directory.keyIDs(at: provider.jwksURL, patience))
    }
}

extension OIDCLogin {
    fileprivate init(
        _ subject: String, _ person: PersonClaims.Person, _ token: SignedToken, _ tokens: TokenEndpoint.Tokens,
        _ idToken: Secret<String>, _ flow: OIDCFlow
    ) {
        let claims = token.claims
        self.init(
            issuer: flow.issuer, subject: subject, email: person.email, emailVerified: person.emailVerified,
            username: person.username, displayName: person.displayName, groups: person.groups, claims: person.claims,
            authenticatedAt: claims.time("auth_time"),
            methods: ClaimSet.texts(claims["amr"], most: 20).map { Shown.line($0, most: 64) },
            contextClass: claims["acr"]?.string.map { Shown.line($0) },
            sessionID: claims["sid"]?.string.flatMap { (1...255).contains($0.utf8.count) && $0.isPlainLine ? $0 : nil },
            idToken: idToken, accessEndsAt: tokens.accessEndsAt,
            refreshable: tokens.refresh.map {
                OIDCRefreshable(refreshToken: $0, subject: subject, issuer: flow.issuer, clientId: flow.clientId)
            })
    }
}
