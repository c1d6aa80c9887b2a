internal import Audit
internal import HTTPKit
internal import Kernel
internal import Postgres

/// Which entries of a trail: the query of `GET /api/audit`.
struct TrailFilter: Sendable {
    var actor: String?
    /// Empty: every action.
    var actions: [String] = []
    var object: String?
    /// Inclusive.
    var from: Timestamp?
    /// Exclusive.
    var to: Timestamp?
    /// Only entries below this number: where the page before ended.
    var below: Int64?
    var limit = 50

    /// - Throws: 400 `invalid-field` naming the parameter.
    init(_ query: Query) throws(Problem) {
        actor = try Self.label(query["actor"], "actor")
        object = try Self.label(query["object"], "object")
        if let text = query["action"], !text.isEmpty { actions = try Self.actions(text) }
        from = try Self.time(query["from"], "from")
        to = try Self.time(query["to"], "to")
        if let from, let to, from >= to { throw .invalidField("from", "it must be before “to”") }
        let paging = try query.paging()
        limit = paging.limit
        if let cursor = paging.cursor {
            guard let seq = Int64(cursor), seq > 0 else { throw .invalidField("cursor", "not a cursor of this list") }
            below = seq
        }
    }

    /// `agent.revoke`, or `agent.` for all of a noun.
    private static func actions(_ text: String) throws(Problem) -> [String] {
        let known = AuditAction.allCases.map(\.rawValue)
        let wanted = known.filter { $0 == text || (text.hasSuffix(".") && $0.hasPrefix(text)) }
        guard !wanted.isEmpty else {
            throw .invalidField("action", "“\(text.prefix(40))” is none of the actions of GET /api/audit/actions")
        }
        return wanted
    }

    private static func label(_ text: String?, _ field: String) throws(Problem) -> String? {
        guard let text, !text.isEmpty else { return nil }
        guard text.utf8.count <= 256, text.isPlainLine, text.contains(":") else {
            throw .invalidField(field, "kind and id are wanted, such as user:0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01")
        }
        return text
    }

    static func time(_ text: String?, _ field: String) throws(Problem) -> Timestamp? {
        guard let text, !text.isEmpty else { return nil }
        guard let time = Timestamp(rfc3339: text) else {
            throw .invalidField(field, "“\(text.prefix(40))” is not a time such as 2026-11-21T09:30:00Z")
        }
        return time
    }

    /// For a WHERE clause over `audit_entries e`. Conditions that are not asked for are not there, so that the index of
    /// what is asked for is used.
    var condition: SQL {
        var sql: SQL = "true"
        if let actor { sql += " AND e.actor = \(actor)" }
        if actions.count == 1 { sql += " AND e.action = \(actions[0])" }
        if actions.count > 1 { sql += " AND e.action = ANY(\(actions))" }
        if let object { sql += " AND e.object = \(object)" }
        if let from { sql += " AND e.at >= \(from)" }
        if let to { sql += " AND e.at < \(to)" }
        if let below { sql += " AND e.seq < \(below)" }
        return sql
    }

    static let parameters: [QueryParameter] = [
        QueryParameter("actor", .string(maxLength: 256), summary: "Who, such as `user:<id>`"),
        QueryParameter("action", .string(maxLength: 64), summary: "What, such as `agent.revoke`, or `agent.` for all"),
        QueryParameter("object", .string(maxLength: 256), summary: "On what, such as `agent:<id>`"),
        QueryParameter("from", .timestamp, summary: "Not before this time"),
        QueryParameter("to", .timestamp, summary: "Before this time"),
        QueryParameter("cursor", .string, summary: "`nextCursor` of the page before"),
        QueryParameter("limit", .integer, summary: "1 to 100, default 50"),
    ]
    static let range = Array(parameters[3...4])
}
