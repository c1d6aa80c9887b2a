import Access
import Compression
import FoundationEssentials
package import Inventory
package import Kernel
package import Postgres

/// The inventory's rows, as readers want them. What the monitor writes is in `ResourceWrites`.
package struct ResourceStore: Sendable {
    let database: Database

    package init(_ database: Database) { self.database = database }

    /// One page of a list, and what a person wants to know about the rest.
    package struct Page: Sendable {
        package let resources: [StoredResource]
        package let head: OrgHead
        /// Of everything that the query matches.
        package let total: Int
        /// Counted over everything that the query matches but for its status, so that the other choices show theirs.
        package let counts: [Count]
        package let nextCursor: String?

        package struct Count: Sendable {
            package let type: String
            package let status: String
            package let source: String
            package let count: Int
        }
    }

    package func page(_ query: ResourceQuery, in org: OrgID) async throws -> Page {
        try Self.page(query, of: try await database.batch(in: org, Self.pageStatements(query)))
    }

    /// The statements behind a page. The head is read first: if a delta lands between, the page is newer than its ETag
    /// says, never older.
    static func pageStatements(_ query: ResourceQuery) -> [SQL] { [head, counting(query), listing(query)] }

    static func page(_ query: ResourceQuery, of results: [ResultSet]) throws -> Page {
        let head = try results[0].first { OrgHead(epoch: try $0.next(), seq: try $0.next()) } ?? .none
        let counts = try counts(of: results[1])
        let total = counts.lazy.filter { query.statuses.isEmpty || query.statuses.contains($0.status) }
            .reduce(0) { $0 + $1.count }
        var last: ResourceCursor?
        var rows = StoredRows()
        try results[2].each { row in
            let id = try rows.take(&row)
            last = ResourceCursor(key: try row.next(), name: try row.next(), id: id)
        }
        return Page(
            resources: rows.resources, head: head, total: total, counts: counts,
            nextCursor: rows.count == query.paging.limit ? last?.text : nil)
    }

    static func counts(of result: ResultSet) throws -> [Page.Count] {
        try result.rows {
            Page.Count(type: try $0.next(), status: try $0.next(), source: try $0.next(), count: try $0.next())
        }
    }

    /// - Returns: `nil` when this organisation has no such resource. Successions are followed.
    package func resource(
        _ id: ResourceID, in org: OrgID, seenBy visibility: Visibility? = nil
    ) async throws -> StoredResource? {
        let answers = try await database.batch(in: org, visibility.narrowing([Self.oneStatement(id)]))
        return try Self.one(of: answers[answers.count - 1])
    }

    /// Whether there is, or was, such a resource that the caller sees.
    static func existence(of id: ResourceID) -> SQL {
        """
        SELECT EXISTS (SELECT FROM resources row WHERE row.id = \(current(id)) AND \(seen))
            OR EXISTS (SELECT FROM resource_changes row WHERE row.resource_id = \(id) AND \(seen))
        """
    }

    static func oneStatement(_ id: ResourceID) -> SQL {
        """
        SELECT \(StoredRows.columns) FROM resources row LEFT JOIN resource_live live USING (org_id, connection_id)
        WHERE row.id = \(current(id)) AND \(seen)
        """
    }

    /// The id, or what goes on in its place.
    static func current(_ id: ResourceID) -> SQL {
        "coalesce((SELECT s.new_id FROM resource_successions s WHERE s.old_id = \(id)), \(id))"
    }

    static func one(of result: ResultSet) throws -> StoredResource? {
        var rows = StoredRows()
        try result.each { try rows.take(&$0) }
        return rows.resources.first
    }

    /// The resources that somebody sees.
    package func ids(in org: OrgID, seenBy visibility: Visibility?) async throws -> Set<ResourceID> {
        let answers = try await database.batch(
            in: org, visibility.narrowing(["SELECT row.id FROM resources row WHERE \(Self.seen)"]))
        return Set(try answers[answers.count - 1].rows { try $0.next(ResourceID.self) })
    }

    /// Everything of an organisation that somebody sees and the head it belongs to, in one snapshot.
    /// - Parameter visibility: `nil`: all of it.
    package func snapshot(
        of org: OrgID, seenBy visibility: Visibility? = nil
    ) async throws -> (head: OrgHead, resources: [StoredResource]) {
        var head = OrgHead.none
        let sql: SQL = """
            SELECT coalesce(h.epoch, 0), coalesce(h.seq, 0), row.id IS NOT NULL, \(StoredRows.columns)
            FROM (SELECT 1) AS one
            LEFT JOIN org_heads h ON true
            LEFT JOIN (resources row LEFT JOIN resource_live live USING (org_id, connection_id)) ON \(Self.seen)
            ORDER BY row.name_key, row.id
            """
        let answers = try await database.batch(in: org, visibility.narrowing([sql]), timeout: .seconds(10))
        var rows = StoredRows()
        try answers[answers.count - 1].each { row in
            head = OrgHead(epoch: try row.next(), seq: try row.next())
            if try row.next(Bool.self) { try rows.take(&row) }
        }
        return (head, rows.resources)
    }

    /// The evidence by which claims find their resources.
    package func keys(of org: OrgID) async throws -> [Evidence: ResourceID] {
        let rows = try await database.rows(in: org, "SELECT kind, value, resource_id FROM resource_keys") { row in
            (kind: try row.next(String.self), value: try row.next(String.self), id: try row.next(ResourceID.self))
        }
        return rows.reduce(into: [:]) { keys, row in
            if let kind = Evidence.Kind(rawValue: row.kind) { keys[Evidence(kind, row.value)] = row.id }
        }
    }

    /// What is claimed of its resources, as it was stored; what cannot be read is learned again.
    package func claims(of org: OrgID) async throws -> [Claim] {
        try await database.rows(
            in: org, "SELECT connection_id, key, resource_id, said FROM resource_claims", timeout: .seconds(10)
        ) { row in
            let place = Claim.Place(try row.next(), try row.next())
            let resource = try row.next(ResourceID.self)
            let said = ClaimCodec.decode(try row.next(), at: place)
            return said.map { Claim(said: $0, resource: resource, isHeard: false) }
        }.compactMap { $0 }
    }

    package func head(of org: OrgID) async throws -> OrgHead {
        try await database.first(in: org, Self.head) { OrgHead(epoch: try $0.next(), seq: try $0.next()) } ?? .none
    }

    // MARK: Statements

    /// The rows named `row` that `pulse.sight` shows.
    private static let seen = Visibility.shows("row.connection_id")
    private static let head: SQL = "SELECT epoch, seq FROM org_heads"

    static func counting(_ query: ResourceQuery) -> SQL {
        var all = query
        all.statuses = []
        return """
            SELECT r.type, r.status, r.source, count(*) FROM resources r
            WHERE \(filter(all)) GROUP BY r.type, r.status, r.source ORDER BY 1, 2, 3
            """
    }

    private static func listing(_ query: ResourceQuery) -> SQL {
        let key: SQL =
            switch query.sort {
            case .name: "''"
            // Worst first when descending.
            case .status:
                "CASE r.status WHEN 'online' THEN '0' WHEN 'unknown' THEN '1' WHEN 'warning' THEN '2' ELSE '3' END"
            case .type: "r.type"
            case .lastSeen: "lpad(coalesce((extract(epoch FROM l.at) * 1000)::bigint, 0)::text, 15, '0')"
            }
        var page: SQL = """
            SELECT * FROM (
                SELECT r.*, \(key) AS sort_key FROM resources r LEFT JOIN resource_live l USING (org_id, connection_id)
                WHERE \(filter(query))) AS list
            """
        let cursor = query.paging.cursor.flatMap(ResourceCursor.init)
        if let cursor {
            let place: SQL = "(\(cursor.key), \(cursor.name), \(cursor.id))"
            page +=
                query.isDescending
                ? " WHERE (sort_key, name_key, id) < \(place)" : " WHERE (sort_key, name_key, id) > \(place)"
        }
        let order: SQL =
            query.isDescending
            ? " ORDER BY sort_key DESC, name_key DESC, id DESC" : " ORDER BY sort_key, name_key, id"
        page += order + " LIMIT \(query.paging.limit)"
        // A parameter that is nearly always zero is guessed to skip a tenth of everything, and then every run is
        // planned anew because that seems cheaper.
        if cursor == nil, query.paging.offset > 0 { page += " OFFSET \(query.paging.offset)" }
        return """
            SELECT \(StoredRows.columns), row.sort_key, row.name_key
            FROM (\(page)) AS row LEFT JOIN resource_live live USING (connection_id)\(order)
            """
    }

    private static func filter(_ query: ResourceQuery) -> SQL {
        var condition = Visibility.shows("r.connection_id")
        if !query.types.isEmpty { condition += " AND r.type = ANY(\(query.types))" }
        if !query.sources.isEmpty { condition += " AND r.sources && \(query.sources)" }
        if let parent = query.parent { condition += " AND r.parent_id = \(current(parent))" }
        if !query.tags.isEmpty { condition += " AND r.tags && \(query.tags)" }
        if let cluster = query.cluster { condition += " AND \(cluster) = ANY (r.clusters)" }
        if !query.statuses.isEmpty { condition += " AND r.status = ANY(\(query.statuses))" }
        if let text = query.text { condition += " AND strpos(r.name_key, \(text)) > 0" }
        return condition
    }
}
