package import HTTPKit
package import Kernel
package import Postgres

/// How long a sign-in, or a repeated proof of who one is, opens the doors that a stolen cookie must not open.
package enum FreshSession {
    package static let lifetime: Duration = .seconds(600)

    /// When the session was begun or last confirmed; no row for a session that has ended.
    package static func query(_ session: SessionID) -> SQL { "SELECT session_confirmed_at(\(session))" }
}

extension Problem {
    /// Sensitive changes want the person, not only their cookie. Tokens never get in here.
    package static let freshSessionRequired = Problem(
        "fresh-session-required", status: 403, title: "Confirm that it is you",
        detail: "This needs a sign-in of the last 10 minutes: confirm it with POST /api/security/step-up and try again."
    )
}

extension Transaction {
    /// - Throws: 403 `fresh-session-required` unless the caller signed in or confirmed who they are within ten minutes.
    package func requireFreshSession(_ request: APIRequest, at now: Timestamp) async throws {
        let session: SessionID
        switch try request.caller().principal {
        case .user(_, let own), .provider(_, _, let own): session = own
        case .token, .agent, .external, .scim, .operator, .system: throw Problem.freshSessionRequired
        }
        let confirmedAt = try await first(FreshSession.query(session)) { try $0.next(Timestamp?.self) } ?? nil
        guard let confirmedAt, now - confirmedAt < FreshSession.lifetime else { throw Problem.freshSessionRequired }
    }
}
