internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// What a member does with their own sign-in through providers: linking, proving anew, logging out.
struct OwnRoutes: Sendable {
    private let context: SSOContext
    private let doors: Doors

    init(_ context: SSOContext) {
        self.context = context
        doors = Doors(context)
    }

    var endpoints: [Endpoint] { [links, link, unlink, stepUp, logout] }

    private var links: Endpoint {
        Endpoint(
            .get, "/api/sso/links", summary: "The subjects at providers that one signs in with here",
            access: .session, forBound: true, audit: .none(reason: "reads only"),
            response: .object(["data": .array(Self.linkSchema, maxItems: 100)]),
            responseExample: """
                {"data":[{"providerId":"okta","subject":"00u1a2b3","linkedAt":"2026-11-22T09:30:00.000Z",\
                "linkedBy":"domain","lastLoginAt":"2026-11-22T09:30:00.000Z"}]}
                """
        ) { [context] request in
            let user = try request.caller().person().user
            let all = try await context.database.rows(
                in: try request.org(),
                """
                SELECT provider_id, subject, linked_at, linked_by, last_login_at FROM sso_links
                WHERE user_id = \(user) ORDER BY provider_id, linked_at LIMIT 100
                """
            ) { row in
                (
                    try row.next(String.self), try row.next(String.self), try row.next(Timestamp.self),
                    try row.next(String.self), try row.next(Timestamp.self)
                )
            }
            return .json { json in
                json.array("data") { json in
                    for (provider, subject, at, how, last) in all {
                        json.object { json in
                            json.member("providerId", provider)
                            json.member("subject", subject)
                            json.member("linkedAt", at)
                            json.member("linkedBy", how)
                            json.member("lastLoginAt", last)
                        }
                    }
                }
            }
        }
    }

    private static let linkSchema = Schema.object([
        "providerId": .string, "subject": .string, "linkedAt": .timestamp,
        "linkedBy": .enumeration(["domain", "person", "directory", "new"]), "lastLoginAt": .timestamp,
    ])

    private var link: Endpoint {
        Endpoint(
            .post, "/api/sso/links/{provider}", summary: "Begin to link one's subject at a provider",
            access: .permission(.readOrg), audit: .none(reason: "the answer of the provider leaves the entry"),
            rate: .auth, problems: [.freshSessionRequired, .providerNotFound, .providerAway("…")],
            request: .object(["returnTo": .string.optional]), response: Departure.schema,
            requestExample: #"{"returnTo":"/settings/security"}"#,
            responseExample: #"{"url":"https://login.example.com/authorize?…"}"#
        ) { [context, doors] request in
            let (user, session) = try request.caller().person()
            let (org, now) = (try request.org(), context.time.now)
            let returnTo = try request.json(JSONValue.self)["returnTo"]?.string
            try await context.database.asOrg(org) { try await $0.requireFreshSession(request, at: now) }
            return try await doors.departure(
                .init(kind: .link, user: user, session: session), to: request.parameters["provider"] ?? "",
                returnTo: returnTo, from: request)
        }
    }

    private var unlink: Endpoint {
        Endpoint(
            .delete, "/api/sso/links/{provider}", summary: "Forget one's subject at a provider",
            access: .permission(.readOrg), audit: .entry(action: AuditAction.ssoUnlink.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .linkNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [context] request in
            let user = try request.caller().person().user
            let (org, now, provider) = (try request.org(), context.time.now, request.parameters["provider"] ?? "")
            let entry = try request.audit(.ssoUnlink, of: "sso_provider:\(provider)", at: now)
            try await context.database.asOrg(org) { transaction in
                try await transaction.requireFreshSession(request, at: now)
                let gone = try await transaction.execute(
                    "DELETE FROM sso_links WHERE user_id = \(user) AND provider_id = \(provider)")
                guard gone > 0 else { throw Problem.linkNotFound }
                transaction.atCommit(entry)
            }
            return .noContent
        }
    }

    private var stepUp: Endpoint {
        Endpoint(
            .post, "/api/sso/step-up", summary: "Begin to prove anew, at one's provider, who one is",
            access: .permission(.readOrg), audit: .none(reason: "the answer of the provider leaves the entry"),
            rate: .auth, problems: [.notBySSO, .providerNotFound, .providerAway("…")],
            request: .object(["returnTo": .string.optional]), response: Departure.schema,
            requestExample: #"{"returnTo":"/settings/sso"}"#,
            responseExample: #"{"url":"https://login.example.com/authorize?…"}"#
        ) { [self] request in
            let (user, session) = try request.caller().person()
            let returnTo = try request.json(JSONValue.self)["returnTo"]?.string
            guard let provider = try await provider(of: session, in: try request.org()) else { throw Problem.notBySSO }
            return try await doors.departure(
                .init(kind: .stepUp, user: user, session: session), to: provider, returnTo: returnTo, from: request)
        }
    }

    private var logout: Endpoint {
        Endpoint(
            .post, "/api/sso/logout", summary: "End this session here, and begin to end it at its provider",
            access: .permission(.readOrg), openTo: [.active, .suspendedForBilling, .pendingDeletion],
            audit: .entry(action: AuditAction.ssoLogout.rawValue), idempotency: .natural, rate: .auth,
            problems: [.notBySSO],
            response: Departure.schema,
            responseExample: #"{"url":"https://login.example.com/logout?…"}"#
        ) { [self] request in
            let (org, now) = (try request.org(), context.time.now)
            let (_, session) = try request.caller().person()
            guard let id = try await provider(of: session, in: org) else { throw Problem.notBySSO }
            let kept = try await context.database.first(
                in: org, "SELECT logout FROM sso_sessions WHERE session_id = \(session)"
            ) { try $0.next(Sealed?.self) }.flatMap { $0 }
            var note: LogoutNote?
            if let kept {
                note = LogoutNote(
                    try await context.vault.open(kept, for: .org(org), at: LogoutNote.place(of: session)))
            }
            let entry = try request.audit(.ssoLogout, of: "session:\(session)", at: now)
            try await context.database.asOrg(org) { transaction in
                _ = try await transaction.rows(
                    "SELECT session_id FROM end_sso_sessions(\(id), NULL, NULL, \([session]))"
                ) { try $0.next(SessionID.self) }
                transaction.atCommit(entry)
            }
            let departure = try await departure(from: id, note, in: org)
            return APIResponse.json { departure?.tell(&$0) }.with(cookies: SessionCookies.clear)
        }
    }

    private func provider(of session: SessionID, in org: OrgID) async throws -> String? {
        try await context.database.first(
            in: org, "SELECT provider_id FROM sso_sessions WHERE session_id = \(session)"
        ) { try $0.next(String.self) }
    }

    /// `nil` where the provider does not want to be told, or is away: the session here is over all the same.
    private func departure(from id: String, _ note: LogoutNote?, in org: OrgID) async throws -> Departure? {
        guard let place = try await doors.place(of: id, in: org) else { return nil }
        return await context.dialogue.logout(at: place.provider.speech, place.addresses, key: place.key, note)
    }
}
