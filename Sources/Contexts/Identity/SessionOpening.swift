package import Access
internal import Audit
internal import Cryptography
package import HTTPKit
package import Kernel
package import Postgres

/// Someone who has just proved who they are, with the cookies that say so.
package struct SignedIn: Sendable {
    package let user: UserID
    package let session: SessionID
    package let email: String
    package let organisations: [Membership]
    /// The organisation they begin in.
    package let org: Membership?
    package let csrfToken: Secret<String>
    package let cookies: [Cookie]
    /// They had signed in before, but never with this browser.
    package let isNewDevice: Bool
}

/// What a session rests on that the person did not prove to Pulse: one organisation's word. It is good there and nowhere
/// else.
package struct SessionBinding: Sendable {
    package let org: OrgID
    /// `nil`: one of the organisation's own codes.
    package let provider: String?
    /// `oidc`, `saml`, `break-glass`.
    package let method: String
    /// When the person proved who they are; `nil`: now.
    package let provedAt: Timestamp?
    /// The provider's word is good until then; `nil`: it does not say.
    package let endsAt: Timestamp?

    package init(
        to org: OrgID, provider: String? = nil, method: String, provedAt: Timestamp? = nil, endsAt: Timestamp? = nil
    ) {
        self.org = org
        self.provider = provider
        self.method = method
        self.provedAt = provedAt
        self.endsAt = endsAt
    }
}

/// Begins sessions. The one place that does, so every way in has the same guards: a fresh token, the session the browser
/// came with ended, at most ten per person, the browser remembered.
package struct SessionOpening: Sendable {
    private let time: any TimeSource
    private let key: LinkKey

    package init(_ context: IdentityContext) { (time, key) = (context.time, context.links) }

    static let day: Duration = .seconds(86_400)
    static let absolute: Duration = .seconds(30 * 86_400)

    /// - Parameters:
    ///   - remember: lives 30 days unused, and outlives the browser; otherwise 24 hours.
    ///   - hasSecondStep: the caller has asked for it. Whoever has not (a sign-up, an invitation) does not get in with one
    ///     proof where the person wants two: 403 `sign-in-first`, and the transaction undoes what it did.
    ///   - org: the organisation to begin in; `nil`: the remembered one, or the first that is open.
    ///   - method: how they came: `password`, `link`, `passkey`, `srp`.
    ///   - binding: what the session rests on, when it is no proof to Pulse.
    /// - Throws: 403 `sso-required` for somebody who could enter nothing with this session.
    package func open(
        for user: UserID, remember: Bool = false, hasSecondStep: Bool = false, org wanted: OrgID? = nil,
        method: String = "password", bound binding: SessionBinding? = nil, from request: APIRequest,
        in transaction: Transaction
    ) async throws -> SignedIn {
        let now = time.now
        let (session, token) = (SessionID.new(at: now), BearerToken.new(.session))
        let csrf = SessionCookies.csrfToken(for: token.text)
        let device = DeviceCookie.new(key: key)
        let origin = request.origin
        let idle = (remember ? Self.absolute : Self.day).components.seconds
        let answers = try await transaction.batch([
            """
            SELECT open_session(\(session), \(user), \(token.hash), \(Digests.sha256(csrf.reveal())),
                                \(request.presentedSessionHash), \(idle), \(origin.userAgent), \(origin.address), \(now),
                                \(binding?.org), \(binding?.provider), \(binding?.method ?? method), \(binding?.provedAt),
                                \(binding?.endsAt))
            """,
            Membership.query(of: user, boundTo: binding?.org), PersonStore.query(user),
            """
            SELECT is_known, had_others
            FROM remember_device(\(user), \(request.presentedDevice?.hash), \(KnownDeviceID.new(at: now)), \(device.hash),
                                 \(origin.userAgent), \(now))
            """,
            SecondStepStore.isOn(user),
        ])
        let owesSecond = try answers[4].first { try $0.next(Bool.self) } ?? true
        guard hasSecondStep || !owesSecond else { throw Problem.signInFirst }
        let organisations = try answers[1].rows { try Membership(&$0) }
        guard let person = try answers[2].first({ try Person(&$0) }) else { throw Problem.unauthenticated }
        let remembered = binding?.org ?? wanted ?? request.cookie(SessionCookies.organisation).flatMap { OrgID($0) }
        let org = organisations.favourite(remembered: remembered)
        guard org?.wantsSSO != true else { throw Problem.ssoRequired }
        let seen = try answers[3].first { (isKnown: try $0.next(Bool.self), hadOthers: try $0.next(Bool.self)) }
        let isKnown = seen?.isKnown ?? false
        return SignedIn(
            user: user, session: session, email: person.email, organisations: organisations, org: org, csrfToken: csrf,
            cookies: SessionCookies.set(token: token.text, org: org?.id, lifetime: remember ? Self.absolute : nil)
                + (isKnown ? [] : [DeviceCookie.set(device)]),
            isNewDevice: !isKnown && seen?.hadOthers ?? false)
    }
}

extension Problem {
    /// This way in has one proof, and the account wants two.
    package static let signInFirst = Problem(
        "sign-in-first", status: 403, title: "Sign in first",
        detail: "This account has two-step sign-in. Sign in, then do the same again.")
}
