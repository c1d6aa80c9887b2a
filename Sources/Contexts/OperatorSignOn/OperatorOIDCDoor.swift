internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import OperatorPlane
internal import Postgres
internal import SignOnKit
internal import Vault

/// The operators' way through an OpenID provider.
struct OperatorOIDCDoor: Sendable {
    let doors: OperatorDoors
    private var context: OperatorSignOn { doors.context }

    func callback(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "oidc"),
            case .oidc(let settings, let secret) = place.provider.speech
        else { return doors.nowhere }
        let answer = OIDCAnswer(request.query)
        var flow: OperatorFlow?
        do {
            guard let state = answer.state else { throw SSORefusal.stateMissing }
            flow = try await context.staff.asNobody { transaction in
                try await doors.flows.take(state: Digests.sha256(state), at: context.time.now, transaction)
            }
            guard let flow, let kept = flow.kept else { throw SSORefusal.stateUnknown }
            try FlowCookie.operators.require(flow.browserHash, of: request)
            try doors.check(flow, at: place)
            let person = try await context.dialogue.arrival(
                answer, of: try await context.vault.openText(kept, for: .instance, at: flow.place()), at: settings,
                secret: secret)
            return try await doors.desk.finish(person, at: place.provider, flow, from: request)
        } catch let refusal as SSORefusal {
            return try await doors.desk.refuse(refusal, at: place.provider, flow, from: request)
        }
    }

    /// The provider says that somebody, or one of its sessions, is over. Answers 400 to what is no such word.
    func backchannel(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "oidc"),
            case .oidc(let settings, _) = place.provider.speech
        else { throw Problem.notFound }
        let token = try request.logoutToken()
        let notice: OIDCLogoutNotice
        do throws(SSORefusal) { notice = try await context.dialogue.logoutNotice(token, for: settings) } catch {
            throw Problem.logoutRefused(error.sentence)
        }
        try await context.staff.asNobody { transaction in
            let used = Digests.sha256("logout\0\(notice.tokenID)")
            guard
                try await doors.flows.use(used, of: place.provider.id, until: notice.rememberUntil, transaction)
            else { throw Problem.logoutRefused("this token was used before") }
            let subject = notice.subject.map { subject in
                ProvenPerson(subject: subject).subjectHash(at: place.provider.id, speaking: "oidc")
            }
            let ended = try await OperatorSessionsOf(
                provider: place.provider.id, subject: subject,
                sessionName: notice.sessionID.map { Digests.sha256($0) }
            ).end(transaction)
            doors.noteLogout(of: ended, at: place, from: request, transaction)
        }
        return .json { $0.member("success", true) }
    }
}
