internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import SCIMKit

/// What a directory's provider reads before anything else, and what is answered with 501 as the RFC says: `/Me`, which a
/// directory is not.
struct DiscoveryRoutes: Sendable {
    private typealias Words = DirectoryDescription
    private let discovery: Discovery

    init(_ context: DirectoryContext) { discovery = Discovery(base: context.base) }

    var endpoints: [Endpoint] {
        [
            document("ServiceProviderConfig", "What of SCIM is offered") { [discovery] _ in
                discovery.serviceProviderConfig
            },
            document("ResourceTypes", "What kinds of resources there are") { [discovery] request in
                try Self.list(discovery.resourceTypes, for: request)
            },
            document("ResourceTypes/{id}", "One kind of resource") { [discovery] request in
                try Self.one(discovery.resourceTypes, of: request)
            },
            document("Schemas", "What resources are made of") { [discovery] request in
                try Self.list(discovery.schemas, for: request)
            },
            document("Schemas/{id}", "One schema, by its URN") { [discovery] request in
                try Self.one(discovery.schemas, of: request)
            },
        ] + [.get, .post, .put, .patch, .delete].map { Self.refused($0, "Me", "Not offered: a directory is nobody") }
    }

    private func document(
        _ name: String, _ summary: String, _ read: @escaping @Sendable (APIRequest) throws -> JSONValue
    ) -> Endpoint {
        Endpoint(
            .get, "/scim/v2/\(name)", summary: summary, access: .directory, audit: .none(reason: "reads only"),
            rate: .directory, problems: name.contains("{") ? [.scimResourceNotFound] : [], response: Words.document,
            responseExample: #"{"schemas":["\#(URN.serviceProviderConfig)"]}"#, dialect: .scim
        ) { request in .scim(try read(request)) }
    }

    /// - Throws: 403: these are not searched (RFC 7644, 4).
    private static func list(_ all: [Members], for request: APIRequest) throws(Problem) -> JSONValue {
        guard request.query["filter"] == nil else { throw .forbidden.with(detail: "These are not searched.") }
        return Discovery.list(all)
    }

    private static func one(_ all: [Members], of request: APIRequest) throws(Problem) -> JSONValue {
        let wanted = request.parameters["id"]?.lowercased()
        guard let found = all.first(where: { $0["id"]?.string?.lowercased() == wanted }) else {
            throw .scimResourceNotFound
        }
        return .object(found)
    }

    private static func refused(_ method: Endpoint.Method, _ name: String, _ summary: String) -> Endpoint {
        Endpoint(
            method, "/scim/v2/\(name)", summary: summary, access: .directory,
            audit: .none(reason: "nothing is done"), idempotency: .natural, rate: .directory,
            problems: [.scimNotImplemented], response: Words.document, responseExample: #"{"schemas":[]}"#,
            dialect: .scim
        ) { _ in throw Problem.scimNotImplemented }
    }
}
