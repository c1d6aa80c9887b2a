internal import Access
internal import Audit
package import HTTPKit
package import Identity
internal import JSONKit
internal import Kernel

/// Invitations over HTTP, as those who are invited see them: by the mailed link, or signed in.
package struct InviteeRoutes: Sendable {
    private let invitations: Invitations

    package init(_ context: IdentityContext) { invitations = Invitations(context) }

    package var endpoints: [Endpoint] { [check, acceptLink, received, accept, decline] }

    private static let reason = "the link is the credential: 256 random bits, one use, 7 days"
    private static let linkProblems = [InvitationState.unknown, .used, .revoked, .expired].compactMap(\.problem)

    private var check: Endpoint {
        Endpoint(
            .post, "/api/public/invitations/check", summary: "What a mailed invitation is good for",
            access: .public(reason: Self.reason), audit: .none(reason: "reads only"), idempotency: .natural,
            rate: .auth, problems: Self.linkProblems, request: .object(["token": .string]),
            response: .object([
                "organizationName": .string, "email": .email, "role": .string, "invitedByName": .string.optional,
                "expiresAt": .timestamp, "existingAccount": .boolean,
            ]),
            requestExample: #"{"token":"inv_…"}"#,
            responseExample: """
                {"organizationName":"Nordwind","email":"ben@example.org","role":"editor","invitedByName":"Ana",\
                "expiresAt":"2026-11-28T09:30:00.000Z","existingAccount":false}
                """
        ) { [invitations] request in
            let link = try await invitations.read(try request.json(InvitationLinkRequest.self).token)
            return .json { json in
                json.member("organizationName", link.organisationName)
                json.member("email", link.email)
                json.member("role", link.role)
                json.member("invitedByName", link.inviter)
                json.member("expiresAt", link.expiresAt)
                json.member("existingAccount", link.isKnown)
            }
        }
    }

    private var acceptLink: Endpoint {
        Endpoint(
            .post, "/api/public/invitations/accept", summary: "Join by a mailed invitation",
            access: .public(reason: Self.reason), audit: .entry(action: AuditAction.invitationAccept.rawValue),
            rate: .auth,
            problems: Self.linkProblems + [
                .organisationSuspended, .invalidField("password", "a new account needs one of 12 to 1024 bytes"),
                Problem("busy", status: 503, title: "Too many sign-ins at once"),
            ],
            request: .object([
                "token": .string, "password": .string(minLength: 12, maxLength: 1024).optional,
                "displayName": .string(minLength: 1, maxLength: 128).optional,
            ]),
            response: .object([
                "userId": .uuid, "orgId": .uuid, "role": .string,
                "signedIn": .boolean.described("false for an account that was there: sign in next"),
                "csrfToken": .string.optional,
            ]),
            requestExample: #"{"token":"inv_…","password":"correct horse battery","displayName":"Ben"}"#,
            responseExample: """
                {"userId":"01935c1e-7d00-7000-8000-000000000003","orgId":"01935c1e-7d00-7000-8000-000000000001",\
                "role":"editor","signedIn":true,"csrfToken":"pcs_…"}
                """
        ) { [invitations] request in
            let body = try request.json(InvitationLinkRequest.self)
            let (joined, signedIn) = try await invitations.accept(
                link: body.token, password: body.password, displayName: body.displayName, from: request)
            let response = APIResponse.json(status: joined.isNew ? 201 : 200) { json in
                json.member("userId", joined.user)
                json.member("orgId", joined.org)
                json.member("role", joined.role)
                json.member("signedIn", signedIn != nil)
                json.member("csrfToken", signedIn?.csrfToken.reveal())
            }
            return signedIn.map { response.with(cookies: $0.cookies) } ?? response
        }
    }

    private var received: Endpoint {
        Endpoint(
            .get, "/api/org-invitations", summary: "The organisations that ask one in, newest first", access: .session,
            audit: .none(reason: "reads only"),
            response: .object(["data": .array(ReceivedInvitation.schema, maxItems: 100)]),
            responseExample: "{\"data\":[\(ReceivedInvitation.example)]}"
        ) { [invitations] request in
            let all = try await invitations.store.received(
                by: try request.caller().person().user, at: invitations.now)
            return .json { $0.member("data", all) }
        }
    }

    private var accept: Endpoint {
        Endpoint(
            .post, "/api/org-invitations/{id}/accept", summary: "Join an organisation that asked one in",
            access: .session, audit: .entry(action: AuditAction.invitationAccept.rawValue), idempotency: .natural,
            problems: Self.linkProblems + [.invitationNotFound, .organisationSuspended], response: Membership.schema,
            responseExample: Membership.example
        ) { [invitations] request in
            .json(try await invitations.accept(request.parameters["id"] ?? "", for: request))
        }
    }

    private var decline: Endpoint {
        Endpoint(
            .delete, "/api/org-invitations/{id}", summary: "Say no to an invitation", access: .session,
            audit: .entry(action: AuditAction.invitationDecline.rawValue), idempotency: .natural,
            problems: [.invitationNotFound], response: .nothing, status: 204, responseExample: ""
        ) { [invitations] request in
            guard let id = request.parameters["id"].flatMap({ InvitationID($0) }) else {
                throw Problem.invitationNotFound
            }
            try await invitations.decline(id, for: request)
            return .noContent
        }
    }
}
