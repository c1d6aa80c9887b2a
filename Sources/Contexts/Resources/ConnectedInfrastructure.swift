import Access
import HTTPKit
import Inventory
import JSONKit
import Kernel
import Postgres

/// What is connected, seen from the connections: each connection and agent with the systems that it tells of, how many other
/// things, and how many of all those somebody else tells of too.
enum ConnectedInfrastructure {
    static let schema = Schema.object([
        "data": .array(
            .object([
                "connectionId": .uuid.described("An agent or a connection"),
                "systems": .array(
                    .object([
                        "resourceId": .uuid, "name": .string, "type": .string, "status": .string,
                        "sources": .array(.string),
                    ])),
                "resources": .integer, "byType": .map(of: .integer),
                "shared": .integer.described("Resources that another connection tells of, too"),
                "lastSeen": .timestamp.optional,
            ])),
        "nextCursor": .string.optional,
    ])

    static let example = """
        {"data":[{"connectionId":"01a1fe91-35a7-7bfb-bab5-1c5f31fc8bab","systems":[{"resourceId":\
        "5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","name":"pve1","type":"agent","status":"online",\
        "sources":["agent","proxmox"]}],"resources":3,"byType":{"agent":1,"vm":2},"shared":1,\
        "lastSeen":"2026-11-21T09:30:00.250Z"}]}
        """

    static let parameters: [QueryParameter] = [
        QueryParameter("limit", .integer, summary: "1 to 100, default 50"),
        QueryParameter("cursor", .string, summary: "`nextCursor` of the page before"),
    ]

    struct Query {
        let limit: Int
        let after: ConnectionID?

        init(_ query: HTTPKit.Query) throws(Problem) {
            let paging = try query.paging()
            limit = paging.limit
            after = try paging.cursor.map { text throws(Problem) in
                guard let id = ConnectionID(text) else { throw .invalidField("cursor", "not a cursor of this list") }
                return id
            }
        }
    }

    /// Two: what each tells of, by type; the systems among it. One connection more than the page.
    ///
    /// What leads in a resource decides who sees it. That somebody else tells of it too is only said of connections that
    /// the caller sees themselves.
    static func statements(_ query: Query) -> [SQL] {
        let seen: SQL = "\(Visibility.shows("row.connection_id")) AND \(Visibility.shows("c.connection_id"))"
        let after: SQL = query.after.map { "AND c.connection_id > \($0)" } ?? ""
        let page: SQL = """
            WITH page AS (
                SELECT DISTINCT c.connection_id FROM resource_claims c JOIN resources row ON row.id = c.resource_id
                WHERE \(seen) \(after) ORDER BY 1 LIMIT \(query.limit + 1)
            )
            """
        let systems = [ResourceType.agent, .pbs, .pmg].map(\.rawValue)
        return [
            """
            \(page)
            SELECT t.connection_id, t.type, count(*), count(*) FILTER (WHERE t.others), max(live.at)
            FROM (SELECT DISTINCT c.connection_id, row.id, row.type,
                         EXISTS (SELECT FROM resource_claims o
                                 WHERE o.resource_id = row.id AND o.connection_id <> c.connection_id
                                   AND \(Visibility.shows("o.connection_id"))) AS others
                  FROM resource_claims c JOIN page USING (connection_id) JOIN resources row ON row.id = c.resource_id
                  WHERE \(seen)) AS t
            LEFT JOIN resource_live live USING (connection_id)
            GROUP BY t.connection_id, t.type ORDER BY t.connection_id, t.type
            """,
            """
            \(page)
            SELECT DISTINCT c.connection_id, row.id, row.name, row.type, row.status, row.sources, row.name_key
            FROM resource_claims c JOIN page USING (connection_id) JOIN resources row ON row.id = c.resource_id
            WHERE row.type = ANY (\(systems)) AND \(seen) ORDER BY c.connection_id, row.name_key, row.id
            """,
        ]
    }

    private struct One {
        var byType: [(type: String, count: Int)] = []
        var shared = 0
        var lastSeen: Timestamp?
        var systems: [System] = []
    }

    private struct System: JSONEncodable {
        let id: ResourceID
        let name: String
        let type: String
        let status: String
        let sources: [String]

        func encode(to writer: inout JSONWriter) {
            writer.object { writer in
                writer.member("resourceId", id)
                writer.member("name", name)
                writer.member("type", type)
                writer.member("status", status)
                writer.member("sources", sources)
            }
        }
    }

    static func encode(_ results: [ResultSet], _ query: Query) throws -> [UInt8] {
        var all: [ConnectionID: One] = [:]
        try results[0].each { row in
            let id = try row.next(ConnectionID.self)
            all[id, default: One()].byType.append((type: try row.next(), count: try row.next()))
            all[id]?.shared += try row.next(Int.self)
            all[id]?.lastSeen = try row.next()
        }
        try results[1].each { row in
            let id = try row.next(ConnectionID.self)
            all[id]?.systems.append(
                System(
                    id: try row.next(), name: try row.next(), type: try row.next(), status: try row.next(),
                    sources: try row.next()))
        }
        let page = all.sorted { $0.key < $1.key }.prefix(query.limit)
        var writer = JSONWriter(capacity: 4096)
        writer.object { writer in
            writer.array("data") { writer in
                for (id, one) in page {
                    writer.object { writer in
                        writer.member("connectionId", id)
                        writer.member("systems", one.systems)
                        writer.member("resources", one.byType.reduce(0) { $0 + $1.count })
                        writer.member("byType", Dictionary(one.byType.map { ($0.type, $0.count) }) { $0 + $1 })
                        writer.member("shared", one.shared)
                        writer.member("lastSeen", one.lastSeen)
                    }
                }
            }
            if all.count > query.limit { writer.member("nextCursor", page.last?.key.description) }
        }
        return writer.bytes
    }
}
