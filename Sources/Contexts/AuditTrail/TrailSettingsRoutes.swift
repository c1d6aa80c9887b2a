internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
internal import Postgres

/// How long entries of an organisation are kept when it has not said so itself.
package struct RetentionPlan: Sendable {
    /// 0: for ever.
    package let defaultDays: Int

    package init(defaultDays: Int) { self.defaultDays = defaultDays }

    /// What the field is used to.
    package static let standard = RetentionPlan(defaultDays: 90)
}

/// How long entries are kept, and forgetting the names of people who have left.
package struct TrailSettingsRoutes: Sendable {
    private let store: TrailStore
    private let plan: RetentionPlan
    private let time: any TimeSource

    package init(store: TrailStore, plan: RetentionPlan, time: any TimeSource) {
        self.store = store
        self.plan = plan
        self.time = time
    }

    package var endpoints: [Endpoint] { [settings, change, forget] }

    /// 0, or at least a month: what an attacker could make vanish by changing this must take longer than noticing it.
    private static let days = 30...3650

    private var settings: Endpoint {
        Endpoint(
            .get, "/api/audit/settings", summary: "Show how long entries are kept", access: .permission(.readAudit),
            scope: .readAuditTrail, openTo: .evenClosing, audit: .none(reason: "reads only"),
            response: TrailSchemas.settings,
            responseExample: #"{"retentionDays":90}"#
        ) { [self] request in
            let days = try await retentionDays(in: try request.org())
            return .json { $0.member("retentionDays", days) }
        }
    }

    private var change: Endpoint {
        Endpoint(
            .put, "/api/audit/settings", summary: "Say how long entries are kept; 0 is for ever",
            access: .permission(.manageAudit), audit: .entry(action: AuditAction.auditSettingsUpdate.rawValue),
            idempotency: .natural, request: TrailSchemas.settings, response: TrailSchemas.settings,
            requestExample: #"{"retentionDays":365}"#, responseExample: #"{"retentionDays":365}"#
        ) { [self] request in
            let org = try request.org()
            let days = try Self.days(in: request)
            let before = try await retentionDays(in: org)
            let entry = try request.audit(
                .auditSettingsUpdate, of: "organisation:\(org)", before: ["retentionDays": .integer(Int64(before))],
                after: ["retentionDays": .integer(Int64(days))], at: time.now)
            _ = try await store.database.batch(
                in: org,
                [
                    """
                    INSERT INTO audit_settings (org_id, retention_days) VALUES (\(org), \(Int32(days)))
                    ON CONFLICT (org_id) DO UPDATE SET retention_days = excluded.retention_days
                    """, entry,
                ])
            return .json { $0.member("retentionDays", days) }
        }
    }

    private static func days(in request: APIRequest) throws -> Int {
        guard let days = try request.json(JSONValue.self)["retentionDays"]?.int, days == 0 || self.days.contains(days)
        else {
            throw Problem.invalidField(
                "retentionDays", "0 (for ever) or a number from \(self.days.lowerBound) to \(self.days.upperBound)")
        }
        return days
    }

    private func retentionDays(in org: OrgID) async throws -> Int {
        try await store.database.first(in: org, TrailStore.retention) { Int(try $0.next(Int32.self)) }
            ?? plan.defaultDays
    }

    private var forget: Endpoint {
        Endpoint(
            .delete, "/api/audit/people/{userId}",
            summary: "Forget the name of someone who has left; their entries stay, under an id",
            access: .permission(.manageAudit), audit: .entry(action: AuditAction.auditPersonBlank.rawValue),
            idempotency: .natural, problems: [.notFound, .auditPersonIsMember], response: .nothing, status: 204,
            responseExample: ""
        ) { [self] request in
            let user: UserID = try request.id("userId")
            try await store.database.asOrg(try request.org()) { transaction in
                let outcome = try await transaction.first("SELECT blank_audit_person(\(user))") {
                    try $0.next(String.self)
                }
                switch outcome {
                case "ok": break
                case "member": throw Problem.auditPersonIsMember
                default: throw Problem.notFound
                }
                transaction.atCommit(try request.audit(.auditPersonBlank, of: "user:\(user)", at: time.now))
            }
            return .noContent
        }
    }
}

extension Problem {
    static let auditPersonIsMember = Problem(
        "audit-person-is-member", status: 409, title: "This person is still a member",
        detail: "Remove them from the organisation first.")
}
