internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import SCIMKit

/// Users and groups in one list, users first (RFC 7644, 3.4.3).
struct RootSearch: Sendable {
    private typealias Words = DirectoryDescription
    private let users: UserDirectory
    private let groups: GroupDirectory

    init(_ context: DirectoryContext) { (users, groups) = (UserDirectory(context), GroupDirectory(context)) }

    var endpoint: Endpoint {
        Endpoint(
            .post, "/scim/v2/.search", summary: "Users and groups of the directory, asked for in a body",
            access: .directory, audit: .none(reason: "reads only"), idempotency: .natural, rate: .directory,
            problems: Problem.ofSCIM, request: Words.searchRequest, response: Words.list,
            requestExample: #"{"schemas":["\#(URN.search)"],"filter":"displayName sw \"Pulse\"","count":10}"#,
            responseExample: Words.listExample, dialect: .scim
        ) { request in
            .scim(try await answer(try request.scimBody(), in: try request.org()))
        }
    }

    private func answer(_ body: JSONValue, in org: OrgID) async throws -> JSONValue {
        let (ofUsers, ofGroups) = try Self.queries(body)
        var (page, told) = (ListedPage(), ofUsers ?? ofGroups ?? SearchQuery())
        if let ofUsers {
            page = try await users.page(ofUsers, in: org)
            page.resources = page.resources.map(ofUsers.projection.apply)
        }
        if var rest = ofGroups {
            rest.startIndex = max(1, rest.startIndex - page.total)
            rest.count -= page.resources.count
            let more = try await groups.page(rest, in: org)
            page.resources += more.resources.map(rest.projection.apply)
            page.total += more.total
        }
        told.projection = .usual
        return told.response(page)
    }

    /// A filter that names what one kind has not finds none of that kind.
    /// - Throws: what both kinds refuse.
    private static func queries(_ body: JSONValue) throws(Problem) -> (users: SearchQuery?, groups: SearchQuery?) {
        var (found, refusal): ([SearchQuery?], Problem?) = ([], nil)
        for shape in ResourceShape.all {
            do { found.append(try SearchQuery(body, of: shape)) } catch {
                guard error.slug == Problem.scim(.invalidFilter, "").slug else { throw error }
                found.append(nil)
                refusal = error
            }
        }
        if let refusal, found.allSatisfy({ $0 == nil }) { throw refusal }
        return (found[0], found[1])
    }
}
