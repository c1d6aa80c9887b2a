internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import Postgres
internal import Vault

/// The way through an OpenID provider.
struct OIDCDoor: Sendable {
    let doors: Doors
    private var context: SSOContext { doors.context }

    /// - Throws: `SSORefusal`.
    func depart(
        _ beginner: Doors.Beginner, _ settings: OIDCSettings, at place: Doors.Place, _ browser: [UInt8],
        returnTo: String, hint: String?
    ) async throws -> Departure {
        let now = context.time.now
        var wishes = OIDCWishes()
        wishes.loginHint = hint.flatMap { EmailAddress($0)?.text }
        if beginner.kind == .stepUp { (wishes.prompt, wishes.maxAge) = (.login, 0) }
        let departure: OIDCDeparture
        do {
            departure = try await context.oidc.departure(
                to: settings, redirectURL: place.addresses.callback, asking: wishes, at: now)
        } catch { throw SSORefusal(error) }
        let state = Digests.sha256(departure.flow.state)
        let kept = try await context.vault.seal(
            departure.flow.sealedText, for: .org(place.org), at: Flow.place(of: state))
        let flow = Flow(
            stateHash: state, provider: place.provider.id, version: place.provider.version, kind: beginner.kind,
            browserHash: browser, returnTo: returnTo, user: beginner.user, session: beginner.session, createdAt: now,
            kept: kept)
        try await doors.insert(flow, request: Digests.sha256("oidc\0\(departure.flow.state)"), in: place.org)
        return .redirect(departure.url)
    }

    func callback(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "oidc"),
            case .oidc(let settings, let secret) = place.provider.speech
        else { return doors.nowhere("oidc") }
        let answer = OIDCAnswer(request.query)
        var flow: Flow?
        do {
            let begun = try await begun(answer, at: place, from: request)
            flow = begun
            guard let kept = begun.kept,
                let own = OIDCFlow(
                    sealedText: try await context.vault.openText(kept, for: .org(place.org), at: begun.place()).reveal()
                )
            else { throw SSORefusal.stateUnknown }
            let login: OIDCLogin
            do throws(OIDCRefusal) {
                login = try await context.oidc.arrival(
                    answer, of: own, at: settings, secret: secret, now: context.time.now)
            } catch { throw SSORefusal(error) }
            let arrival = try await doors.desk.finish(
                ProvenPerson(login, at: context.time.now), at: place.provider, begun, in: place.org, from: request)
            return doors.sent(arrival)
        } catch let refusal as SSORefusal {
            return doors.sent(
                try await doors.desk.refuse(refusal, at: place.provider, flow, in: place.org, from: request))
        }
    }

    /// The sign-in that this answer ends, used up whatever comes of it.
    private func begun(_ answer: OIDCAnswer, at place: Doors.Place, from request: APIRequest) async throws -> Flow {
        guard let state = answer.state else { throw SSORefusal.stateMissing }
        let flow = try await context.database.asOrg(place.org) { transaction in
            try await doors.flows.take(state: Digests.sha256(state), at: context.time.now, transaction)
        }
        guard let flow else { throw SSORefusal.stateUnknown }
        guard flow.provider == place.provider.id else { throw SSORefusal.providerMismatch }
        guard let browser = FlowCookie.hash(of: request), Digests.constantTimeEqual(browser, flow.browserHash) else {
            throw SSORefusal.otherBrowser
        }
        guard flow.version == place.provider.version else { throw SSORefusal.changed }
        guard place.provider.isEnabled || flow.kind == .test else { throw SSORefusal.providerNotFound }
        return flow
    }

    // MARK: Logging out

    /// The provider says that somebody, or one of its sessions, is over. Answers 400 to what is no such word.
    func backchannel(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "oidc"),
            case .oidc(let settings, _) = place.provider.speech
        else { throw Problem.notFound }
        let form = try Query(parsing: Substring(decoding: request.body, as: UTF8.self))
        guard let token = form["logout_token"], form.all("logout_token").count == 1 else {
            throw Problem.logoutRefused("logout_token is wanted, once")
        }
        let now = context.time.now
        let notice: OIDCLogoutNotice
        do throws(OIDCRefusal) { notice = try await context.oidc.logoutNotice(token, for: settings, now: now) } catch {
            let refusal = SSORefusal(error)
            try await doors.noteLogout(refused: refusal, at: place, from: request)
            throw Problem.logoutRefused(refusal.sentence)
        }
        try await context.database.asOrg(place.org) { transaction in
            let used = Digests.sha256("logout\0\(notice.tokenID)")
            guard
                try await doors.flows.use(
                    used, of: place.provider.id, until: notice.rememberUntil, in: place.org, transaction)
            else { throw Problem.logoutRefused("this token was used before") }
            let subject = notice.subject.map { subject in
                ProvenPerson(subject: subject).subjectHash(at: place.provider)
            }
            let ended = try await transaction.rows(
                """
                SELECT session_id FROM end_sso_sessions(\(place.provider.id), \(subject),
                    \(notice.sessionID.map { Digests.sha256($0) }), NULL)
                """
            ) { try $0.next(SessionID.self) }
            doors.noteLogout(of: ended, at: place, from: request, transaction)
        }
        return .json { $0.member("success", true) }
    }
}

extension Problem {
    static func logoutRefused(_ detail: String) -> Problem {
        Problem("logout-refused", status: 400, title: "This is no word of the provider", detail: detail)
    }
}
