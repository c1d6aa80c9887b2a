package import JSONKit
package import Kernel

/// What a list is asked for (RFC 7644, 3.4.2), by a query string or by the body of `.search`.
package struct SearchQuery: Sendable {
    package var filter: Filter?
    /// From 1.
    package var startIndex = 1
    /// 0...200; 0: only how many there are.
    package var count = Bounds.usualPageSize
    package var projection = Projection.usual

    package init() {}

    /// - Parameter value: of a parameter by its name. `sortBy` and `sortOrder` mean nothing here, as the configuration says.
    /// - Throws: 400 `scim-invalid-filter`, `scim-invalid-value`.
    package init(of shape: ResourceShape, _ value: (String) -> String?) throws(Problem) {
        if let text = value("filter"), !text.trimmed.isEmpty { filter = try Filter(text, of: shape) }
        if let text = value("startIndex") { startIndex = max(1, try Self.number(text, "startIndex")) }
        if let text = value("count") { count = min(max(0, try Self.number(text, "count")), Bounds.pageSize) }
        projection = try Projection(
            attributes: value("attributes"), excluded: value("excludedAttributes"), of: shape)
    }

    /// The body of a SearchRequest.
    package init(_ body: JSONValue, of shape: ResourceShape) throws(Problem) {
        let schemas = body.member("schemas")?.array?.compactMap { $0.string?.lowercased() } ?? []
        guard schemas.contains(URN.search.lowercased()) else {
            throw .scim(.invalidSyntax, "“schemas” has to name \(URN.search).")
        }
        try self.init(of: shape) { name in
            switch body.member(name) {
            case .string(let text): text
            case .integer(let number): "\(number)"
            case .array(let names): names.compactMap(\.string).joined(separator: ",")
            default: nil
            }
        }
    }

    private static func number(_ text: String, _ name: String) throws(Problem) -> Int {
        guard let number = Int(text), (-1_000_000_000...1_000_000_000).contains(number) else {
            throw .scim(.invalidValue, "“\(name)” is a whole number.")
        }
        return number
    }

    /// The ListResponse of one page.
    package func response(_ resources: [Members], of total: Int) -> JSONValue {
        .object([
            "schemas": [.string(URN.list)], "totalResults": .integer(Int64(total)),
            "startIndex": .integer(Int64(startIndex)), "itemsPerPage": .integer(Int64(resources.count)),
            "Resources": .array(resources.map { .object(projection.apply(to: $0)) }),
        ])
    }
}
