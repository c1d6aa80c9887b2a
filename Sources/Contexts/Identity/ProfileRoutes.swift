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
            openTo: [.active, .suspendedForBilling, .pendingDeletion], forBound: true,
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
            forBound: true, audit: .none(reason: "reads only"),
            response: .object(["data": .array(SessionEntry.schema, maxItems: 10)]),
            responseExample: "{\"data\":[\(SessionEntry.example)]}"
        ) { request in
            let (user, session) = try request.caller().person()
            let entries = try await store.sessions(
                of: user, boundTo: try request.caller().boundTo, at: context.time.now)
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
            forBound: true, audit: .entry(action: AuditAction.sessionRevoke.rawValue), problems: [.notFound],
            response: .nothing,
            status: 204, responseExample: ""
        ) { request in
            let (user, bound) = (try request.caller().person().user, try request.caller().boundTo)
            let wanted = try request.id("id", of: LoginSession.self)
            if bound != nil {
                let known = try await store.sessions(of: user, boundTo: bound, at: context.time.now)
                guard known.contains(where: { $0.id == wanted }) else { throw Problem.notFound }
            }
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
            forBound: true, audit: .entry(action: AuditAction.sessionRevoke.rawValue), idempotency: .natural,
            response: .object(["revoked": .integer(minimum: 0)]), responseExample: #"{"revoked":2}"#
        ) { request in
            let (user, session) = try request.caller().person()
            let bound = try request.caller().boundTo
            let count = try await context.database.asCaller(request) { transaction in
                transaction.atCommit(
                    try request.audit(.sessionRevoke, of: "user:\(user)", at: context.time.now))
                return try await store.endOthers(than: session, of: user, boundTo: bound, in: transaction)
            }
            var json = JSONWriter()
            json.object { $0.member("revoked", count) }
            return .json(json.bytes)
        }
    }

    private func answer(to request: APIRequest) async throws -> APIResponse {
        let (user, session) = try request.caller().person()
        guard
            let profile = try await store.profile(
                user, boundTo: try request.caller().boundTo, at: context.time.now),
            let current = profile.sessions.first(where: { $0.id == session })
        else { throw Problem.unauthenticated }
        let place = try await place(of: request, among: profile.organisations)
        let answer = ProfileAnswer(
            person: profile.person, session: current, organisations: profile.organisations,
            current: place?.organisation, permissions: place?.authority.permissions ?? [],
            csrfToken: request.presentedCSRFToken, boundTo: try request.caller().boundTo)
        let response = APIResponse.json(answer.json)
        guard let place, place.isSubstitute else { return response }
        return response.with(cookies: [SessionCookies.choose(place.organisation.id, lifetime: .seconds(30 * 86_400))])
    }

    /// Where this person works: in the organisation the gate let them into; when the one they were in last is theirs no
    /// more, in another one of theirs, and the browser remembers that from now on.
    private func place(of request: APIRequest, among own: [Membership]) async throws -> WorkPlace? {
        let caller = try request.caller()
        if let org = caller.org, let authority = caller.authority {
            let member = own.first { $0.id == org }
            let entered =
                if let member { Membership?.some(member) } else { try await store.entered(org, as: authority.role) }
            return entered.map { WorkPlace(organisation: $0, authority: authority) }
        }
        guard let last = request.cookie(SessionCookies.organisation).flatMap({ OrgID($0) }), let user = caller.user,
            !own.contains(where: { $0.id == last }), let other = own.favourite(), other.isOpen,
            let authority = try await store.authority(of: user, in: other.id)
        else { return nil }
        return WorkPlace(organisation: other, authority: authority, isSubstitute: true)
    }
}

/// The organisation a person works in, and what they may do there.
private struct WorkPlace {
    let organisation: Membership
    let authority: Authority
    var isSubstitute = false
}
