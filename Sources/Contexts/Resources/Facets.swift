import Access
import HTTPKit
import JSONKit
import Kernel
import Postgres

/// What there is to know around one resource, for a page that shows it: what it runs on and what runs on it, what changed
/// last, and how much of each.
enum Facets {
    /// Neighbours that are told one by one, the worst first; the counts tell of all.
    private static let neighbours = 50
    private static let changes = 10

    static let schema = Schema.object([
        "resourceId": .uuid,
        "earlierIds": .array(.uuid).described("Those it had before it turned out to be one with others"),
        "capabilities": .array(.anything).described("What can be done to it; nothing can be, yet"),
        "relationships": .array(
            .object([
                "kind": .enumeration(["runs-on", "carries"]), "resourceId": .uuid, "resourceName": .string,
                "resourceType": .string, "status": .string,
            ])),
        "recentChanges": .array(Timeline.change),
        "counts": .object([
            "relationships": .integer, "children": .map(of: .integer).described("By type"),
            "changes": .map(of: .integer).described("By kind, as far back as the timeline is kept"),
        ]),
    ])

    static let example = """
        {"resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01","earlierIds":[],"capabilities":[],\
        "relationships":[{"kind":"runs-on","resourceId":"0b6f1c1e-9b1f-8c3d-a2e4-0f6b7c8d9e02","resourceName":"pve2",\
        "resourceType":"agent","status":"online"}],"recentChanges":[\(Timeline.changeExample)],\
        "counts":{"relationships":1,"children":{},"changes":{"relationship_change":1}}}
        """

    /// Five: the resource, its neighbours, counts, changes, ids of before.
    static func statements(of id: ResourceID) throws -> [SQL] {
        let seen = Visibility.shows("row.connection_id")
        let now = ResourceStore.current(id)
        return [
            "SELECT row.id FROM resources row WHERE row.id = \(now) AND \(seen)",
            """
            SELECT coalesce(row.parent_id = p.id, false), row.id, row.name, row.type, row.status
            FROM resources row JOIN resources p ON p.id = \(now) AND (row.parent_id = p.id OR row.id = p.parent_id)
            WHERE \(seen)
            ORDER BY 1, CASE row.status WHEN 'offline' THEN 0 WHEN 'warning' THEN 1 WHEN 'unknown' THEN 2 ELSE 3 END,
                     row.name_key, row.id LIMIT \(neighbours)
            """,
            """
            SELECT false, row.type, count(*) FROM resources row WHERE row.parent_id = \(now) AND \(seen) GROUP BY row.type
            UNION ALL
            SELECT true, c.kind, count(*) FROM resource_changes c
            WHERE c.resource_id IN (\(Timeline.lineage(of: id))) AND \(Visibility.shows("c.connection_id")) GROUP BY c.kind
            """,
            Timeline.statement(try Timeline.Query(["limit": "\(changes)"]), of: id),
            "SELECT s.old_id FROM resource_successions s WHERE s.new_id = \(now) ORDER BY s.at DESC, s.old_id LIMIT 100",
        ]
    }

    /// - Returns: `nil` when the caller sees no such resource.
    static func encode(_ results: [ResultSet]) throws -> [UInt8]? {
        guard let id = try results[0].first({ try $0.next(ResourceID.self) }) else { return nil }
        var (children, changed): ([String: Int], [String: Int]) = ([:], [:])
        try results[2].each { row in
            let isChange = try row.next(Bool.self)
            let name = try row.next(String.self)
            if isChange { changed[name] = try row.next(Int.self) } else { children[name] = try row.next(Int.self) }
        }
        var hasParent = false
        var writer = JSONWriter(capacity: 4096)
        try writer.object { writer in
            writer.member("resourceId", id)
            writer.member("earlierIds", try results[4].rows { try $0.next(ResourceID.self) })
            writer.array("capabilities") { _ in }
            try writer.array("relationships") { writer in
                try results[1].each { row in
                    let isChild = try row.next(Bool.self)
                    hasParent = hasParent || !isChild
                    try writer.object { writer in
                        writer.member("kind", isChild ? "carries" : "runs-on")
                        writer.member("resourceId", try row.next(ResourceID.self))
                        writer.member("resourceName", try row.next(String.self))
                        writer.member("resourceType", try row.next(String.self))
                        writer.member("status", try row.next(String.self))
                    }
                }
            }
            try writer.array("recentChanges") { writer in
                var count = 0
                try results[3].each { row in
                    count += 1
                    if count <= changes { try Timeline.one(&row, to: &writer) }
                }
            }
            writer.object("counts") { writer in
                writer.member("relationships", children.values.reduce(0, +) + (hasParent ? 1 : 0))
                writer.member("children", children)
                writer.member("changes", changed)
            }
        }
        return writer.bytes
    }
}
