internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// How long sessions are good for in an organisation, and ending all that its providers opened.
struct PolicyRoutes: Sendable {
    private let context: SSOContext

    init(_ context: SSOContext) { self.context = context }

    var endpoints: [Endpoint] { [read, change] }

    private static let schema = Schema.object([
        "sessionMaxSeconds": .integer(minimum: 300, maximum: 2_592_000)
            .described("How old a session may be that works here; null: as old as it lives").nullable
    ])

    private var read: Endpoint {
        Endpoint(
            .get, "/api/security/sso/policy", summary: "How long sessions are good for here",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: Self.schema, responseExample: #"{"sessionMaxSeconds":43200}"#
        ) { [context] request in
            let seconds = try await context.database.first(in: try request.org(), "SELECT org_session_max()") {
                try $0.next(Int32?.self)
            }
            return Self.answer(seconds.flatMap { $0 }.map(Int.init))
        }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/security/sso/policy", summary: "Change how long sessions are good for here; acts at once",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.ssoPolicyUpdate.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired], request: Self.schema, response: Self.schema,
            requestExample: #"{"sessionMaxSeconds":43200}"#, responseExample: #"{"sessionMaxSeconds":43200}"#
        ) { [context] request in
            let (org, now) = (try request.org(), context.time.now)
            let body = try request.json(JSONValue.self)
            let seconds = body["sessionMaxSeconds"]?.int
            guard let asked = body["sessionMaxSeconds"],
                asked == .null || seconds.map({ (300...2_592_000).contains($0) }) == true
            else { throw Problem.invalidField("sessionMaxSeconds", "300 to 2592000 seconds are wanted, or null") }
            try await context.database.asOrg(org) { transaction in
                try await transaction.requireFreshSession(request, at: now)
                let before = try await transaction.first("SELECT limit_sessions(\(seconds.map(Int32.init)))") {
                    try $0.next(Int32?.self)
                }
                transaction.atCommit(
                    try request.audit(
                        .ssoPolicyUpdate, of: "organisation:\(org)",
                        before: ["sessionMaxSeconds": before.flatMap { $0 }.map { .integer(Int64($0)) } ?? .null],
                        after: ["sessionMaxSeconds": seconds.map { .integer(Int64($0)) } ?? .null], at: now))
            }
            return Self.answer(seconds)
        }
    }

    private static func answer(_ seconds: Int?) -> APIResponse {
        .json { json in
            json.key("sessionMaxSeconds")
            if let seconds { seconds.encode(to: &json) } else { json.null() }
        }
    }
}
