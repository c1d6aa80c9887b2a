internal import Access
internal import Audit
package import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Mail
internal import Postgres
internal import Tenancy

/// Asking organisations for support access, and giving it back, over HTTP.
package struct SupportRoutes: Sendable {
    private let context: OperatorContext

    package init(_ context: OperatorContext) { self.context = context }

    package var endpoints: [Endpoint] { [ask, list, withdraw] }

    private var ask: Endpoint {
        Endpoint(
            .post, "/api/operator/orgs/{id}/support-access",
            summary: "Ask an organisation to be let in for a while, to read",
            access: .operator(.operator), audit: .entry(action: AuditAction.supportAccessRequest.rawValue),
            idempotency: .natural, problems: [.organisationNotFound],
            request: .object([
                "reason": .string(minLength: 1, maxLength: 500), "minutes": .integer(minimum: 15, maximum: 10_080),
            ]),
            response: SupportAccess.schema, status: 201,
            requestExample: #"{"reason":"The graphs of host7 stand still","minutes":60}"#,
            responseExample: SupportAccess.example
        ) { request in
            let (access, isNew) = try await self.ask(request)
            return .json(access, status: isNew ? 201 : 200)
        }
    }

    /// Who has asked already and waits, or is let in, is answered with that; nothing is written then.
    private func ask(_ request: APIRequest) async throws -> (SupportAccess, isNew: Bool) {
        let org = try request.organisationOfPath()
        let wanted = try request.json(SupportRequest.self)
        let reason = try OperatorNote.check(wanted.reason, field: "reason")
        guard SupportAccess.minutes.contains(wanted.minutes) else {
            throw Problem.invalidField("minutes", "a whole number of 15 to 10080 is wanted")
        }
        let (person, now) = (try request.staff().id, context.time.now)
        let id = SupportConsentID.new(at: now)
        let entry = try request.entry(.supportRequest, of: "support_access:\(id)", about: org, note: reason)
        let record = AuditRecord(
            .supportAccessRequest, of: "support_access:\(id)", by: try request.caller().principal,
            from: request.origin)
        let (access, isNew, owners) = try await context.staff.asNobody { transaction in
            let open =
                try await transaction.first(
                    "SELECT request_support(\(org), \(id), \(person), \(reason), \(Int32(wanted.minutes)), \(now))"
                ) { try $0.next(SupportConsentID?.self) } ?? nil
            guard let open else { throw Problem.organisationNotFound }
            let query = SupportAccess.query(by: person, in: org, open, most: 1, at: now)
            guard let access = try await transaction.first(query, { try SupportAccess(&$0) }) else {
                throw Problem.supportAccessNotFound
            }
            guard open == id else { return (access, false, [String]()) }
            transaction.atCommit(entry, at: now)
            transaction.leave(record, in: org, at: now)
            let owners = try await transaction.rows("SELECT email FROM operator_owners(\(org))") {
                try $0.next(String.self)
            }
            return (access, true, owners)
        }
        for owner in owners.compactMap({ EmailAddress($0) }) {
            context.identity.mail.send(
                SupportLetter(to: owner, access: access, publicURL: context.identity.publicURL).mail)
        }
        return (access, isNew)
    }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/operator/support-access",
            summary: "What was asked for: one's own, or for an operator_admin everybody's",
            access: .operator(.operator), audit: .entry(action: OperatorAction.supportList.rawValue),
            problems: [.invalidField("cursor", "")],
            query: [QueryParameter("status", .enumeration(SupportAccess.states), summary: "in this state alone")]
                + APIRequest.pageParameters,
            response: .page(of: SupportAccess.schema), responseExample: "{\"data\":[\(SupportAccess.example)]}"
        ) { [context] request in
            let page = try request.page(of: SupportConsent.self)
            let state = request.query["status"]
            guard state.map(SupportAccess.states.contains) ?? true else {
                throw Problem.invalidField("status", "one of \(SupportAccess.states.joined(separator: ", "))")
            }
            let (person, standing) = try request.staff()
            let query = SupportAccess.query(
                by: standing == .operatorAdmin ? nil : person, state: state, after: page.after, most: page.limit + 1,
                at: context.time.now)
            let entry = try request.entry(.supportList, of: "support_access:any")
            let rows = try await context.staff.asNobody { transaction in
                transaction.atCommit(entry, at: context.time.now)
                return try await transaction.rows(query) { try SupportAccess(&$0) }
            }
            return ListPage(rows, limit: page.limit) { "\($0.id)" }.response
        }
    }

    private var withdraw: Endpoint {
        Endpoint(
            .delete, "/api/operator/support-access/{id}", summary: "Take a request back, or give access up",
            access: .operator(.operator), audit: .entry(action: AuditAction.supportAccessWithdraw.rawValue),
            idempotency: .natural, problems: [.supportAccessNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [context] request in
            guard let id = request.parameters["id"].flatMap({ SupportConsentID($0) }) else {
                throw Problem.supportAccessNotFound
            }
            let (person, now) = (try request.staff().id, context.time.now)
            let record = AuditRecord(
                .supportAccessWithdraw, of: "support_access:\(id)", by: try request.caller().principal,
                from: request.origin)
            try await context.staff.asNobody { transaction in
                let org =
                    try await transaction.first("SELECT withdraw_support(\(id), \(person), \(now))") {
                        try $0.next(OrgID?.self)
                    } ?? nil
                guard let org else { throw Problem.supportAccessNotFound }
                transaction.atCommit(
                    try request.entry(.supportWithdraw, of: "support_access:\(id)", about: org), at: now)
                transaction.leave(record, in: org, at: now)
            }
            return .noContent
        }
    }
}

/// `{reason, minutes}`
private struct SupportRequest: JSONDecodable {
    let reason: String
    let minutes: Int

    init(from reader: inout JSONReader) throws(JSONError) {
        var reason: String?
        var minutes: Int?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "reason": reason = try reader.string()
            case "minutes": minutes = try reader.decode()
            default: try reader.skip()
            }
        }
        self.reason = try reader.required("reason", reason)
        self.minutes = try reader.required("minutes", minutes)
    }
}
