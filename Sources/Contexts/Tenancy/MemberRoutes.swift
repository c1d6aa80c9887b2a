internal import Access
internal import Audit
package import HTTPKit
package import Identity
internal import JSONKit
internal import Kernel

/// Who belongs to an organisation, over HTTP.
package struct MemberRoutes: Sendable {
    private let members: Members
    private let invitations: Invitations

    package init(_ context: IdentityContext) {
        members = Members(context)
        invitations = Invitations(context)
    }

    package var endpoints: [Endpoint] { [list, add, change, remove, leave, transfer] }

    private static let roleProblems: [Problem] = [
        .memberNotFound, .invalidRole, .lastOwner, .ownerRequired, .mappedRole, .freshSessionRequired,
    ]
    private static let roleSchema = Schema.enumeration(Role.allCases.map(\.rawValue))

    private var list: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/members", summary: "Who belongs to the organisation",
            access: .permission(.readMembers),
            audit: .none(reason: "reads only"), problems: [.invalidField("cursor", "")],
            query: APIRequest.pageParameters, response: .page(of: Member.schema),
            responseExample: "{\"data\":[\(Member.example)]}"
        ) { [members] request in
            let page = try request.page(of: User.self)
            return try await members.store.members(in: try request.org(), after: page.after, limit: page.limit).response
        }
    }

    private var add: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/members", summary: "Give a member another role, or ask somebody in",
            access: .permission(.manageMembers), audit: .entry(action: AuditAction.memberAdd.rawValue),
            idempotency: .key, problems: Self.roleProblems + [.transferRequiresMember, .tooManyInvitations],
            request: .object([
                "userId": .uuid.optional, "email": .email.optional,
                "role": Self.roleSchema.described("owner: the ownership goes to this member, the caller becomes admin"),
            ]),
            response: .object([
                "kind": .enumeration(["member", "invitation"]), "member": Member.schema.optional,
                "invitation": Invitation.schema.optional,
            ]),
            requestExample: #"{"email":"ben@example.org","role":"editor"}"#,
            responseExample: "{\"kind\":\"invitation\",\"invitation\":\(Invitation.example)}"
        ) { [members, invitations] request in
            let wanted = try request.json(MemberRequest.self)
            let role = try wanted.checkedRole()
            if let member = try await members.find(wanted, in: try request.member().org) {
                let changed =
                    role == .owner
                    ? try await members.transfer(to: member.user, action: .memberAdd, for: request)
                    : try await members.change(member.user, to: role, action: .memberAdd, for: request)
                return .json { json in
                    json.member("kind", "member")
                    json.member("member", changed)
                }
            }
            guard role != .owner else { throw Problem.transferRequiresMember }
            guard let email = wanted.email else { throw Problem.memberNotFound }
            let invitation = try await invitations.invite(email, as: role, action: .memberAdd, for: request)
            return .json(status: 202) { json in
                json.member("kind", "invitation")
                json.member("invitation", invitation)
            }
        }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/orgs/{id}/members/{userId}", summary: "Give a member another role",
            access: .permission(.manageMembers), audit: .entry(action: AuditAction.memberUpdate.rawValue),
            idempotency: .natural, problems: Self.roleProblems, request: .object(["role": Self.roleSchema]),
            response: Member.schema, requestExample: #"{"role":"viewer"}"#, responseExample: Member.example
        ) { [members] request in
            let role = try request.json(MemberRequest.self).checkedRole()
            return .json(
                try await members.change(try Self.user(of: request), to: role, action: .memberUpdate, for: request))
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/orgs/{id}/members/{userId}", summary: "Take somebody out of the organisation",
            access: .permission(.manageMembers), audit: .entry(action: AuditAction.memberRemove.rawValue),
            idempotency: .natural, problems: [.memberNotFound, .lastOwner, .ownerRequired], response: .nothing,
            status: 204, responseExample: ""
        ) { [members] request in
            try await members.remove(try Self.user(of: request), for: request)
            return .noContent
        }
    }

    private var leave: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/leave", summary: "Leave the organisation", access: .session,
            forBound: true, audit: .entry(action: AuditAction.memberLeave.rawValue), idempotency: .natural,
            problems: [.organisationNotFound, .lastOwner], response: .nothing, status: 204, responseExample: ""
        ) { [members] request in
            try await members.leave(for: request)
            return .noContent
        }
    }

    private var transfer: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/transfer-ownership", summary: "Make another member the owner in one's own place",
            access: .permission(.ownOrg), audit: .entry(action: AuditAction.ownershipTransfer.rawValue),
            problems: [.transferRequiresMember, .ownerRequired, .freshSessionRequired],
            request: .object(["userId": .uuid]), response: .object(["member": Member.schema]),
            requestExample: #"{"userId":"01935c1e-7d00-7000-8000-000000000002"}"#,
            responseExample: "{\"member\":\(Member.example)}"
        ) { [members] request in
            guard let user = try request.json(MemberRequest.self).user else { throw Problem.transferRequiresMember }
            let member = try await members.transfer(to: user, for: request)
            return .json { $0.member("member", member) }
        }
    }

    private static func user(of request: APIRequest) throws(Problem) -> UserID {
        guard let user = request.parameters["userId"].flatMap({ UserID($0) }) else { throw .memberNotFound }
        return user
    }
}
