internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// A person's own account: who am I, my name, my sessions.
package struct ProfileRoutes: Sendable {
    private let context: IdentityContext
    private let store: PersonStore

    package init(_ context: IdentityContext) {
        self.context = context
        store = PersonStore(database: context.database)
    }

    package var endpoints: [Endpoint] { [me, rename, sessions, revoke, revokeOthers] }

    private var me: Endpoint {
        Endpoint(
            .get, "/api/me", summary: "Who is signed in, where, and what they may do", access: .session,
            openTo: [.active, .suspendedForBilling, .pendingDeletion],
            audit: .none(reason: "reads only"), response: ProfileAnswer.schema, responseExample: ProfileAnswer.example
        ) { request in try await answer(to: request) }
    }

    private var rename: Endpoint {
        Endpoint(
            .patch, "/api/me", summary: "Change one's display name", access: .session,
            audit: .entry(action: AuditAction.userUpdate.rawValue), idempotency: .natural,
            problems: [.invalidField("displayName", "one line of 1 to 128 bytes is wanted")],
            request: .object(["displayName": .string(minLength: 1, maxLength: 128)]), response: ProfileAnswer.schema,
            requestExample: #"{"displayName":"Ana Petrović"}"#, responseExample: ProfileAnswer.example
        ) { request in
            let user = try request.caller().person().user
            let name = try DisplayName.check(try DisplayNameRequest(json: request.body).displayName)
            try await context.database.asCaller(request) { transaction in
                try await store.rename(user, to: name, in: transaction)
                transaction.atCommit(try request.audit(.userUpdate, of: "user:\(user)", at: context.time.now))
            }
            return try await answer(to: request)
        }
    }

    private var sessions: Endpoint {
        Endpoint(
            .get, "/api/sessions", summary: "One's own sessions, newest first", access: .session,
            audit: .none(reason: "reads only"), response: .object(["data": .array(SessionEntry.schema, maxItems: 10)]),
            responseExample: "{\"data\":[\(SessionEntry.example)]}"
        ) { request in
            let (user, session) = try request.caller().person()
            let entries = try await store.sessions(of: user, at: context.time.now)
            var json = JSONWriter()
            json.object { json in
                json.array("data") { json in
                    for entry in entries { entry.write(to: &json, isCurrent: entry.id == session) }
                }
            }
            return .json(json.bytes)
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, "/api/sessions/{id}", summary: "End one of one's own sessions", access: .session,
            audit: .entry(action: AuditAction.sessionRevoke.rawValue), problems: [.notFound], response: .nothing,
            status: 204, responseExample: ""
        ) { request in
            let user = try request.caller().person().user
            let wanted = try request.id("id", of: LoginSession.self)
            try await context.database.asCaller(request) { transaction in
                guard try await store.end(wanted, of: user, in: transaction) else { throw Problem.notFound }
                transaction.atCommit(try request.audit(.sessionRevoke, of: "session:\(wanted)", at: context.time.now))
            }
            return .noContent
        }
    }

    private var revokeOthers: Endpoint {
        Endpoint(
            .post, "/api/sessions/revoke-others", summary: "End all of one's sessions but this one", access: .session,
            audit: .entry(action: AuditAction.sessionRevoke.rawValue), idempotency: .natural,
            response: .object(["revoked": .integer(minimum: 0)]), responseExample: #"{"revoked":2}"#
        ) { request in
            let (user, session) = try request.caller().person()
            let count = try await context.database.asCaller(request) { transaction in
                transaction.atCommit(
                    try request.audit(.sessionRevoke, of: "user:\(user)", at: context.time.now))
                return try await store.endOthers(than: session, of: user, in: transaction)
            }
            var json = JSONWriter()
            json.object { $0.member("revoked", count) }
            return .json(json.bytes)
        }
    }

    private func answer(to request: APIRequest) async throws -> APIResponse {
        let caller = try request.caller()
        let (user, session) = try caller.person()
        guard let profile = try await store.profile(user, at: context.time.now),
            let current = profile.sessions.first(where: { $0.id == session })
        else { throw Problem.unauthenticated }
        let answer = ProfileAnswer(
            person: profile.person, session: current, organisations: profile.organisations, org: caller.org,
            permissions: caller.authority?.permissions ?? [], csrfToken: request.presentedCSRFToken)
        return .json(answer.json)
    }
}
