internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel

/// Which custom roles a member has, and what all of it comes to, over HTTP.
struct MemberRoleRoutes: Sendable {
    let roles: CustomRoles

    var endpoints: [Endpoint] { [assigned, assign, explain] }

    private var assigned: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/members/{userId}/roles", summary: "A member's roles",
            access: .permission(.readRoles), scope: .settingsRead, audit: .none(reason: "reads only"),
            problems: [.memberNotFound], response: Self.schema, responseExample: Self.example
        ) { [roles] request in
            Self.answer(try await roles.member(Self.user(request), in: try request.org()).member)
        }
    }

    private var assign: Endpoint {
        Endpoint(
            .put, "/api/orgs/{id}/members/{userId}/roles",
            summary: "Give a member these custom roles and no others; acts at once",
            access: .permission(.manageRoles), scope: .settingsWrite,
            audit: .entry(action: AuditAction.memberAssign.rawValue), idempotency: .natural,
            problems: [.grantExceeded, .selfModificationDenied, .memberNotFound, .roleNotFound],
            request: .object(["roleIds": .array(.uuid, maxItems: RoleStore.assignmentLimit)]), response: Self.schema,
            requestExample: #"{"roleIds":["0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e06"]}"#, responseExample: Self.example
        ) { [roles] request in
            let body: Assignment = try request.json()
            return Self.answer(try await roles.assign(body.roles, to: Self.user(request), for: request))
        }
    }

    private var explain: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/members/{userId}/permissions", summary: "What a member may do, and why",
            access: .permission(.readRoles), scope: .settingsRead, audit: .none(reason: "reads only"),
            problems: [.memberNotFound], response: PermissionsAnswer.schema, responseExample: PermissionsAnswer.example
        ) { [roles] request in
            let (member, all) = try await roles.member(Self.user(request), in: try request.org())
            let resolver = RoleResolver(all)
            return .json(
                PermissionsAnswer(
                    user: member.user, role: member.role, assigned: member.assigned.compactMap { resolver.roles[$0] },
                    resolver: resolver))
        }
    }

    private struct Assignment: JSONDecodable {
        let roles: [CustomRoleID]

        init(from reader: inout JSONReader) throws(JSONError) {
            var roles: [CustomRoleID]?
            try reader.enterObject()
            while let key = try reader.nextKey() {
                switch key {
                case "roleIds": roles = try reader.decode()
                default: try reader.skip()
                }
            }
            self.roles = try reader.required("roleIds", roles)
        }
    }

    /// What is no id names nobody.
    private static func user(_ request: APIRequest) -> UserID {
        UserID(request.parameters["userId"] ?? "") ?? UserID(bytes: [UInt8](repeating: 0, count: 16))
    }

    private static func answer(_ member: RoleStore.Member) -> APIResponse {
        .json { json in
            json.member("role", member.role.rawValue)
            json.member("roleIds", member.assigned)
        }
    }

    private static let schema = Schema.object([
        "role": .enumeration(Role.allCases.map(\.rawValue)), "roleIds": .array(.uuid),
    ])
    private static let example = #"{"role":"custom","roleIds":["0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e06"]}"#
}
