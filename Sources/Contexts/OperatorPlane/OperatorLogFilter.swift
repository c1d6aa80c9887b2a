internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// Which entries of the operators' log are wanted.
struct OperatorLogFilter: Sendable {
    let person: OperatorID?
    let org: OrgID?
    let action: String?
    let from: Timestamp?
    let to: Timestamp?
    let before: Int64?
    let limit: Int

    static let parameters: [QueryParameter] = [
        QueryParameter("operator", .uuid, summary: "what this operator did"),
        QueryParameter("org", .uuid, summary: "what concerned this organisation"),
        QueryParameter(
            "action", .enumeration(OperatorAction.allCases.map(\.rawValue)), summary: "this kind of thing alone"),
        QueryParameter("from", .timestamp, summary: "not before"),
        QueryParameter("to", .timestamp, summary: "before"),
        QueryParameter("limit", .integer(minimum: 1, maximum: 100), summary: "how many, 50 unless told"),
        QueryParameter("cursor", .string, summary: "where to go on: the last answer's nextCursor"),
    ]

    init(_ query: Query) throws(Problem) {
        person = try Self.value(query, "operator", "an operator's id") { OperatorID($0) }
        org = try Self.value(query, "org", "an organisation's id") { OrgID($0) }
        action = try Self.value(query, "action", "an action of the log") { OperatorAction(rawValue: $0)?.rawValue }
        from = try Self.value(query, "from", "a time as RFC 3339 writes it") { Timestamp(rfc3339: $0) }
        to = try Self.value(query, "to", "a time as RFC 3339 writes it") { Timestamp(rfc3339: $0) }
        before = try Self.value(query, "cursor", "what an answer gave as nextCursor") { Int64($0) }
        limit = Paging(limit: query["limit"].flatMap { Int($0) } ?? 50).limit
    }

    private static func value<Value>(
        _ query: Query, _ name: String, _ wanted: String, _ read: (String) -> Value?
    ) throws(Problem) -> Value? {
        guard let text = query[name], !text.isEmpty else { return nil }
        guard let value = read(text) else { throw .invalidField(name, "\(wanted) is wanted") }
        return value
    }

    var sql: SQL {
        """
        SELECT l.seq, l.id, l.at, l.actor, l.action, l.object, l.about, l.note, l.address, l.user_agent, l.request_id,
               o.display_name
        FROM operator_log l LEFT JOIN all_operators() o ON l.actor = 'operator:' || o.id
        WHERE (\(person.map { "operator:\($0)" })::text IS NULL OR l.actor = \(person.map { "operator:\($0)" }))
          AND (\(org)::uuid IS NULL OR l.about = \(org)) AND (\(action)::text IS NULL OR l.action = \(action))
          AND (\(from)::timestamptz IS NULL OR l.at >= \(from)) AND (\(to)::timestamptz IS NULL OR l.at < \(to))
          AND (\(before)::bigint IS NULL OR l.seq < \(before))
        ORDER BY l.seq DESC LIMIT \(limit + 1)
        """
    }
}

/// One entry as it is read.
struct LoggedEntry: Sendable {
    let seq: Int64
    let id: OperatorLogEntryID
    let at: Timestamp
    let actor: String
    let action: String
    let object: String
    let about: OrgID?
    let note: String?
    let address: String
    let userAgent: String
    let requestID: String
    let operatorName: String?

    /// `nil` for what was done in a shell.
    private var operatorID: OperatorID? {
        guard actor.hasPrefix("operator:") else { return nil }
        return OperatorID(String(actor.dropFirst("operator:".utf8.count)))
    }

    init(_ row: inout RowReader) throws {
        seq = try row.next()
        id = try row.next()
        at = try row.next()
        actor = try row.next()
        action = try row.next()
        object = try row.next()
        about = try row.next()
        note = try row.next()
        address = try row.next()
        userAgent = try row.next()
        requestID = try row.next()
        operatorName = try row.next()
    }

    static let schema = Schema.object([
        "id": .uuid, "seq": .integer(minimum: 1), "at": .timestamp, "actor": .string,
        "operatorId": .uuid.optional, "operatorName": .string.optional,
        "action": .string, "object": .string, "orgId": .uuid.optional, "note": .string.optional, "address": .string,
        "userAgent": .string, "requestId": .string,
    ]).named("OperatorLogEntry")

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-0000000000c1","seq":43,"at":"2026-11-21T09:30:00.000Z",\
        "actor":"operator:01935c1e-7d00-7000-8000-0000000000a1","operatorName":"Mira","action":"organisation.suspend",\
        "object":"organisation:01935c1e-7d00-7000-8000-000000000001","orgId":"01935c1e-7d00-7000-8000-000000000001",\
        "note":"three bills are open","address":"192.0.2.7","userAgent":"Firefox","requestId":"req-1"}
        """
}

extension LoggedEntry: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("seq", seq)
            json.member("at", at)
            json.member("actor", actor)
            json.member("operatorId", operatorID)
            json.member("operatorName", operatorName)
            json.member("action", action)
            json.member("object", object)
            json.member("orgId", about)
            json.member("note", note)
            json.member("address", address)
            json.member("userAgent", userAgent)
            json.member("requestId", requestID)
        }
    }
}
