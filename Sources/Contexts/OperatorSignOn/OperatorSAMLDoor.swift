internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SAML
internal import SignOnKit
internal import Vault

/// The operators' way through a SAML provider. What no request of ours is named in is nobody's sign-in.
struct OperatorSAMLDoor: Sendable {
    static let mostBytes = 524_288

    let doors: OperatorDoors
    private var context: OperatorSignOn { doors.context }

    /// What the provider made the browser post. Whoever's browser it is, it is told nothing but where to go on.
    func consume(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { return doors.nowhere }
        var flow: OperatorFlow?
        do {
            let (incoming, requestID) = try request.samlResponse()
            guard let requestID else { throw SSORefusal.unsolicited }
            flow = try await context.staff.asNobody { transaction in
                try await doors.flows.find(
                    request: Digests.sha256(requestID), of: place.provider.id, at: context.time.now, transaction)
            }
            guard let flow else { throw SSORefusal.unsolicited }
            try doors.check(flow, at: place)
            let login = try await context.dialogue.login(
                incoming, settings, at: place.addresses, key: place.provider.key, awaiting: requestID)
            return try await go(on: login, of: requestID, flow, at: place, from: request)
        } catch let refusal as SSORefusal {
            return try await doors.desk.refuse(refusal, at: place.provider, flow, from: request)
        }
    }

    /// Uses request and assertion up. The browser that began it goes on at once; one that brings no cookie, as browsers do
    /// with a form of another site, comes back with a ticket.
    private func go(
        on login: SAMLLogin, of requestID: String, _ flow: OperatorFlow, at place: OperatorDoors.Place,
        from request: APIRequest
    ) async throws -> APIResponse {
        let browser = FlowCookie.operators.hash(of: request)
        if browser != nil { try FlowCookie.operators.require(flow.browserHash, of: request) }
        let (person, ticket) = (ProvenPerson(login), Base64URL.encode(Randomness.system.bytes(32)))
        try await context.staff.asNobody { transaction in
            let used = Digests.sha256("assertion\0\(login.assertionID)")
            let isNew = try await doors.flows.use(
                used, of: place.provider.id, until: login.expiresAt, transaction)
            // Another answer to the same request may have come first.
            guard isNew,
                try await doors.flows.find(
                    request: Digests.sha256(requestID), of: place.provider.id, at: context.time.now, transaction) != nil
            else { throw SSORefusal.replayed }
            if browser == nil {
                let kept = try await context.vault.seal(person.text, for: .instance, at: flow.place())
                try await doors.flows.keep(kept, for: Digests.sha256(ticket), of: flow, transaction)
            } else {
                try await doors.flows.drop(flow, transaction)
            }
        }
        if browser == nil {
            return .redirect(to: "\(place.addresses.base)/complete?ticket=\(ticket)", status: 303)
        }
        return try await doors.desk.finish(person, at: place.provider, flow, from: request)
    }

    /// The browser comes back by itself, with its cookie.
    func complete(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml") else { return doors.nowhere }
        var flow: OperatorFlow?
        do {
            flow = try await context.staff.asNobody { transaction in
                try await doors.flows.take(
                    ticket: Digests.sha256(request.query["ticket"] ?? ""), at: context.time.now, transaction)
            }
            guard let flow, let kept = flow.kept else { throw SSORefusal.stateUnknown }
            try FlowCookie.operators.require(flow.browserHash, of: request)
            try doors.check(flow, at: place)
            let text = try await context.vault.openText(kept, for: .instance, at: flow.place())
            guard let person = ProvenPerson(text: text) else { throw SSORefusal.stateUnknown }
            return try await doors.desk.finish(person, at: place.provider, flow, from: request)
        } catch let refusal as SSORefusal {
            return try await doors.desk.refuse(refusal, at: place.provider, flow, from: request)
        }
    }

    func metadata(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { throw Problem.notFound }
        do {
            let xml = try SAMLServiceProvider.metadata(settings, place.addresses.saml, at: context.time.now)
            return .text(xml, type: "application/samlmetadata+xml")
        } catch { throw Problem.notFound }
    }

    // MARK: Single logout

    /// What the provider says is over, and its answer when it was we who said so.
    func logout(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { return doors.nowhere }
        do {
            let (incoming, relayState) = try request.samlLogoutMessage()
            switch incoming.kind {
            case .logoutRequest:
                let (asked, own) = try await context.dialogue.logoutRequest(
                    incoming, settings, at: place.addresses, key: place.provider.key)
                return try await end(asked, own, relayState, at: place, from: request)
            case .logoutResponse:
                // Nothing hangs on it: the session here was over before the provider was asked.
                return .redirect(to: "/login?logout=success", status: 303)
            case .response: throw SSORefusal(SAMLRefusal(.notAResponse))
            }
        } catch let refusal as SSORefusal {
            throw Problem.logoutRefused(refusal.sentence)
        }
    }

    private func end(
        _ asked: SAMLLogoutRequest, _ own: SAMLServiceProvider, _ relayState: String?, at place: OperatorDoors.Place,
        from request: APIRequest
    ) async throws -> APIResponse {
        try await context.staff.asNobody { transaction in
            let used = Digests.sha256("logout\0\(asked.id)")
            guard try await doors.flows.use(used, of: place.provider.id, until: asked.expiresAt, transaction) else {
                throw SSORefusal.replayed
            }
            let meant = try await sessions(of: asked, at: place, transaction)
            let ended = try await OperatorSessionsOf(provider: place.provider.id, these: meant).end(transaction)
            doors.noteLogout(of: ended, at: place, from: request, transaction)
        }
        return try context.dialogue.answer(to: asked, by: own, relayState)
    }

    /// The sessions of the person that the provider names; at most 100 are looked through.
    private func sessions(
        of asked: SAMLLogoutRequest, at place: OperatorDoors.Place, _ transaction: Transaction
    ) async throws -> [OperatorSessionID] {
        let rows = try await transaction.rows(
            """
            SELECT session_id, logout FROM operator_sso_sessions
            WHERE provider_id = \(place.provider.id) AND name_hash = \(Digests.sha256(asked.name.value))
            ORDER BY created_at DESC LIMIT 100
            """
        ) { (try $0.next(OperatorSessionID.self), try $0.next(Sealed?.self)) }
        var meant: [OperatorSessionID] = []
        for (session, sealed) in rows {
            guard let sealed else { continue }
            let note = LogoutNote(
                try await context.vault.open(sealed, for: .instance, at: OperatorDesk.logoutPlace(of: session)))
            if let known = note.samlSession, asked.names(known) { meant.append(session) }
        }
        return meant
    }
}
