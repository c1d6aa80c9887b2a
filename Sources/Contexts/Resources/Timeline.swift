import Access
import HTTPKit
import JSONKit
import Kernel
import Postgres

/// The timeline as HTTP shows it.
enum Timeline {
    struct Query {
        let kinds: [String]
        let sourceTypes: [String]
        let sources: [String]
        let since: Timestamp?
        let before: ResourceChangeID?
        let limit: Int

        init(_ query: HTTPKit.Query) throws(Problem) {
            kinds = try query.words("kind", among: Timeline.kinds)
            sourceTypes = try query.words("sourceType", among: Timeline.sourceTypes)
            // The field writes `proxmox_adapter` and `agent:NAME` for what is told of here by the source alone.
            sources = Array(
                (query.words("source") + query.words("sourceAdapter")).prefix(20).map { text in
                    let name = text.prefix { $0 != ":" }
                    return name.hasSuffix("_adapter") ? String(name.dropLast(8)) : String(name)
                })
            if let since = query["since"], !since.isEmpty {
                guard let time = Timestamp(rfc3339: since) else { throw .invalidField("since", "not an RFC 3339 time") }
                self.since = time
            } else {
                since = nil
            }
            let paging = try query.paging()
            limit = paging.limit
            if let cursor = paging.cursor {
                guard let id = ResourceChangeID(cursor) else {
                    throw .invalidField("cursor", "not a cursor of this list")
                }
                before = id
            } else {
                before = nil
            }
        }
    }

    /// What the field tells, whether something tells of it here yet or not.
    private static let kinds = Set(ResourceChange.Kind.allCases.map(\.rawValue)).union([
        "metric_anomaly", "capability_change", "alert_fired", "alert_acknowledged", "alert_unacknowledged",
        "alert_resolved", "command_executed", "runbook_executed",
    ])
    static let sourceTypes: Set<String> = [
        "platform_event", "pulse_diff", "heuristic", "user_action", "agent_action",
    ]

    static let parameters: [QueryParameter] = [
        QueryParameter("kind", .string, summary: "Kinds of change, separated by commas or repeated"),
        QueryParameter("sourceType", .string, summary: "How it was found out, separated by commas or repeated"),
        QueryParameter("source", .string, summary: "Who told it, separated by commas or repeated"),
        QueryParameter("since", .timestamp, summary: "Not older than this"),
        QueryParameter("limit", .integer, summary: "1 to 100, default 50"),
        QueryParameter("cursor", .string, summary: "`nextCursor` of the page before"),
    ]

    static let change = Schema.object([
        "id": .uuid, "resourceId": .uuid, "resourceName": .string, "resourceType": .string,
        "observedAt": .timestamp, "kind": .enumeration(ResourceChange.Kind.allCases.map(\.rawValue)),
        "from": .string.optional, "to": .string.optional,
        "sourceType": .string.described("`pulse_diff`: two states were compared; `user_action`: the actor said so"),
        "source": .string, "actor": .string.described("Kind and id: `user:0195f3a0-…`").optional,
        "confidence": .enumeration(["high", "medium", "low"]),
        "reason": .string.optional, "relatedResources": .array(.uuid),
    ]).named("ResourceChange")

    static let schema = Schema.object(["data": .array(change), "nextCursor": .string.optional])

    static let example = "{\"data\":[\(changeExample)]}"

    static let changeExample = """
        {"id":"01a1fe91-35a7-7bfb-bab5-1c5f31fc8bab","resourceId":"5d0a6c1e-9b1f-8c3d-a2e4-0f6b7c8d9e01",\
        "resourceName":"web-1","resourceType":"vm","observedAt":"2026-11-21T09:30:00.250Z","kind":"relationship_change",\
        "from":"pve1","to":"pve2","sourceType":"pulse_diff","source":"proxmox","confidence":"high",\
        "relatedResources":["0b6f1c1e-9b1f-8c3d-a2e4-0f6b7c8d9e02"]}
        """

    /// An id, what goes on in its place, and the other ids that did lead there: one machine's past under all its names.
    static func lineage(of id: ResourceID) -> SQL {
        let now = ResourceStore.current(id)
        return """
            SELECT \(id) UNION SELECT \(now) UNION
            SELECT s.old_id FROM resource_successions s WHERE s.new_id = \(now)
            """
    }

    /// One row more than the page, to know whether there is a next one.
    static func statement(_ query: Query, of resource: ResourceID?) -> SQL {
        var condition = Visibility.shows("c.connection_id")
        if let resource { condition += " AND c.resource_id IN (\(Self.lineage(of: resource)))" }
        if !query.kinds.isEmpty { condition += " AND c.kind = ANY(\(query.kinds))" }
        if !query.sourceTypes.isEmpty { condition += " AND c.source_type = ANY(\(query.sourceTypes))" }
        if !query.sources.isEmpty { condition += " AND c.source = ANY(\(query.sources))" }
        if let since = query.since { condition += " AND c.observed_at >= \(since)" }
        if let before = query.before { condition += " AND c.id < \(before)" }
        return """
            SELECT c.id, c.resource_id, c.resource_name, c.resource_type, c.observed_at, c.kind, c.from_state, c.to_state,
                   c.source_type, c.source, c.actor, c.confidence, c.reason, c.related_id
            FROM resource_changes c WHERE \(condition) ORDER BY c.id DESC LIMIT \(query.limit + 1)
            """
    }

    static func encode(_ result: ResultSet, _ query: Query) throws -> [UInt8] {
        var (count, last) = (0, "")
        var writer = JSONWriter(capacity: 4096)
        try writer.object { writer in
            try writer.array("data") { writer in
                try result.each { row in
                    count += 1
                    guard count <= query.limit else { return }
                    last = try one(&row, to: &writer)
                }
            }
            if count > query.limit { writer.member("nextCursor", last) }
        }
        return writer.bytes
    }

    @discardableResult
    static func one(_ row: inout RowReader, to writer: inout JSONWriter) throws -> String {
        let id = try row.next(ResourceChangeID.self)
        try writer.object { writer in
            writer.member("id", id)
            writer.member("resourceId", try row.next(ResourceID.self))
            writer.member("resourceName", try row.next(String.self))
            writer.member("resourceType", try row.next(String.self))
            writer.member("observedAt", try row.next(Timestamp.self))
            writer.member("kind", try row.next(String.self))
            writer.member("from", try row.next(String?.self))
            writer.member("to", try row.next(String?.self))
            writer.member("sourceType", try row.next(String.self))
            writer.member("source", try row.next(String.self))
            writer.member("actor", try row.next(String?.self))
            writer.member("confidence", try row.next(String.self))
            writer.member("reason", try row.next(String?.self))
            writer.member("relatedResources", [try row.next(ResourceID?.self)].compactMap { $0 })
        }
        return id.description
    }
}
