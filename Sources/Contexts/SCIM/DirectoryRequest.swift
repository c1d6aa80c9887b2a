internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import SCIMKit

extension APIRequest {
    /// The body as a value of bounded depth.
    /// - Throws: 415 for another media type, 400 `invalid-json`.
    func scimBody() throws -> JSONValue {
        try json(JSONValue.self, options: JSONReader.Options(maxDepth: Bounds.jsonDepth))
    }

    func search(_ shape: ResourceShape) throws(Problem) -> SearchQuery { try SearchQuery(of: shape) { query[$0] } }

    func projection(of shape: ResourceShape) throws(Problem) -> Projection {
        try Projection(attributes: query["attributes"], excluded: query["excludedAttributes"], of: shape)
    }

    var conditions: Conditions {
        Conditions(ifMatch: headers.all("if-match"), ifNoneMatch: method.isSafe ? [] : headers.all("if-none-match"))
    }

    /// What is no id names nothing; it is asked for all the same, so that it takes as long as a foreign one.
    func directoryID<Subject>(_: Subject.Type = Subject.self) -> ID<Subject> {
        ID(parameters["id"] ?? "") ?? ID(bytes: [UInt8](repeating: 0, count: 16))
    }
}

/// Under which a change is made; none: under all.
struct Conditions: Sendable {
    var ifMatch: [String] = []
    var ifNoneMatch: [String] = []

    func check(_ tag: EntityTag) throws(Problem) { try tag.check(ifMatch: ifMatch, ifNoneMatch: ifNoneMatch) }
}

/// A resource as it is told, and what the headers say of it.
struct ToldResource: Sendable {
    let members: Members
    let tag: EntityTag
    let location: String

    func response(status: Int = 200, _ projection: Projection) -> APIResponse {
        var response = APIResponse.scim(.object(projection.apply(to: members)), status: status)
        response.headers["etag"] = "\(tag)"
        response.headers[status == 201 ? "location" : "content-location"] = location
        return response
    }
}

extension APIResponse {
    static func scim(_ value: JSONValue, status: Int = 200) -> APIResponse {
        var response = APIResponse.json(value.json, status: status)
        response.headers["content-type"] = Dialect.scim.mediaType
        return response
    }
}

/// How routes of a directory are described.
enum DirectoryDescription {
    static let projection = [
        QueryParameter("attributes", .string, summary: "Names with commas: nothing but these, and the id"),
        QueryParameter("excludedAttributes", .string, summary: "Names with commas: all but these"),
    ]
    static let search =
        [
            QueryParameter("filter", .string, summary: "As RFC 7644, 3.4.2.2 writes it"),
            QueryParameter("startIndex", .integer, summary: "From 1"),
            QueryParameter("count", .integer, summary: "At most \(Bounds.pageSize); 0 tells how many there are"),
        ] + projection

    /// Any members besides: schemas say which.
    static func resource(_ name: String, _ members: KeyValuePairs<String, Schema>) -> Schema {
        .object(members, others: .anything).named(name)
    }

    static let user = resource(
        "SCIMUser", ["schemas": .array(.string).optional, "id": .uuid.optional, "userName": .string.optional])
    static let group = resource(
        "SCIMGroup", ["schemas": .array(.string).optional, "id": .uuid.optional, "displayName": .string.optional])
    static let patch = Schema.object([
        "schemas": .array(.string), "Operations": .array(.map(of: .anything), minItems: 1),
    ]).named("SCIMPatch")
    static let list = resource(
        "SCIMList",
        [
            "schemas": .array(.string), "totalResults": .integer(minimum: 0), "Resources": .array(.anything).optional,
        ])
    static let searchRequest = resource("SCIMSearch", ["schemas": .array(.string)])
    static let document = resource("SCIMDocument", ["schemas": .array(.string)])

    static let userExample = """
        {"schemas":["\(URN.user)"],"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e07","userName":"ana@example.org",\
        "active":true,"meta":{"resourceType":"User","version":"W/\\"1\\""}}
        """
    static let groupExample = """
        {"schemas":["\(URN.group)"],"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e08","displayName":"Pulse Admins",\
        "members":[{"value":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e07"}]}
        """
    static let listExample = #"{"schemas":["\#(URN.list)"],"totalResults":0,"Resources":[]}"#
    static let searchExample = #"{"schemas":["\#(URN.search)"],"filter":"userName eq \"ana@example.org\"","count":10}"#
}
