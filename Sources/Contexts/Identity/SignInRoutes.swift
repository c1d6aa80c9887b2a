internal import Access
internal import Audit
internal import Cryptography
package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Signing in and out, over HTTP.
package struct SignInRoutes: Sendable {
    private let signIn: SignIn
    private let context: IdentityContext

    package init(_ context: IdentityContext) {
        self.context = context
        signIn = SignIn(context)
    }

    package var endpoints: [Endpoint] { [login, requestLink, openLink, verifyLink, logout] }

    private var login: Endpoint {
        Endpoint(
            .post, "/api/login", summary: "Sign in with e-mail address and password",
            access: .public(reason: "this is how a session begins; failures are counted"),
            audit: .entry(action: AuditAction.sessionCreate.rawValue), rate: .auth,
            problems: [
                SignInError.wrong(failures: 1).problem, SecondStepChallenge.example,
                SignInError.locked(until: Timestamp(seconds: 900), now: Timestamp(seconds: 0)).problem,
                Problem("busy", status: 503, title: "Too many sign-ins at once"),
            ],
            request: LoginRequest.schema, response: SignedIn.schema,
            requestExample: #"{"username":"ana@example.org","password":"correct horse battery"}"#,
            responseExample: SignedIn.example
        ) { [signIn] request in
            let body = try LoginRequest(json: request.body)
            let signedIn = try await signIn.byPassword(
                body.username, body.password, remember: body.rememberMe, from: request
            ).session()
            return .json(signedIn.json).with(cookies: signedIn.cookies)
        }
    }

    private var requestLink: Endpoint {
        Endpoint(
            .post, "/api/public/magic-link/request", summary: "Ask for a sign-in link by mail",
            access: .public(reason: "answers the same whoever asks, and mails only the account's own address"),
            audit: .none(reason: "changes nothing; the sign-in that follows leaves its entry"), rate: .magicLink,
            request: .object(["email": .email]), response: .object(["success": .boolean, "message": .string]),
            requestExample: #"{"email":"ana@example.org"}"#,
            responseExample: String(decoding: Self.linkAnswer, as: UTF8.self)
        ) { [signIn] request in
            let cookie = try await signIn.requestLink(to: try EmailRequest(json: request.body).email)
            return .json(Self.linkAnswer).with(cookies: [cookie])
        }
    }

    private static let linkAnswer = Array(
        #"{"success":true,"message":"If there is an account for this address, a sign-in link is on its way."}"#.utf8)

    /// A GET may come from a scanner of a mail server or a preview, so by itself it uses nothing up: only the browser that
    /// asked for the link goes straight in, and a program that asks for JSON. Everybody else gets a page with a button.
    private var openLink: Endpoint {
        Endpoint(
            .get, "/api/public/magic-link/verify", summary: "Open a sign-in link",
            access: .public(reason: "the link is the credential: 256 random bits, one use, 15 minutes"),
            audit: .entry(action: AuditAction.sessionCreate.rawValue), rate: .auth,
            problems: [SignInError.badLink.problem, SecondStepChallenge.example],
            query: [QueryParameter("token", .string, summary: "the link's token, ml1_…")],
            response: Self.verifiedSchema, responseExample: Self.verifiedExample
        ) { [signIn] request in
            let token = request.query["token"] ?? ""
            let wantsJSON = request.headers.all("accept").contains { $0.lowercased().contains("application/json") }
            guard wantsJSON || signIn.isAsker(of: token, request) else {
                guard let known = BearerToken(token.trimmed, kind: .magicLink) else { return Self.refusedLink }
                return .redirect(to: "/magic-link?token=\(known.text.reveal())")
            }
            do {
                let step = try await signIn.byLink(token, from: request)
                if case .challenged(let challenge) = step, !wantsJSON {
                    // Behind the hash, so that no server and no log sees it.
                    return .redirect(to: "/login#second-factor=\(challenge.token.reveal())")
                }
                let signedIn = try step.session()
                let answer = wantsJSON ? APIResponse.json(Self.verified(signedIn)) : .redirect(to: "/")
                return answer.with(cookies: signedIn.cookies + [LinkCookie.clear])
            } catch SignInError.badLink where !wantsJSON {
                return Self.refusedLink
            }
        }
    }

    private static let refusedLink = APIResponse.redirect(to: "/login?error=magic_link_invalid")

    private var verifyLink: Endpoint {
        Endpoint(
            .post, "/api/public/magic-link/verify", summary: "Sign in with a link, from the page it leads to",
            access: .public(reason: "the link is the credential: 256 random bits, one use, 15 minutes"),
            audit: .entry(action: AuditAction.sessionCreate.rawValue), rate: .auth,
            problems: [SignInError.badLink.problem, SecondStepChallenge.example], request: .object(["token": .string]),
            response: Self.verifiedSchema, requestExample: #"{"token":"ml1_…"}"#, responseExample: Self.verifiedExample
        ) { [signIn] request in
            let token = try request.json(BodyMembers.self).text("token").reveal()
            let signedIn = try await signIn.byLink(token, from: request).session()
            return .json(Self.verified(signedIn)).with(cookies: signedIn.cookies + [LinkCookie.clear])
        }
    }

    private static let verifiedSchema = Schema.object([
        "success": .boolean, "orgId": .uuid.optional, "userId": .uuid, "email": .email, "csrfToken": .string,
    ])

    private static let verifiedExample = """
        {"success":true,"orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "userId":"01935c1e-7d00-7000-8000-000000000002","email":"ana@example.org","csrfToken":"pcs_…"}
        """

    private static func verified(_ signedIn: SignedIn) -> [UInt8] {
        var json = JSONWriter()
        json.object { json in
            json.member("success", true)
            json.member("orgId", signedIn.org?.id)
            json.member("userId", signedIn.user)
            json.member("email", signedIn.email)
            json.member("csrfToken", signedIn.csrfToken.reveal())
        }
        return json.bytes
    }

    private var logout: Endpoint {
        Endpoint(
            .post, "/api/logout", summary: "End this session", access: .session,
            forBound: true, audit: .entry(action: AuditAction.sessionEnd.rawValue), idempotency: .natural, rate: .auth,
            response: .object(["success": .boolean]), responseExample: #"{"success":true}"#
        ) { [context] request in
            let (user, session) = try request.caller().person()
            let store = PersonStore(database: context.database)
            try await context.database.asCaller(request) { transaction in
                _ = try await store.end(session, of: user, in: transaction)
                transaction.atCommit(
                    try request.audit(.sessionEnd, of: "session:\(session)", at: context.time.now))
            }
            return .json(Array(#"{"success":true}"#.utf8)).with(cookies: SessionCookies.clear)
        }
    }
}
