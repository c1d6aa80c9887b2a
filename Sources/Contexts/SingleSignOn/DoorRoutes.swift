internal import Audit
internal import HTTPKit
internal import Kernel
internal import SAML
internal import SignOnKit

/// Where browsers go to a provider, and where providers send them back to. Every path names organisation and provider.
struct DoorRoutes: Sendable {
    private let doors: Doors

    init(_ context: SSOContext) { doors = Doors(context) }

    var endpoints: [Endpoint] {
        [
            oidcLogin, oidcCallback, oidcLoggedOut, backchannel, samlLogin, metadata, assertion, complete, logoutByLink,
            logoutByForm, leave,
        ]
    }

    private var oidc: OIDCDoor { OIDCDoor(doors: doors) }
    private var saml: SAMLDoor { SAMLDoor(doors: doors) }

    private static let toProvider = "leads to the organisation's provider; it proves who comes back"
    private static let fromProvider = "the provider's own word is the credential: signed, for this provider, used once"

    private static let login = AuditRule.entry(action: AuditAction.ssoLogin.rawValue)
    private static let later = AuditRule.none(reason: "the answer of the provider leaves the entry")

    private func door(
        _ path: String, _ summary: String, reason: String, audit: AuditRule, query: [QueryParameter] = [],
        status: Int = 303, _ handler: @escaping Endpoint.Handler
    ) -> Endpoint {
        Endpoint(
            .get, path, summary: summary, access: .public(reason: reason), audit: audit, rate: .sso, query: query,
            response: .nothing,
            status: status, responseExample: "", handler: handler)
    }

    private var oidcLogin: Endpoint {
        door(
            "/api/oidc/{org}/{provider}/login", "Go to an OpenID provider to sign in", reason: Self.toProvider,
            audit: Self.later, query: Self.wishes, status: 302
        ) { [doors] in try await doors.login($0, type: "oidc") }
    }

    private var oidcCallback: Endpoint {
        door(
            "/api/oidc/{org}/{provider}/callback", "Come back from an OpenID provider", reason: Self.fromProvider,
            audit: Self.login,
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
            "/api/oidc/{org}/{provider}/logout", "Come back from logging out at an OpenID provider",
            reason: "changes nothing, leads to the sign-in page", audit: .none(reason: "changes nothing")
        ) { _ in .redirect(to: "/login?logout=success", status: 303) }
    }

    private var backchannel: Endpoint {
        Endpoint(
            .post, "/api/oidc/{org}/{provider}/backchannel-logout",
            summary: "An OpenID provider says that a session of its is over",
            access: .public(reason: Self.fromProvider), audit: .entry(action: AuditAction.ssoLogout.rawValue),
            rate: .sso, problems: [.notFound, .logoutRefused("…")],
            request: .media("application/x-www-form-urlencoded"),
            response: .object(["success": .boolean]), requestExample: "logout_token=eyJ…",
            responseExample: #"{"success":true}"#
        ) { [oidc] in try await oidc.backchannel($0) }
    }

    private var samlLogin: Endpoint {
        door(
            "/api/saml/{org}/{provider}/login", "Go to a SAML provider to sign in", reason: Self.toProvider,
            audit: Self.later, query: Self.wishes, status: 302
        ) { [doors] in try await doors.login($0, type: "saml") }
    }

    private static let wishes = [
        QueryParameter("returnTo", .string, summary: "the page of ours to come back to"),
        QueryParameter("loginHint", .string, summary: "the e-mail address that was typed"),
    ]

    private var metadata: Endpoint {
        Endpoint(
            .get, "/api/saml/{org}/{provider}/metadata", summary: "What a SAML provider wants to know of us, as XML",
            kind: .download, access: .public(reason: "names addresses and a public key; providers fetch it themselves"),
            audit: .none(reason: "reads only"), rate: .sso, problems: [.notFound],
            response: .media("application/samlmetadata+xml"),
            responseExample: "<md:EntityDescriptor …/>"
        ) { [saml] in try await saml.metadata($0) }
    }

    private var assertion: Endpoint {
        Endpoint(
            .post, "/api/saml/{org}/{provider}/acs", summary: "Come back from a SAML provider",
            access: .public(reason: Self.fromProvider), audit: .entry(action: AuditAction.ssoLogin.rawValue),
            rate: .sso, request: .media("application/x-www-form-urlencoded"), response: .nothing,
            status: 303, requestExample: "SAMLResponse=PHNhbWxwO…", responseExample: "",
            maxBodyBytes: SAMLDoor.mostBytes
        ) { [saml] in try await saml.consume($0) }
    }

    private var complete: Endpoint {
        door(
            "/api/saml/{org}/{provider}/complete", "The browser's own step after a SAML provider's answer",
            reason: "the ticket is good once, two minutes, in the browser that began it", audit: Self.login,
            query: [QueryParameter("ticket", .string, summary: "what the answer became")]
        ) { [saml] in try await saml.complete($0) }
    }

    private var logoutByLink: Endpoint {
        Endpoint(
            .get, "/api/saml/{org}/{provider}/slo", summary: "A SAML provider ends sessions, or answers that it did",
            access: .public(reason: Self.fromProvider), audit: .entry(action: AuditAction.ssoLogout.rawValue),
            rate: .sso, problems: [.logoutRefused("…")],
            query: [
                QueryParameter("SAMLRequest", .string, summary: "a logout request"),
                QueryParameter("SAMLResponse", .string, summary: "the answer to ours"),
            ], response: .nothing, status: 303, responseExample: ""
        ) { [doors] in try await SAMLLogoutDoor(doors: doors).answer($0) }
    }

    private var leave: Endpoint {
        Endpoint(
            .get, "/api/sso/leave", summary: "The page by which the console posts a form to a provider",
            kind: .download,
            access: .public(reason: "it holds nothing: what it posts, the tab that went there has put down itself"),
            audit: .none(reason: "changes nothing"), rate: .sso, response: .media("text/html"),
            responseExample: "<!doctype html>…"
        ) { _ in Departure.leaving }
    }

    private var logoutByForm: Endpoint {
        Endpoint(
            .post, "/api/saml/{org}/{provider}/slo", summary: "The same, as a form",
            access: .public(reason: Self.fromProvider), audit: .entry(action: AuditAction.ssoLogout.rawValue),
            rate: .sso, problems: [.logoutRefused("…")],
            request: .media("application/x-www-form-urlencoded"), response: .nothing,
            status: 303, requestExample: "SAMLRequest=PHNhbWxwO…", responseExample: "",
            maxBodyBytes: SAMLDoor.mostBytes
        ) { [doors] in try await SAMLLogoutDoor(doors: doors).answer($0) }
    }
}
