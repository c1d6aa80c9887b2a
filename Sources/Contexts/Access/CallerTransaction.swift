package import Audit
package import HTTPKit
package import JSONKit
package import Kernel
package import Postgres

extension Database {
    /// A transaction in the caller's organisation, or in none when the caller stands in none.
    package func asCaller<Answer>(
        _ request: APIRequest, _ body: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        guard let org = try request.caller().org else { return try await asNobody(body) }
        return try await asOrg(org, body)
    }
}

extension APIRequest {
    /// The audit entry of what this request's caller does; for `Transaction.atCommit`.
    package func audit(_ action: AuditAction, of object: String, at now: Timestamp) throws(Problem) -> SQL {
        AuditRecord(action, of: object, by: try caller().principal, from: origin).append(at: now)
    }

    /// The same, telling what changed; secrets are masked (see `AuditRecord.changing`).
    package func audit(
        _ action: AuditAction, of object: String, before: JSONValue?, after: JSONValue?, at now: Timestamp
    ) throws(Problem) -> SQL {
        AuditRecord(action, of: object, by: try caller().principal, from: origin)
            .changing(before: before, after: after).append(at: now)
    }
}
