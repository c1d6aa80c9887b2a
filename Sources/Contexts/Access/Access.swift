// Access: who may do what. One gate stands before every endpoint.
// Owns: reading credentials, admitting sessions, API tokens and agents (one row of the database each), the choice of
// organisation, roles, CSRF, API tokens, and the fused read that admits and queries in one round trip.
// Leaves to others: how a session begins (Identity), how an agent gets its token (Fleet), what an endpoint demands.
// Nothing is cached: a session or token that is revoked is refused from the next request on.
package import HTTPKit
package import Kernel

extension Problem {
    /// A token was presented, and it is not (or no longer) one of ours. Told even when a good session came with it.
    package static let invalidToken = Problem(
        "invalid-token", status: 401, title: "This token is not valid", detail: "It is unknown, revoked or mistyped.")
    /// The agent of this token was removed. Its machine stays out until somebody enrols it again.
    package static let agentRevoked = Problem(
        "agent-revoked", status: 401, title: "This agent was removed",
        detail: "Enrol the machine again with a new one-time token.")
    package static let csrfFailed = Problem(
        "csrf-failed", status: 403, title: "The request did not come from our pages",
        detail: "Send the session's csrfToken in the header X-CSRF-Token.")
    /// Unknown, malformed and foreign alike.
    package static let organisationNotFound = Problem(
        "organisation-not-found", status: 404, title: "No such organisation")
    /// Told to its own members and agents only.
    package static let organisationSuspended = Problem(
        "org-suspended", status: 403, title: "This organisation is suspended",
        detail: "Its owner can find out why and restore it.")
    /// Told to members alone: the domain of their address belongs to the organisation, which wants its own provider's word.
    package static let ssoRequired = Problem(
        "sso-required", status: 403, title: "Sign in through your organisation",
        detail: "This organisation lets you in by single sign-on alone: begin at /login with your e-mail address.")
    /// The organisation limits how long a session is good for.
    package static let sessionTooOld = Problem(
        "session-too-old", status: 401, title: "This session is older than the organisation allows",
        detail: "Sign in again.")
    /// A session that one organisation's provider vouched for reaches that organisation, not the account.
    package static let boundSession = Problem(
        "bound-session", status: 403, title: "This session belongs to one organisation",
        detail:
            "It was opened by single sign-on. What concerns your account wants a sign-in with your own password, link or passkey."
    )
    /// A token where only people are let in, or an agent's where only people and API tokens are.
    package static let notForTokens = Problem(
        "permission-denied", status: 403, title: "Your role does not allow this",
        detail: "This token may not be used here.", code: "access_denied")
}

extension Caller {
    /// The session the caller came with; `nil` for agents and tokens.
    package var session: SessionID? {
        switch principal {
        case .user(_, let session), .provider(_, _, let session): session
        case .token, .agent, .external, .scim, .operator, .system: nil
        }
    }

    /// - Throws: 401 when the caller is not a person.
    package func person() throws(Problem) -> (user: UserID, session: SessionID) {
        guard let user, let session else { throw .unauthenticated }
        return (user, session)
    }
}

/// The agent behind a runtime token, as of this request.
package struct AdmittedAgent: Hashable, Sendable {
    package let id: AgentID
    package let org: OrgID
    package let shard: Int16
    /// The machine it was enrolled on.
    package let machineID: String
    package let hostname: String
}
