package import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// The operators' log, for those who look after operators.
package struct OperatorLogRoutes: Sendable {
    private let context: OperatorContext

    package init(_ context: OperatorContext) { self.context = context }

    package var endpoints: [Endpoint] { [list, verify] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/operator/audit", summary: "What operators did, newest first",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.logRead.rawValue),
            problems: [.invalidField("cursor", "")], query: OperatorLogFilter.parameters,
            response: .object(["data": .array(LoggedEntry.schema, maxItems: 100), "nextCursor": .string.optional]),
            responseExample: "{\"data\":[\(LoggedEntry.example)],\"nextCursor\":\"42\"}"
        ) { [context] request in
            let filter = try OperatorLogFilter(request.query)
            let entry = try request.entry(.logRead, of: "operator_log:all", about: filter.org)
            let found = try await context.staff.asNobody { transaction in
                transaction.atCommit(entry, at: context.time.now)
                return try await transaction.rows(filter.sql) { try LoggedEntry(&$0) }
            }
            let page = found.prefix(filter.limit)
            return .json { json in
                json.array("data") { json in for entry in page { entry.encode(to: &json) } }
                json.member("nextCursor", found.count > filter.limit ? page.last.map { "\($0.seq)" } : nil)
            }
        }
    }

    private var verify: Endpoint {
        Endpoint(
            .get, "/api/operator/audit/verify",
            summary: "Compute the chain of the operators' log anew, and check its signed checkpoints",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.logVerify.rawValue),
            response: .object([
                "intact": .boolean, "entries": .integer(minimum: 0),
                "brokenSeq": .integer.optional.described("the first entry at which it does not hold"),
                "checkpoints": .integer(minimum: 0), "checkpoint": OperatorCheckpoint.schema.optional,
            ]),
            responseExample: #"{"intact":true,"entries":120,"checkpoints":0}"#, timeout: .seconds(120)
        ) { [context] request in
            let entry = try request.entry(.logVerify, of: "operator_log:all")
            let found = try await context.staff.asNobody { transaction in
                transaction.atCommit(entry, at: context.time.now)
                return try await OperatorLogAuditor(keys: context.keys).verify(in: transaction)
            }
            return .json { json in
                json.member("intact", found.brokenSeq == nil)
                json.member("entries", found.entries)
                json.member("brokenSeq", found.brokenSeq)
                json.member("checkpoints", found.checkpoints)
                json.member("checkpoint", found.newest)
            }
        }
    }
}
