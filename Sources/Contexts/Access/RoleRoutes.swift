internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres

/// Roles over HTTP.
package struct RoleRoutes: Sendable {
    private let roles: CustomRoles

    package init(database: Database, time: any TimeSource) { roles = CustomRoles(database: database, time: time) }

    package var endpoints: [Endpoint] {
        [list, create, one, replace, delete] + MemberRoleRoutes(roles: roles).endpoints
    }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/admin/roles", summary: "All roles, the built-in ones first, and what a rule can name",
            access: .permission(.readRoles), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(RoleAnswer.schema), "permissions": .array(.string)]),
            responseExample: "{\"data\":[\(RoleAnswer.example)],\"permissions\":[\"read:monitoring\"]}"
        ) { [roles] request in
            let (all, counts) = try await roles.all(in: try request.org())
            let answers =
                Role.allCases.reversed().map { RoleAnswer(builtIn: $0, members: counts[$0.rawValue] ?? 0) }
                + all.map { RoleAnswer($0, members: counts["\($0.id)"] ?? 0) }
            return .json { json in
                json.member("data", answers)
                json.member("permissions", Permission.all.map(\.description))
            }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/admin/roles", summary: "Make a role", access: .permission(.manageRoles), scope: .settingsWrite,
            audit: .entry(action: AuditAction.roleCreate.rawValue), idempotency: .key,
            problems: [.grantExceeded, .roleNameTaken, .roleCycle, .roleLimit], request: RoleRequest.schema,
            response: RoleAnswer.schema, status: 201, requestExample: RoleRequest.example,
            responseExample: RoleAnswer.example
        ) { [roles] request in
            let role = try await roles.create(try request.json(), for: request)
            return .json(RoleAnswer(role, members: 0), status: 201)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/admin/roles/{id}", summary: "One role", access: .permission(.readRoles), scope: .settingsRead,
            audit: .none(reason: "reads only"), problems: [.roleNotFound], response: RoleAnswer.schema,
            responseExample: RoleAnswer.example
        ) { [roles] request in .json(try await Self.answer(Self.name(request), roles, in: try request.org())) }
    }

    private var replace: Endpoint {
        Endpoint(
            .put, "/api/admin/roles/{id}", summary: "Replace a role; acts at once on everybody who has it",
            access: .permission(.manageRoles), scope: .settingsWrite,
            audit: .entry(action: AuditAction.roleUpdate.rawValue), idempotency: .natural,
            problems: [.grantExceeded, .roleNotFound, .roleNameTaken, .roleCycle, .selfModificationDenied],
            request: RoleRequest.schema, response: RoleAnswer.schema, requestExample: RoleRequest.example,
            responseExample: RoleAnswer.example
        ) { [roles] request in
            let role = try await roles.replace(Self.id(request), try request.json(), for: request)
            return .json(try await Self.answer("\(role.id)", roles, in: try request.org()))
        }
    }

    private var delete: Endpoint {
        Endpoint(
            .delete, "/api/admin/roles/{id}", summary: "Delete a role; those who had it lose what it gave",
            access: .permission(.manageRoles), scope: .settingsWrite,
            audit: .entry(action: AuditAction.roleDelete.rawValue),
            problems: [.grantExceeded, .roleNotFound, .roleInUse, .selfModificationDenied], response: .nothing,
            status: 204, responseExample: ""
        ) { [roles] request in
            try await roles.delete(Self.id(request), for: request)
            return .noContent
        }
    }

    private static func answer(_ name: String, _ roles: CustomRoles, in org: OrgID) async throws -> RoleAnswer {
        let (all, counts) = try await roles.all(in: org)
        if let role = Role(rawValue: name) { return RoleAnswer(builtIn: role, members: counts[name] ?? 0) }
        guard let id = CustomRoleID(name), let role = all.first(where: { $0.id == id }) else {
            throw Problem.roleNotFound
        }
        return RoleAnswer(role, members: counts["\(id)"] ?? 0)
    }

    private static func name(_ request: APIRequest) -> String { request.parameters["id"] ?? "" }

    /// What is no id names nothing.
    private static func id(_ request: APIRequest) -> CustomRoleID {
        CustomRoleID(name(request)) ?? CustomRoleID(bytes: [UInt8](repeating: 0, count: 16))
    }
}

/// A role on the wire, built-in or not.
struct RoleAnswer: JSONEncodable {
    private let id: String
    private let name: String
    private let custom: RoleRecord?
    private let rules: [RoleRule]
    private let members: Int

    init(_ role: RoleRecord, members: Int) {
        (id, name, custom, rules) = ("\(role.id)", role.name, role, role.rules)
        self.members = members
    }

    init(builtIn role: Role, members: Int) {
        (id, name, custom) = (role.rawValue, role.rawValue, nil)
        rules = role.permissions.map(RoleRule.allowing)
        self.members = members
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("description", custom?.description ?? "")
            json.member("parentId", custom?.parent)
            json.member("rules", rules)
            json.member("builtIn", custom == nil)
            json.member("memberCount", members)
            json.member("createdAt", custom?.createdAt)
            json.member("updatedAt", custom?.updatedAt)
        }
    }

    static let schema = Schema.object([
        "id": .string.described("A UUID, or the name of a built-in role"), "name": .string, "description": .string,
        "parentId": .uuid.optional, "rules": .array(RoleRule.schema), "builtIn": .boolean,
        "memberCount": .integer(minimum: 0), "createdAt": .timestamp.optional, "updatedAt": .timestamp.optional,
    ]).named("Role")

    static let example = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e06","name":"Berlin on call","description":"","builtIn":false,\
        "memberCount":3,"rules":[{"action":"read","resource":"monitoring","effect":"allow",\
        "conditions":{"tags":["berlin"]}}],"createdAt":"2026-11-21T09:30:00.000Z",\
        "updatedAt":"2026-11-21T09:30:00.000Z"}
        """
}
