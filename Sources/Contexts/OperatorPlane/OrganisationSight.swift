internal import Access
internal import Audit
internal import HTTPKit
internal import Kernel
internal import Postgres
internal import Tenancy

/// Finding organisations and looking at one. Each look leaves an entry with every organisation it showed.
struct OrganisationSight: Sendable {
    struct Search: Sendable {
        /// Lower case; `nil`: all.
        var words: String?
        var state: String?
        var after: OrgID?
        var limit = 50
    }

    private let context: OperatorContext

    init(_ context: OperatorContext) { self.context = context }

    func find(_ search: Search, for request: APIRequest) async throws -> ListPage<SeenOrganisation> {
        try await context.staff.asNobody { transaction in
            let rows = try await transaction.rows(
                """
                SELECT \(SeenOrganisation.columns)
                FROM operator_orgs(\(search.words), \(search.words.flatMap { OrgID($0) }), \(search.state),
                                   \(search.after), \(Int32(search.limit + 1)))
                """
            ) { try SeenOrganisation(&$0) }
            let page = ListPage(rows, limit: search.limit) { "\($0.id)" }
            let actor = try request.caller().principal
            transaction.atCommit(
                try request.entry(.organisationSearch, of: "organisation:any", note: search.words), at: context.time.now
            )
            for org in page.rows.map(\.id).sorted() {
                transaction.leave(
                    AuditRecord(.operatorSearch, of: "organisation:\(org)", by: actor, from: request.origin), in: org,
                    at: context.time.now)
            }
            return page
        }
    }

    func look(at org: OrgID, for request: APIRequest) async throws -> SeenUsage {
        try await context.staff.asNobody { transaction in
            let now = context.time.now
            let seen = try await detail(of: org, for: request, in: transaction)
            let actor = try request.caller().principal
            transaction.atCommit(try request.entry(.organisationRead, of: "organisation:\(org)", about: org), at: now)
            transaction.leave(
                AuditRecord(.operatorRead, of: "organisation:\(org)", by: actor, from: request.origin), in: org,
                at: now)
            return seen
        }
    }

    /// After a change, which has left its own entry.
    func afterChange(of org: OrgID, for request: APIRequest) async throws -> SeenUsage {
        try await context.staff.asNobody { try await detail(of: org, for: request, in: $0) }
    }

    private func detail(
        of org: OrgID, for request: APIRequest, in transaction: Transaction
    ) async throws -> SeenUsage {
        let now = context.time.now
        let operatorID = try request.staff().id
        guard var seen = try await transaction.first(SeenUsage.query(org, at: now), { try SeenUsage(&$0) }) else {
            throw Problem.organisationNotFound
        }
        seen.owners = try await transaction.rows(
            "SELECT user_id, email, display_name FROM operator_owners(\(org))"
        ) { SeenUsage.Owner(user: try $0.next(), email: try $0.next(), displayName: try $0.next()) }
        let access = try await transaction.first(
            SupportAccess.query(by: operatorID, in: org, most: 1, at: now)
        ) { try SupportAccess(&$0) }
        seen.access = access.flatMap { ["pending", "active"].contains($0.state) ? $0 : nil }
        return seen
    }
}
