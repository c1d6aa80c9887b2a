internal import Access
internal import Audit
package import HTTPKit
package import Identity
internal import JSONKit
internal import Kernel

/// Invitations over HTTP, as the organisation that sends them sees them.
package struct InvitationRoutes: Sendable {
    private let invitations: Invitations

    package init(_ context: IdentityContext) { invitations = Invitations(context) }

    package var endpoints: [Endpoint] { [list, create, revoke] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/invitations", summary: "Who was asked in and has not answered, newest first",
            access: .permission(.manageMembers), audit: .none(reason: "reads only"),
            problems: [.invalidField("cursor", "")], query: APIRequest.pageParameters,
            response: .page(of: Invitation.schema), responseExample: "{\"data\":[\(Invitation.example)]}"
        ) { [invitations] request in
            let page = try request.page(of: Kernel.Invitation.self)
            return try await invitations.store.invitations(
                in: try request.org(), after: page.after, limit: page.limit, at: invitations.now
            ).response
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/invitations", summary: "Ask somebody in by mail",
            access: .permission(.manageMembers), audit: .entry(action: AuditAction.invitationCreate.rawValue),
            idempotency: .key, problems: [.invalidRole, .alreadyMember, .ownerRequired, .tooManyInvitations],
            request: .object([
                "email": .email,
                "role": .enumeration(Role.allCases.filter { $0 != .owner && $0 != .custom }.map(\.rawValue)),
            ]),
            response: Invitation.schema, status: 201, requestExample: #"{"email":"ben@example.org","role":"editor"}"#,
            responseExample: Invitation.example
        ) { [invitations] request in
            let wanted = try request.json(MemberRequest.self)
            guard let email = wanted.email else {
                throw Problem.invalidField("email", "the address to invite is wanted")
            }
            let invitation = try await invitations.invite(email, as: try wanted.checkedRole(), for: request)
            return .json(invitation, status: 201)
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, "/api/orgs/{id}/invitations/{invitationId}", summary: "Take an invitation back",
            access: .permission(.manageMembers), audit: .entry(action: AuditAction.invitationRevoke.rawValue),
            idempotency: .natural, problems: [.invitationNotFound], response: .nothing, status: 204, responseExample: ""
        ) { [invitations] request in
            guard let id = request.parameters["invitationId"].flatMap({ InvitationID($0) }) else {
                throw Problem.invitationNotFound
            }
            try await invitations.revoke(id, for: request)
            return .noContent
        }
    }
}
