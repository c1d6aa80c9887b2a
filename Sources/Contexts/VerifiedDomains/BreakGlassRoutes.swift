internal import Access
internal import Audit
package import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel

/// Break-glass codes over HTTP: owners make them, and come in by them.
package struct BreakGlassRoutes: Sendable {
    private let glass: BreakGlass

    package init(_ context: DomainContext) { glass = BreakGlass(context) }

    package var endpoints: [Endpoint] { [list, create, remove, open] }

    private static let codeExample = "9x4mk-2vbn7-qw0ej-fhs3t"

    private var list: Endpoint {
        Endpoint(
            .get, "/api/security/sso/break-glass", summary: "Which owners hold a break-glass code",
            access: .permission(.ownOrg), audit: .none(reason: "reads only"),
            response: .object(["data": .array(BreakGlassHolder.schema, maxItems: 100)]),
            responseExample: #"{"data":[\#(BreakGlassHolder.example)]}"#
        ) { [glass] request in
            let all = try await glass.store.holders(in: try request.org())
            return .json { $0.member("data", all) }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/security/sso/break-glass",
            summary: "Make one's own break-glass code, shown this once; the one before ends",
            access: .permission(.ownOrg), audit: .entry(action: AuditAction.breakGlassCreate.rawValue),
            idempotency: .key, problems: [.freshSessionRequired],
            response: .object(["code": .string, "createdAt": .timestamp]), status: 201,
            responseExample: #"{"code":"\#(Self.codeExample)","createdAt":"2026-11-21T09:30:00.000Z"}"#
        ) { [glass] request in
            let made = try await glass.make(for: request)
            return .json(status: 201) { json in
                json.member("code", made.code.text.reveal())
                json.member("createdAt", made.createdAt)
            }
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/security/sso/break-glass", summary: "End one's own break-glass code",
            access: .permission(.ownOrg), audit: .entry(action: AuditAction.breakGlassDelete.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .breakGlassNotFound, .breakGlassNeeded],
            response: .nothing, status: 204, responseExample: ""
        ) { [glass] request in
            try await glass.drop(for: request)
            return .noContent
        }
    }

    private var open: Endpoint {
        Endpoint(
            .post, "/api/public/sso/break-glass",
            summary: "Come in past single sign-on with password and break-glass code, as an owner",
            access: .public(reason: "password and code are the credential; counted and locked like passwords"),
            audit: .entry(action: AuditAction.breakGlassUse.rawValue), rate: .auth,
            problems: [
                SignInError.wrong(failures: 1).problem,
                SignInError.locked(until: Self.example.1, now: Self.example.0).problem,
            ],
            request: .object([
                "organization": .string.described("its slug"), "username": .string.described("the e-mail address"),
                "password": .string, "code": .string,
            ]),
            response: .object([
                "userId": .uuid, "orgId": .uuid, "csrfToken": .string,
                "nextCode": .string.described("in the place of the one that was used; shown this once"),
            ]),
            requestExample: """
                {"organization":"nordwind","username":"ana@example.org","password":"…","code":"\(Self.codeExample)"}
                """,
            responseExample: """
                {"userId":"01935c1e-7d00-7000-8000-000000000002","orgId":"01935c1e-7d00-7000-8000-000000000001",\
                "csrfToken":"pcs_…","nextCode":"\(Self.codeExample)"}
                """
        ) { [glass] request in
            let body = try request.json(BodyMembers.self)
            let claim = BreakGlass.Claim(
                slug: try body.text("organization").reveal().trimmed, username: try body.text("username").reveal(),
                password: try body.text("password"), code: try body.text("code"))
            let opened = try await glass.open(claim, from: request)
            return APIResponse.json { json in
                json.member("userId", opened.signedIn.user)
                json.member("orgId", opened.signedIn.org?.id)
                json.member("csrfToken", opened.signedIn.csrfToken.reveal())
                json.member("nextCode", opened.next.text.reveal())
            }.with(cookies: opened.signedIn.cookies)
        }
    }

    private static let example = (Timestamp(seconds: 0), Timestamp(seconds: 900))
}
