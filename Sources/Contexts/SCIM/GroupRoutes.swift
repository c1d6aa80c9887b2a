internal import Audit
internal import HTTPKit
internal import Kernel
internal import SCIMKit

/// `/scim/v2/Groups`.
struct GroupRoutes: Sendable {
    private typealias Words = DirectoryDescription
    private let groups: GroupDirectory
    private static let path = "/scim/v2/Groups"
    private static let refusals = UserRoutes.refusals
    /// 20,000 members of about 100 bytes.
    private static let bodyBytes = 2_097_152

    init(_ context: DirectoryContext) { groups = GroupDirectory(context) }

    var endpoints: [Endpoint] { [list, search, create, one, replace, patch, delete] }

    private var list: Endpoint {
        Endpoint(
            .get, Self.path, summary: "Groups of the directory", access: .directory, audit: .none(reason: "reads only"),
            rate: .directory, problems: Problem.ofSCIM, query: Words.search, response: Words.list,
            responseExample: Words.listExample, dialect: .scim
        ) { [groups] request in
            let query = try request.search(.group)
            return .scim(query.response(try await groups.page(query, in: try request.org())))
        }
    }

    private var search: Endpoint {
        Endpoint(
            .post, Self.path + "/.search", summary: "Groups of the directory, asked for in a body",
            access: .directory, audit: .none(reason: "reads only"), idempotency: .natural, rate: .directory,
            problems: Problem.ofSCIM, request: Words.searchRequest, response: Words.list,
            requestExample: Words.searchExample, responseExample: Words.listExample, dialect: .scim
        ) { [groups] request in
            let query = try SearchQuery(try request.scimBody(), of: .group)
            return .scim(query.response(try await groups.page(query, in: try request.org())))
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, Self.path, summary: "Add a group", access: .directory,
            audit: .entry(action: AuditAction.scimGroupCreate.rawValue), idempotency: .key, rate: .directory,
            problems: Self.refusals, query: Words.projection, request: Words.group, response: Words.group, status: 201,
            requestExample: #"{"schemas":["\#(URN.group)"],"displayName":"Pulse Admins"}"#,
            responseExample: Words.groupExample, maxBodyBytes: Self.bodyBytes, timeout: .seconds(60), dialect: .scim
        ) { [groups] request in
            let projection = try request.projection(of: .group)
            let made = try await groups.create(try request.scimBody(), for: request)
            return try await groups.one(made.id, projection, in: try request.org()).response(status: 201, projection)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, Self.path + "/{id}", summary: "One group", access: .directory, audit: .none(reason: "reads only"),
            rate: .directory, problems: Self.refusals, query: Words.projection, response: Words.group,
            responseExample: Words.groupExample, maxBodyBytes: Self.bodyBytes, timeout: .seconds(60), dialect: .scim
        ) { [groups] request in
            let projection = try request.projection(of: .group)
            return try await groups.one(request.directoryID(), projection, in: try request.org()).response(projection)
        }
    }

    private var replace: Endpoint {
        Endpoint(
            .put, Self.path + "/{id}", summary: "Replace a group and its members", access: .directory,
            audit: .entry(action: AuditAction.scimGroupUpdate.rawValue), idempotency: .natural, rate: .directory,
            problems: Self.refusals, query: Words.projection, request: Words.group,
            response: Words.group, requestExample: #"{"schemas":["\#(URN.group)"],"displayName":"Pulse Admins"}"#,
            responseExample: Words.groupExample, maxBodyBytes: Self.bodyBytes, timeout: .seconds(60), dialect: .scim
        ) { [groups] request in
            let projection = try request.projection(of: .group)
            let group = try await groups.replace(
                request.directoryID(), try request.scimBody(), request.conditions, for: request)
            return try await groups.one(group.id, projection, in: try request.org()).response(projection)
        }
    }

    private var patch: Endpoint {
        Endpoint(
            .patch, Self.path + "/{id}", summary: "Change a group; 204 when it is large and nothing of it is asked for",
            access: .directory,
            audit: .entry(action: AuditAction.scimGroupUpdate.rawValue), idempotency: .natural, rate: .directory,
            problems: Self.refusals, query: Words.projection, request: Words.patch,
            response: Words.group,
            requestExample:
                #"{"schemas":["\#(URN.patch)"],"Operations":[{"op":"replace","path":"displayName","value":"Admins"}]}"#,
            responseExample: Words.groupExample, maxBodyBytes: Self.bodyBytes, timeout: .seconds(60), dialect: .scim
        ) { [groups] request in
            let projection = try request.projection(of: .group)
            let group = try await groups.patch(
                request.directoryID(), try request.scimBody(), request.conditions, for: request)
            let org = try request.org()
            // Told only where it was asked for: a large group changes often, and a little (RFC 7644, 3.5.2).
            if request.query["attributes"] == nil, try await groups.isLarge(group.id, in: org) {
                return APIResponse.noContent.with(header: "etag", "\(group.tag)")
            }
            return try await groups.one(group.id, projection, in: org).response(projection)
        }
    }

    private var delete: Endpoint {
        Endpoint(
            .delete, Self.path + "/{id}", summary: "Remove a group; its users stay", access: .directory,
            audit: .entry(action: AuditAction.scimGroupDelete.rawValue), idempotency: .natural, rate: .directory,
            problems: Self.refusals, response: .nothing, status: 204, responseExample: "",
            dialect: .scim
        ) { [groups] request in
            try await groups.delete(request.directoryID(), request.conditions, for: request)
            return .noContent
        }
    }
}
