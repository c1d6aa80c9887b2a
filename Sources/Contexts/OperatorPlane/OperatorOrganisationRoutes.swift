internal import Access
internal import Audit
package import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Postgres
internal import Tenancy

/// Organisations for operators, over HTTP: finding them, what they use, suspending and restoring.
package struct OperatorOrganisationRoutes: Sendable {
    private let context: OperatorContext
    private let sight: OrganisationSight
    private let suspension: Suspension

    package init(_ context: OperatorContext) {
        self.context = context
        sight = OrganisationSight(context)
        suspension = Suspension(database: context.staff, time: context.time)
    }

    package var endpoints: [Endpoint] { [search, detail, suspend, restore] }

    private var search: Endpoint {
        Endpoint(
            .get, "/api/operator/orgs", summary: "Find organisations, newest first", access: .operator(.operator),
            audit: .entry(action: OperatorAction.organisationSearch.rawValue),
            problems: [.invalidField("cursor", "")],
            query: [
                QueryParameter(
                    "q", .string(maxLength: 254),
                    summary: "part of a name or slug, an id, or a member's whole e-mail address"),
                QueryParameter("status", .enumeration(SeenOrganisation.states), summary: "in this state alone"),
            ] + APIRequest.pageParameters,
            response: .page(of: SeenOrganisation.schema), responseExample: "{\"data\":[\(SeenOrganisation.example)]}"
        ) { [sight] request in
            let page = try request.page(of: Organisation.self)
            let words = try Self.words(request.query["q"])
            let state = request.query["status"]
            guard state.map(SeenOrganisation.states.contains) ?? true else {
                throw Problem.invalidField("status", "one of \(SeenOrganisation.states.joined(separator: ", "))")
            }
            let search = OrganisationSight.Search(words: words, state: state, after: page.after, limit: page.limit)
            return try await sight.find(search, for: request).response
        }
    }

    private static func words(_ query: String?) throws(Problem) -> String? {
        guard let words = query?.trimmed.lowercased(), !words.isEmpty else { return nil }
        guard words.utf8.count <= 254, words.isPlainLine else {
            throw .invalidField("q", "one line of at most 254 bytes is wanted")
        }
        return words
    }

    private var detail: Endpoint {
        Endpoint(
            .get, "/api/operator/orgs/{id}", summary: "One organisation and what it uses",
            access: .operator(.operator), audit: .entry(action: OperatorAction.organisationRead.rawValue),
            problems: [.organisationNotFound], response: SeenUsage.schema, responseExample: SeenUsage.example
        ) { [sight] request in
            try await sight.look(at: try request.organisationOfPath(), for: request).response
        }
    }

    private var suspend: Endpoint {
        Endpoint(
            .post, "/api/operator/orgs/{id}/suspend",
            summary: "Suspend an organisation: its credentials, sockets and monitor stop within a second",
            access: .operator(.operatorAdmin), audit: .entry(action: AuditAction.organisationSuspend.rawValue),
            idempotency: .natural, problems: [LifeRefusal.gone.problem, LifeRefusal.alreadySuspended.problem],
            request: .object(["reason": .enumeration(SuspensionReason.allCases.map(\.rawValue)), "note": .string]),
            response: SeenUsage.schema, requestExample: #"{"reason":"billing","note":"three bills are open"}"#,
            responseExample: SeenUsage.example
        ) { [sight, suspension, context] request in
            let org = try request.organisationOfPath()
            let body = try request.json(BodyMembers.self)
            guard let reason = SuspensionReason(rawValue: try body.text("reason").reveal()) else {
                throw Problem.invalidField("reason", "billing or abuse is wanted")
            }
            let note = try OperatorNote.check(try body.text("note").reveal(), field: "note")
            let entry = try request.entry(.organisationSuspend, of: "organisation:\(org)", about: org, note: note)
            try await suspension.suspend(
                org, for: reason, by: try request.caller().principal, from: request.origin,
                beside: [entry.append(at: context.time.now)])
            return try await sight.afterChange(of: org, for: request).response
        }
    }

    private var restore: Endpoint {
        Endpoint(
            .post, "/api/operator/orgs/{id}/restore", summary: "Lift an organisation's suspension",
            access: .operator(.operatorAdmin), audit: .entry(action: AuditAction.organisationUnsuspend.rawValue),
            idempotency: .natural, problems: [LifeRefusal.gone.problem, LifeRefusal.notSuspended.problem],
            request: .object(["note": .string]), response: SeenUsage.schema,
            requestExample: #"{"note":"the bills are paid"}"#, responseExample: SeenUsage.example
        ) { [sight, suspension, context] request in
            let org = try request.organisationOfPath()
            let body = try request.json(BodyMembers.self)
            let note = try OperatorNote.check(try body.text("note").reveal(), field: "note")
            let entry = try request.entry(.organisationUnsuspend, of: "organisation:\(org)", about: org, note: note)
            try await suspension.lift(
                org, by: try request.caller().principal, from: request.origin,
                beside: [entry.append(at: context.time.now)])
            return try await sight.afterChange(of: org, for: request).response
        }
    }
}

extension APIRequest {
    /// The organisation that `{id}` names. What is no id is no organisation.
    func organisationOfPath() throws(Problem) -> OrgID {
        guard let org = parameters["id"].flatMap({ OrgID($0) }) else { throw .organisationNotFound }
        return org
    }
}
