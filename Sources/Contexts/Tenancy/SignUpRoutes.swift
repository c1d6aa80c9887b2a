internal import Access
internal import Audit
package import HTTPKit
package import Identity
internal import JSONKit
internal import Kernel

/// Signing up, over HTTP.
package struct SignUpRoutes: Sendable {
    private let signUp: SignUp

    package init(_ context: IdentityContext) { signUp = SignUp(context) }

    package var endpoints: [Endpoint] { [request, check, complete] }

    private var request: Endpoint {
        Endpoint(
            .post, "/api/public/signup", summary: "Ask for a sign-up link by mail",
            access: .public(reason: "answers the same whoever asks; counted by mailbox and network"),
            audit: .none(reason: "there is no organisation yet; completing leaves the entry"), rate: .signup,
            problems: [
                SignUpError.tooMany.problem, .invalidField("organizationName", "it has to be 3 to 64 bytes long"),
            ],
            request: .object([
                "email": .email, "organizationName": .string(minLength: 3, maxLength: 64).optional,
                "org_name": .string.optional.described("the same, under its other name"),
            ]),
            response: .object(["message": .string]), status: 202,
            requestExample: #"{"email":"ana@example.org","organizationName":"Nordwind"}"#,
            responseExample: String(decoding: Self.answer, as: UTF8.self)
        ) { [signUp] request in
            let body = try SignUpRequest(json: request.body)
            let name = try OrganisationName.check(body.organisationName, field: body.nameField)
            try await signUp.request(body.email, organisation: name, from: request)
            return .json(Self.answer, status: 202)
        }
    }

    private static let answer = Array(#"{"message":"Check your mailbox: a link to go on is on its way."}"#.utf8)

    private static let linkProblems = [
        SignUpError.link(.unknown).problem, SignUpError.link(.used).problem, SignUpError.link(.expired).problem,
    ]

    private var check: Endpoint {
        Endpoint(
            .post, "/api/public/signup/check", summary: "What a sign-up link is good for",
            access: .public(reason: "the link is the credential: 256 random bits, one use, 15 minutes"),
            audit: .none(reason: "reads only"), idempotency: .natural, rate: .auth, problems: Self.linkProblems,
            request: .object(["token": .string]),
            response: .object(["email": .email, "organizationName": .string, "existingAccount": .boolean]),
            requestExample: #"{"token":"su1_…"}"#,
            responseExample: #"{"email":"ana@example.org","organizationName":"Nordwind","existingAccount":false}"#
        ) { [signUp] request in
            let link = try await signUp.check(try SignUpLinkRequest(json: request.body).token)
            var json = JSONWriter()
            json.object { json in
                json.member("email", link.email)
                json.member("organizationName", link.organisationName)
                json.member("existingAccount", link.isKnown)
            }
            return .json(json.bytes)
        }
    }

    private var complete: Endpoint {
        Endpoint(
            .post, "/api/public/signup/complete", summary: "Found the organisation and sign in",
            access: .public(reason: "the link is the credential: 256 random bits, one use, 15 minutes"),
            audit: .entry(action: AuditAction.organisationCreate.rawValue), rate: .auth,
            problems: Self.linkProblems + [
                SignUpError.passwordWanted.problem, .signInFirst,
                Problem("busy", status: 503, title: "Too many sign-ins at once"),
            ],
            request: .object([
                "token": .string, "password": .string(minLength: 12, maxLength: 1024).optional,
                "displayName": .string(minLength: 1, maxLength: 128).optional,
            ]),
            response: .object(["userId": .uuid, "orgId": .uuid, "slug": .string, "csrfToken": .string]), status: 201,
            requestExample: #"{"token":"su1_…","password":"correct horse battery","displayName":"Ana"}"#,
            responseExample: """
                {"userId":"01935c1e-7d00-7000-8000-000000000002","orgId":"01935c1e-7d00-7000-8000-000000000001",\
                "slug":"nordwind","csrfToken":"pcs_…"}
                """
        ) { [signUp] request in
            let body = try SignUpLinkRequest(json: request.body)
            let (signedIn, slug) = try await signUp.complete(
                body.token, password: body.password, displayName: body.displayName, from: request)
            var json = JSONWriter()
            json.object { json in
                json.member("userId", signedIn.user)
                json.member("orgId", signedIn.org?.id)
                json.member("slug", slug)
                json.member("csrfToken", signedIn.csrfToken.reveal())
            }
            return .json(json.bytes, status: 201).with(cookies: signedIn.cookies)
        }
    }
}
