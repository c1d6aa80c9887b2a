internal import Inventory
internal import JSONKit
package import Kernel
package import Postgres

/// Health as its row has it.
extension ConnectionHealth {
    static let columns: SQL = """
        h.state, h.checked_at, h.ok_at, h.reason, h.detail, h.latency_ms, h.next_poll_at, h.version, h.instance_name,
        h.discovered::text, h.degraded::text, coalesce(h.consecutive_failures, 0)
        """

    /// A connection without a row was not asked yet.
    init(_ row: inout RowReader) throws {
        self.init()
        state = try row.next(String?.self).flatMap { State(rawValue: $0) } ?? .pending
        checkedAt = try row.next()
        okAt = try row.next()
        let (reason, detail) = (try row.next(String?.self), try row.next(String?.self))
        fault = reason.flatMap { ConnectionFault.Reason(rawValue: $0) }.map { ConnectionFault($0, detail ?? "") }
        latency = try row.next(Int64?.self).map { .milliseconds($0) }
        nextPollAt = try row.next()
        version = try row.next()
        instanceName = try row.next()
        discovered = try row.next(String?.self).flatMap { try? DiscoveredJSON(json: Array($0.utf8)) }?.counts
        degraded = try row.next(String?.self).flatMap { try? DegradedJSON(json: Array($0.utf8)) }?.parts ?? []
        consecutiveFailures = Int(try row.next(Int32.self))
    }

    var discoveredJSON: String? {
        discovered.map { String(decoding: DiscoveredJSON(counts: $0).json, as: UTF8.self) }
    }

    var degradedJSON: String? {
        degraded.isEmpty ? nil : String(decoding: DegradedJSON(parts: degraded).json, as: UTF8.self)
    }
}

/// `{"vm": 18}`, ascending by type.
struct DiscoveredJSON: JSONEncodable, JSONDecodable {
    let counts: [ResourceType: Int]

    init(counts: [ResourceType: Int]) { self.counts = counts }

    init(from reader: inout JSONReader) throws(JSONError) {
        var counts: [ResourceType: Int] = [:]
        try reader.enterObject()
        while let key = try reader.nextKey() {
            let count = try reader.int()
            if let type = ResourceType(rawValue: key.description) { counts[type] = count }
        }
        self.counts = counts
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            for (type, count) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
                json.member(type.rawValue, count)
            }
        }
    }
}

/// `[{"part", "reason", "detail"}]`
struct DegradedJSON: JSONEncodable, JSONDecodable {
    let parts: [DegradedPart]

    init(parts: [DegradedPart]) { self.parts = parts }

    init(from reader: inout JSONReader) throws(JSONError) {
        parts =
            try JSONValue(from: &reader).array?.compactMap { value in
                guard let part = value["part"]?.string, let detail = value["detail"]?.string,
                    let reason = value["reason"]?.string.flatMap({ ConnectionFault.Reason(rawValue: $0) })
                else { return nil }
                return DegradedPart(part, ConnectionFault(reason, detail))
            } ?? []
    }

    func encode(to writer: inout JSONWriter) {
        writer.array { json in
            for part in parts {
                json.object { json in
                    json.member("part", part.part)
                    json.member("reason", part.fault.reason.rawValue)
                    json.member("detail", part.fault.detail)
                }
            }
        }
    }
}

/// What a monitor knows of a connection that it asked.
package struct CheckedConnection: Sendable {
    package let id: ConnectionID
    /// Of the configuration that was asked with.
    package let revision: Int64
    package let health: ConnectionHealth

    package init(id: ConnectionID, revision: Int64, health: ConnectionHealth) {
        self.id = id
        self.revision = revision
        self.health = health
    }
}

extension ConnectionStore {
    /// One statement for any number of connections, for the transaction of whoever asked them. One that is gone or whose
    /// configuration is another meanwhile is left alone: yesterday's refusal says nothing of today's token.
    package static func record(_ checked: [CheckedConnection], in org: OrgID) -> SQL {
        let all = checked.map(\.health)
        return """
            UPDATE connection_health h SET
                state = n.state, checked_at = n.checked_at, ok_at = n.ok_at, reason = n.reason, detail = n.detail,
                latency_ms = n.latency_ms, next_poll_at = n.next_poll_at, version = n.version,
                instance_name = n.instance_name, discovered = n.discovered::jsonb, degraded = n.degraded::jsonb,
                consecutive_failures = n.failures
            FROM unnest(
                \(checked.map(\.id)), \(checked.map(\.revision)), \(all.map(\.state.rawValue)), \(all.map(\.checkedAt)),
                \(all.map(\.okAt)), \(all.map(\.fault?.reason.rawValue)), \(all.map(\.fault?.detail)),
                \(all.map { $0.latency.map { Int32(clamping: $0.milliseconds) } }), \(all.map(\.nextPollAt)),
                \(all.map(\.version)), \(all.map(\.instanceName)), \(all.map(\.discoveredJSON)),
                \(all.map(\.degradedJSON)), \(all.map { Int32(clamping: $0.consecutiveFailures) })
            ) AS n (id, revision, state, checked_at, ok_at, reason, detail, latency_ms, next_poll_at, version,
                    instance_name, discovered, degraded, failures)
            JOIN connections c ON c.org_id = \(org) AND c.id = n.id AND c.revision = n.revision AND c.is_enabled
            WHERE h.org_id = \(org) AND h.connection_id = n.id
            """
    }
}
