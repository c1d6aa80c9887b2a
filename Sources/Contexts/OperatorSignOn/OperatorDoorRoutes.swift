internal import Access
internal import Audit
internal import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SignOnKit
internal import Vault

/// Where operators' browsers go to a provider, and where providers send them back to.
struct OperatorDoorRoutes: Sendable {
    private let context: OperatorSignOn
    private let doors: OperatorDoors

    init(_ context: OperatorSignOn) {
        self.context = context
        doors = OperatorDoors(context)
    }

    var endpoints: [Endpoint] {
        [
            oidcLogin, oidcCallback, oidcLoggedOut, backchannel, samlLogin, metadata, assertion, complete, logoutByLink,
            logoutByForm, code, logout,
        ]
    }

    private var oidc: OperatorOIDCDoor { OperatorOIDCDoor(doors: doors) }
    private var saml: OperatorSAMLDoor { OperatorSAMLDoor(doors: doors) }

    private static let toProvider = "leads to the installation's provider; it proves who comes back"
    private static let fromProvider = "the provider's own word is the credential: signed, for this provider, used once"

    private static let login = AuditRule.entry(action: OperatorAction.sessionCreate.rawValue)
    private static let ended = AuditRule.entry(action: OperatorAction.sessionEnd.rawValue)
    private static let later = AuditRule.none(reason: "the answer of the provider leaves the entry")
    private static let wishes = [
        QueryParameter("returnTo", .string, summary: "the page of ours to come back to"),
        QueryParameter("fresh", .string, summary: "true: the provider asks the person anew"),
    ]

    private func door(
        _ path: String, _ summary: String, reason: String, audit: AuditRule, query: [QueryParameter] = [],
        status: Int = 303, _ handler: @escaping Endpoint.Handler
    ) -> Endpoint {
        Endpoint(
            .get, path, summary: summary, access: .public(reason: reason), audit: audit, rate: .sso, query: query,
            response: .nothing, status: status, responseExample: "", handler: handler)
    }

    private var oidcLogin: Endpoint {
        door(
            "/api/operator/oidc/{provider}/login", "Go to an OpenID provider to sign in as an operator",
            reason: Self.toProvider, audit: Self.later, query: Self.wishes, status: 302
        ) { [doors] in try await doors.login($0, type: "oidc") }
    }

    private var oidcCallback: Endpoint {
        door(
            "/api/operator/oidc/{provider}/callback", "Come back from an OpenID provider as an operator",
            reason: Self.fromProvider, audit: Self.login,
            query: [
                QueryParameter("state", .string, summary: "what was sent along"),
                QueryParameter("code", .string, summary: "the provider's code"),
                QueryParameter("error", .string, summary: "why there is no code"),
                QueryParameter("iss", .string, summary: "who answers (RFC 9207)"),
            ]
        ) { [oidc] in try await oidc.callback($0) }
    }

    private var oidcLoggedOut: Endpoint {
        door(
            "/api/operator/oidc/{provider}/logout", "Come back from logging out at an OpenID provider as an operator",
            reason: "changes nothing, leads to the sign-in page", audit: .none(reason: "changes nothing")
        ) { _ in .redirect(to: "/login?logout=success", status: 303) }
    }

    private var backchannel: Endpoint {
        Endpoint(
            .post, "/api/operator/oidc/{provider}/backchannel-logout",
            summary: "An OpenID provider says that a session of an operator is over",
            access: .public(reason: Self.fromProvider), audit: Self.ended, rate: .sso,
            problems: [.notFound, .logoutRefused("…")], request: .media("application/x-www-form-urlencoded"),
            response: .object(["success": .boolean]), requestExample: "logout_token=eyJ…",
            responseExample: #"{"success":true}"#
        ) { [oidc] in try await oidc.backchannel($0) }
    }

    private var samlLogin: Endpoint {
        door(
            "/api/operator/saml/{provider}/login", "Go to a SAML provider to sign in as an operator",
            reason: Self.toProvider, audit: Self.later, query: Self.wishes, status: 302
        ) { [doors] in try await doors.login($0, type: "saml") }
    }

    private var metadata: Endpoint {
        Endpoint(
            .get, "/api/operator/saml/{provider}/metadata",
            summary: "What a SAML provider wants to know of the operators' door, as XML", kind: .download,
            access: .public(reason: "names addresses and a public key; providers fetch it themselves"),
            audit: .none(reason: "reads only"), rate: .sso, problems: [.notFound],
            response: .media("application/samlmetadata+xml"), responseExample: "<md:EntityDescriptor …/>"
        ) { [saml] in try await saml.metadata($0) }
    }

    private var assertion: Endpoint {
        Endpoint(
            .post, "/api/operator/saml/{provider}/acs", summary: "Come back from a SAML provider as an operator",
            access: .public(reason: Self.fromProvider), audit: Self.login, rate: .sso,
            request: .media("application/x-www-form-urlencoded"), response: .nothing, status: 303,
            requestExample: "SAMLResponse=PHNhbWxwO…", responseExample: "", maxBodyBytes: OperatorSAMLDoor.mostBytes
        ) { [saml] in try await saml.consume($0) }
    }

    private var complete: Endpoint {
        door(
            "/api/operator/saml/{provider}/complete",
            "Come back once more, with the cookie that the form did not bring",
            reason: "the ticket and the cookie of the browser that began it are the credential", audit: Self.login,
            query: [QueryParameter("ticket", .string, summary: "of the answer that waits")]
        ) { [saml] in try await saml.complete($0) }
    }

    private var logoutByLink: Endpoint {
        Endpoint(
            .get, "/api/operator/saml/{provider}/slo", summary: "Single logout of an operator, by a link",
            access: .public(reason: Self.fromProvider), audit: Self.ended, rate: .sso, problems: [.logoutRefused("…")],
            query: [
                QueryParameter("SAMLRequest", .string, summary: "a logout request"),
                QueryParameter("SAMLResponse", .string, summary: "the answer to ours"),
            ], response: .nothing, status: 303, responseExample: ""
        ) { [saml] in try await saml.logout($0) }
    }

    private var logoutByForm: Endpoint {
        Endpoint(
            .post, "/api/operator/saml/{provider}/slo", summary: "The same, as a form",
            access: .public(reason: Self.fromProvider), audit: Self.ended, rate: .sso, problems: [.logoutRefused("…")],
            request: .media("application/x-www-form-urlencoded"), response: .nothing, status: 303,
            requestExample: "SAMLRequest=PHNhbWxwO…", responseExample: "", maxBodyBytes: OperatorSAMLDoor.mostBytes
        ) { [saml] in try await saml.logout($0) }
    }

    private var code: Endpoint {
        Endpoint(
            .post, "/api/operator/sso/code",
            summary: "The authenticator's code, where the provider did not say that it asked for a second factor",
            access: .public(reason: "the provider's answer waits for the browser that began; failures are counted"),
            audit: Self.login, rate: .auth,
            problems: OperatorContext.codeProblems + [.codeNotWanted, .operatorRefused(.accountShut)],
            request: .object(["code": .string]),
            response: .object(["csrfToken": .string, "expiresAt": .timestamp, "returnTo": .string]),
            requestExample: #"{"code":"123456"}"#,
            responseExample: #"{"csrfToken":"pcs_…","expiresAt":"2026-11-22T10:00:00.000Z","returnTo":"/orgs"}"#
        ) { [doors] request in
            let opened = try await doors.desk.complete(
                try request.json(BodyMembers.self).text("code"), from: request)
            return APIResponse.json { json in
                json.member("csrfToken", opened.csrf.reveal())
                json.member("expiresAt", opened.expiresAt)
                json.member("returnTo", opened.returnTo)
            }.with(cookies: opened.cookies)
        }
    }

    private var logout: Endpoint {
        Endpoint(
            .post, "/api/operator/sso/logout",
            summary: "End this operator's session here, and begin to end it at its provider",
            access: .operator(.operator), audit: Self.ended, idempotency: .natural, rate: .auth,
            response: Departure.schema,
            responseExample: #"{"url":"https://login.host.example/logout?…"}"#
        ) { [self] request in
            let proof = try await OperatorProof(of: request, at: context.time.now, context.staff)
            var note: LogoutNote?
            if let sealed = proof.logout {
                note = LogoutNote(
                    try await context.vault.open(
                        sealed, for: .instance, at: OperatorDesk.logoutPlace(of: proof.session)))
            }
            let entry = try request.entry(.sessionEnd, of: "operator_session:\(proof.session)")
            try await context.staff.asNobody { transaction in
                _ = try await transaction.first("SELECT end_operator_session(\(request.presentedOperatorHash ?? []))") {
                    try $0.next(OperatorSessionID?.self)
                }
                transaction.atCommit(entry, at: context.time.now)
            }
            var departure: Departure?
            if let id = proof.provider, let provider = try await doors.store.one(id) {
                departure = await context.dialogue.logout(
                    at: provider.speech, provider.addresses(at: context.operators.url), key: provider.key, note)
            }
            return APIResponse.json { [departure] in departure?.tell(&$0) }.with(cookies: OperatorCookies.clear)
        }
    }
}
