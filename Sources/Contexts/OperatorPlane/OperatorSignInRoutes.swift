internal import Access
package import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel

/// Setting up, signing in and out, over HTTP.
package struct OperatorSignInRoutes: Sendable {
    private let context: OperatorContext
    private let signIn: OperatorSignIn
    private let setup: OperatorSetup

    package init(_ context: OperatorContext) {
        self.context = context
        signIn = OperatorSignIn(context)
        setup = OperatorSetup(context)
    }

    package var endpoints: [Endpoint] { [login, logout, me, beginSetup, completeSetup] }

    private var login: Endpoint {
        Endpoint(
            .post, "/api/operator/login", summary: "Sign in as an operator",
            access: .public(reason: "this is how an operator's session begins; failures are counted"),
            audit: .entry(action: OperatorAction.sessionCreate.rawValue), rate: .auth,
            problems: [
                OperatorSignInFailure.wrong(failures: 1).problem,
                OperatorSignInFailure.locked(until: Timestamp(seconds: 900), now: Timestamp(seconds: 0)).problem,
                .passwordLoginOff,
                Problem("busy", status: 503, title: "Too many sign-ins at once"),
            ],
            request: .object(["email": .string, "password": .string, "code": .string]),
            response: .object(["operator": OperatorRecord.schema, "csrfToken": .string, "expiresAt": .timestamp]),
            requestExample: #"{"email":"mira@host.example","password":"correct horse battery","code":"123456"}"#,
            responseExample: """
                {"operator":\(OperatorRecord.example),"csrfToken":"pcs_…","expiresAt":"2026-11-21T10:00:00.000Z"}
                """
        ) { [signIn] request in
            let body = try request.json(BodyMembers.self)
            let opened = try await signIn.open(
                try body.text("email").reveal(), try body.text("password"), code: try body.text("code"), from: request)
            return APIResponse.json { json in
                json.member("operator", opened.person)
                json.member("csrfToken", opened.csrfToken.reveal())
                json.member("expiresAt", opened.expiresAt)
            }.with(cookies: opened.cookies)
        }
    }

    private var logout: Endpoint {
        Endpoint(
            .post, "/api/operator/logout", summary: "End this operator's session", access: .operator(.operator),
            audit: .entry(action: OperatorAction.sessionEnd.rawValue), idempotency: .natural, response: .nothing,
            status: 204, responseExample: ""
        ) { [signIn] request in
            try await signIn.end(request)
            return .noContent.with(cookies: OperatorCookies.clear)
        }
    }

    private var me: Endpoint {
        Endpoint(
            .get, "/api/operator/me", summary: "Who is signed in as an operator", access: .operator(.operator),
            audit: .none(reason: "reads nothing of any organisation"),
            response: .object([
                "operator": OperatorRecord.schema, "csrfToken": .string, "expiresAt": .timestamp,
                "absoluteExpiresAt": .timestamp,
                "method": .string.described(
                    "password+totp; oidc or saml, with +totp where the code was asked for here"),
                "providerId": .string.described("Which provider vouched for them").optional,
                "provedAt": .timestamp.described("When they last proved who they are").optional,
            ]),
            responseExample: """
                {"operator":\(OperatorRecord.example),"csrfToken":"pcs_…","expiresAt":"2026-11-21T10:00:00.000Z",\
                "absoluteExpiresAt":"2026-11-21T21:30:00.000Z","method":"password+totp",\
                "provedAt":"2026-11-21T09:30:00.000Z"}
                """
        ) { [context] request in
            let store = OperatorStore(database: context.staff)
            guard let hash = request.presentedOperatorHash, let csrf = request.presentedOperatorCSRFToken,
                let found = try await store.inPerson(hash, at: context.time.now)
            else { throw Problem.unauthenticated }
            let proof = try await OperatorProof(of: request, at: context.time.now, context.staff)
            return .json { json in
                json.member("operator", found.person)
                json.member("csrfToken", csrf.reveal())
                json.member("expiresAt", found.expiresAt)
                json.member("absoluteExpiresAt", found.absolute)
                json.member("method", proof.method)
                json.member("providerId", proof.provider)
                json.member("provedAt", proof.provedAt)
            }
        }
    }

    private static let linkReason = "the link is the credential: 256 random bits, one use, 24 hours"

    private var beginSetup: Endpoint {
        Endpoint(
            .post, "/api/operator/setup/begin", summary: "Begin to set up an operator's account",
            access: .public(reason: Self.linkReason),
            audit: .none(reason: "an authenticator that is not confirmed opens nothing; its confirmation is logged"),
            rate: .auth, problems: [.setupLinkInvalid], request: .object(["token": .string]),
            response: .object([
                "email": .email, "displayName": .string, "role": .string, "secret": .string, "address": .string,
                "picture": .string.described("an SVG of the QR code"), "expiresAt": .timestamp,
            ]),
            requestExample: #"{"token":"osu_…"}"#,
            responseExample: """
                {"email":"mira@host.example","displayName":"Mira","role":"operator","secret":"JBSWY3DPEHPK3PXP",\
                "address":"otpauth://totp/…","picture":"<svg/>","expiresAt":"2026-11-22T09:30:00.000Z"}
                """
        ) { [setup] request in
            let begun = try await setup.begin(try request.json(BodyMembers.self).text("token").reveal())
            return .json { json in
                json.member("email", begun.person.email)
                json.member("displayName", begun.person.displayName)
                json.member("role", begun.person.role.rawValue)
                json.member("secret", begun.secret.reveal())
                json.member("address", begun.address.reveal())
                json.member("picture", begun.picture.reveal())
                json.member("expiresAt", begun.expiresAt)
            }
        }
    }

    private var completeSetup: Endpoint {
        Endpoint(
            .post, "/api/operator/setup/complete", summary: "Set an operator's password and authenticator",
            access: .public(reason: Self.linkReason),
            audit: .entry(action: OperatorAction.operatorSetUp.rawValue), rate: .auth,
            problems: [.setupLinkInvalid, .setupNotBegun],
            request: .object(["token": .string, "password": .string, "code": .string]), response: .nothing,
            status: 204,
            requestExample: #"{"token":"osu_…","password":"correct horse battery","code":"123456"}"#,
            responseExample: ""
        ) { [setup] request in
            let body = try request.json(BodyMembers.self)
            try await setup.complete(
                try body.text("token").reveal(), password: try body.text("password"), code: try body.text("code"),
                from: request)
            return .noContent
        }
    }
}
