internal import Audit
internal import HTTPKit
internal import Kernel
internal import SCIMKit

/// `/scim/v2/Users`.
struct UserRoutes: Sendable {
    private typealias Words = DirectoryDescription
    private let users: UserDirectory
    private static let path = "/scim/v2/Users"
    static let refusals: [Problem] = Problem.ofSCIM + [.scimResourceNotFound, .scimVersionMismatch]

    init(_ context: DirectoryContext) { users = UserDirectory(context) }

    var endpoints: [Endpoint] { [list, search, create, one, replace, patch, delete] }

    private var list: Endpoint {
        Endpoint(
            .get, Self.path, summary: "Users of the directory", access: .directory, audit: .none(reason: "reads only"),
            rate: .directory, problems: Problem.ofSCIM, query: Words.search, response: Words.list,
            responseExample: Words.listExample, dialect: .scim
        ) { [users] request in
            let query = try request.search(.user)
            return .scim(query.response(try await users.page(query, in: try request.org())))
        }
    }

    private var search: Endpoint {
        Endpoint(
            .post, Self.path + "/.search", summary: "Users of the directory, asked for in a body",
            access: .directory, audit: .none(reason: "reads only"), idempotency: .natural, rate: .directory,
            problems: Problem.ofSCIM, request: Words.searchRequest, response: Words.list,
            requestExample: Words.searchExample, responseExample: Words.listExample, dialect: .scim
        ) { [users] request in
            let query = try SearchQuery(try request.scimBody(), of: .user)
            return .scim(query.response(try await users.page(query, in: try request.org())))
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, Self.path, summary: "Add a user; an active one becomes a member", access: .directory,
            audit: .entry(action: AuditAction.scimUserCreate.rawValue), idempotency: .key, rate: .directory,
            problems: Self.refusals, query: Words.projection, request: Words.user, response: Words.user, status: 201,
            requestExample: #"{"schemas":["\#(URN.user)"],"userName":"ana@example.org","displayName":"Ana"}"#,
            responseExample: Words.userExample, dialect: .scim
        ) { [users] request in
            let projection = try request.projection(of: .user)
            return try await users.create(try request.scimBody(), for: request).response(status: 201, projection)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, Self.path + "/{id}", summary: "One user", access: .directory, audit: .none(reason: "reads only"),
            rate: .directory, problems: Self.refusals, query: Words.projection, response: Words.user,
            responseExample: Words.userExample, dialect: .scim
        ) { [users] request in
            let projection = try request.projection(of: .user)
            return try await users.one(request.directoryID(), in: try request.org()).response(projection)
        }
    }

    private var replace: Endpoint {
        Endpoint(
            .put, Self.path + "/{id}", summary: "Replace a user; who is inactive is no member", access: .directory,
            audit: .entry(action: AuditAction.scimUserUpdate.rawValue), idempotency: .natural, rate: .directory,
            problems: Self.refusals + [.directoryLastOwner], query: Words.projection, request: Words.user,
            response: Words.user, requestExample: #"{"schemas":["\#(URN.user)"],"userName":"ana@example.org"}"#,
            responseExample: Words.userExample, dialect: .scim
        ) { [users] request in
            let projection = try request.projection(of: .user)
            return try await users.replace(
                request.directoryID(), try request.scimBody(), request.conditions, for: request
            ).response(projection)
        }
    }

    private var patch: Endpoint {
        Endpoint(
            .patch, Self.path + "/{id}", summary: "Change a user", access: .directory,
            audit: .entry(action: AuditAction.scimUserUpdate.rawValue), idempotency: .natural, rate: .directory,
            problems: Self.refusals + [.directoryLastOwner], query: Words.projection, request: Words.patch,
            response: Words.user,
            requestExample:
                #"{"schemas":["\#(URN.patch)"],"Operations":[{"op":"replace","path":"active","value":false}]}"#,
            responseExample: Words.userExample, dialect: .scim
        ) { [users] request in
            let projection = try request.projection(of: .user)
            return try await users.patch(
                request.directoryID(), try request.scimBody(), request.conditions, for: request
            ).response(projection)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            .delete, Self.path + "/{id}", summary: "Remove a user; their membership ends", access: .directory,
            audit: .entry(action: AuditAction.scimUserDelete.rawValue), idempotency: .natural, rate: .directory,
            problems: Self.refusals + [.directoryLastOwner], response: .nothing, status: 204, responseExample: "",
            dialect: .scim
        ) { [users] request in
            try await users.delete(request.directoryID(), request.conditions, for: request)
            return .noContent
        }
    }
}
