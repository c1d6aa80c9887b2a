internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import Postgres
internal import SignOnKit
internal import Vault

/// The way through an OpenID provider.
struct OIDCDoor: Sendable {
    let doors: Doors
    private var context: SSOContext { doors.context }

    func callback(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "oidc"),
            case .oidc(let settings, let secret) = place.provider.speech
        else { return doors.nowhere("oidc") }
        let answer = OIDCAnswer(request.query)
        var flow: Flow?
        do {
            let begun = try await begun(answer, at: place, from: request)
            flow = begun
            guard let kept = begun.kept else { throw SSORefusal.stateUnknown }
            let person = try await context.dialogue.arrival(
                answer, of: try await context.vault.openText(kept, for: .org(place.org), at: begun.place()),
                at: settings, secret: secret)
            let arrival = try await doors.desk.finish(
                person, at: place.provider, begun, in: place.org, from: request)
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
        try FlowCookie.members.require(flow.browserHash, of: request)
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
        let token = try request.logoutToken()
        let notice: OIDCLogoutNotice
        do throws(SSORefusal) { notice = try await context.dialogue.logoutNotice(token, for: settings) } catch {
            try await doors.noteLogout(refused: error, at: place, from: request)
            throw Problem.logoutRefused(error.sentence)
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
