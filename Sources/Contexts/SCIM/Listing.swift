internal import FoundationEssentials
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

typealias ListedResource = (id: UUID, members: Members)

/// Part of what a filter finds.
struct ListedPage: Sendable {
    var resources: [Members] = []
    /// In all.
    var total = 0
}

extension SearchQuery {
    func response(_ page: ListedPage) -> JSONValue { response(page.resources, of: page.total) }
}

/// A kind of resource that can be listed.
protocol ListedResources: Sendable {
    /// With its alias.
    var table: SQL { get }
    var columns: SQL { get }
    var id: SQL { get }

    /// - Parameter tellsAll: everything that a filter may ask about.
    func read(
        _ answer: ResultSet, in org: OrgID, _ database: Database, tellsAll: Bool
    ) async throws -> [ListedResource]
}

/// One page of what a filter finds, in the order of creation. Where the database can decide the filter it counts and turns
/// the pages; where it cannot, rows are looked at here, up to a bound.
struct Listing: Sendable {
    /// Of 2 KiB each these are 20 MB, read in pieces: a tenth of a second.
    static let scanLimit = 10_000
    private static let piece = 500

    let condition: FilterCondition
    let query: SearchQuery
    let org: OrgID
    let database: Database

    func page(of resources: some ListedResources) async throws -> ListedPage {
        condition.isExact ? try await counted(resources) : try await scanned(resources)
    }

    /// What the filter finds is found first, by its own index, and put in order then: a plan that walks in order and looks at
    /// each row is as slow as the directory is large.
    private func counted(_ resources: some ListedResources) async throws -> ListedPage {
        let found = try await database.first(
            in: org,
            """
            WITH found AS MATERIALIZED (SELECT \(resources.id) AS id FROM \(resources.table) WHERE \(condition.sql))
            SELECT (SELECT count(*) FROM found),
                   ARRAY(SELECT id FROM found ORDER BY id LIMIT \(query.count) OFFSET \(query.startIndex - 1))
            """
        ) { (total: try $0.next(Int.self), ids: try $0.next([UUID].self)) }
        guard let found, !found.ids.isEmpty else { return ListedPage(total: found?.total ?? 0) }
        let answer = try await database.batch(
            in: org,
            [
                """
                SELECT \(resources.columns) FROM \(resources.table) WHERE \(resources.id) = ANY (\(found.ids))
                ORDER BY \(resources.id)
                """
            ])
        let page = try await resources.read(answer[0], in: org, database, tellsAll: false)
        return ListedPage(resources: page.map(\.members), total: found.total)
    }

    /// - Throws: 400 `scim-too-many`.
    private func scanned(_ resources: some ListedResources) async throws -> ListedPage {
        guard let filter = query.filter else { return ListedPage() }
        var (found, looked, page): (Int, Int, [Members]) = (0, 0, [])
        var last: UUID?
        while true {
            let answer = try await database.batch(
                in: org,
                [
                    """
                    SELECT \(resources.columns) FROM \(resources.table)
                    WHERE \(condition.sql) AND (\(last)::uuid IS NULL OR \(resources.id) > \(last))
                    ORDER BY \(resources.id) LIMIT \(Self.piece)
                    """
                ])
            let rows = try await resources.read(answer[0], in: org, database, tellsAll: true)
            for row in rows where filter.matches(row.members) {
                found += 1
                if found >= query.startIndex, page.count < query.count { page.append(row.members) }
            }
            looked += rows.count
            guard rows.count == Self.piece else { return ListedPage(resources: page, total: found) }
            guard looked < Self.scanLimit else {
                throw Problem.scim(
                    .tooMany, "No index answers this filter, and there are more than \(looked) resources.")
            }
            last = rows.last?.id
        }
    }
}
