internal import Access
internal import Audit
internal import Cryptography
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SAML
internal import SignOnKit
internal import Vault

/// Single logout, both ways: what a provider tells us is over, and its answer when it was we who said so.
struct SAMLLogoutDoor: Sendable {
    let doors: Doors
    private var context: SSOContext { doors.context }

    func answer(_ request: APIRequest) async throws -> APIResponse {
        guard let place = try await doors.place(of: request, type: "saml"),
            case .saml(let settings) = place.provider.speech
        else { return doors.nowhere("saml") }
        do {
            let (incoming, relayState) = try request.samlLogoutMessage()
            switch incoming.kind {
            case .logoutRequest:
                let (asked, own) = try await context.dialogue.logoutRequest(
                    incoming, settings, at: place.addresses, key: place.key)
                return try await end(asked, own, relayState, at: place, from: request)
            case .logoutResponse:
                // Nothing hangs on it: the session here was over before the provider was asked.
                return .redirect(to: "/login?logout=success", status: 303)
            case .response: throw SSORefusal(SAMLRefusal(.notAResponse))
            }
        } catch let refusal as SSORefusal {
            try await doors.noteLogout(refused: refusal, at: place, from: request)
            throw Problem.logoutRefused(refusal.sentence)
        }
    }

    private func end(
        _ asked: SAMLLogoutRequest, _ own: SAMLServiceProvider, _ relayState: String?, at place: Doors.Place,
        from request: APIRequest
    ) async throws -> APIResponse {
        try await context.database.asOrg(place.org) { transaction in
            let used = Digests.sha256("logout\0\(asked.id)")
            guard
                try await doors.flows.use(
                    used, of: place.provider.id, until: asked.expiresAt, in: place.org, transaction)
            else { throw SSORefusal.replayed }
            let meant = try await sessions(of: asked, at: place, transaction)
            let ended = try await transaction.rows(
                "SELECT session_id FROM end_sso_sessions(\(place.provider.id), NULL, NULL, \(meant))"
            ) { try $0.next(SessionID.self) }
            doors.noteLogout(of: ended, at: place, from: request, transaction)
        }
        return try context.dialogue.answer(to: asked, by: own, relayState)
    }

    /// The sessions of the person that the provider names; at most 100 are looked through.
    private func sessions(
        of asked: SAMLLogoutRequest, at place: Doors.Place, _ transaction: Transaction
    ) async throws -> [SessionID] {
        let rows = try await transaction.rows(
            """
            SELECT session_id, logout FROM sso_sessions
            WHERE provider_id = \(place.provider.id) AND name_hash = \(Digests.sha256(asked.name.value))
            ORDER BY created_at DESC LIMIT 100
            """
        ) { (try $0.next(SessionID.self), try $0.next(Sealed?.self)) }
        var meant: [SessionID] = []
        for (session, sealed) in rows {
            guard let sealed else { continue }
            let note = LogoutNote(
                try await context.vault.open(sealed, for: .org(place.org), at: LogoutNote.place(of: session)))
            if let known = note.samlSession, asked.names(known) { meant.append(session) }
        }
        return meant
    }
}
