internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres
internal import Tenancy

/// The customer's side of support access: seeing who asks and why, agreeing for a time, ending it. On the public listener.
package struct SupportConsentRoutes: Sendable {
    private let store: SupportConsents
    private let time: any TimeSource

    package init(database: Database, time: any TimeSource) {
        store = SupportConsents(database: database)
        self.time = time
    }

    package var endpoints: [Endpoint] { [list, approve, decline, revoke] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/orgs/{id}/support-access",
            summary: "Who of the company that hosts Pulse asked to be let in, newest first",
            access: .permission(.readProviders), openTo: Set(OrgCondition.allCases),
            audit: .none(reason: "reads only"), problems: [.invalidField("cursor", "")],
            query: APIRequest.pageParameters, response: .page(of: SupportConsentRow.schema),
            responseExample: "{\"data\":[\(SupportConsentRow.example)]}"
        ) { [store, time] request in
            let page = try request.page(of: SupportConsent.self)
            return try await store.list(
                in: try request.org(), after: page.after, limit: page.limit, at: time.now
            ).response
        }
    }

    private var approve: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/support-access/{accessId}/approve",
            summary: "Let an operator in, to read, for as long as they asked or less",
            access: .permission(.ownOrg), openTo: [.active, .suspendedForBilling],
            audit: .entry(action: AuditAction.supportAccessApprove.rawValue),
            idempotency: .natural, problems: [.supportAccessNotFound, .supportAccessState, .freshSessionRequired],
            request: .object(["minutes": .integer(minimum: 15, maximum: 10_080).optional]),
            response: SupportConsentRow.schema, requestExample: #"{"minutes":30}"#,
            responseExample: SupportConsentRow.example
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let (id, now) = (try Self.access(request), time.now)
            let minutes = request.body.isEmpty ? nil : try request.json(ConsentRequest.self).minutes
            guard minutes.map(SupportAccess.minutes.contains) ?? true else {
                throw Problem.invalidField("minutes", "a whole number of 15 to 10080 is wanted")
            }
            let entry = try request.audit(.supportAccessApprove, of: "support_access:\(id)", at: now)
            let row = try await store.approve(
                id, for: minutes, by: user, in: org, request: request, at: now, entry: entry)
            return .json(row)
        }
    }

    private var decline: Endpoint {
        Endpoint(
            .post, "/api/orgs/{id}/support-access/{accessId}/decline", summary: "Decline a request of support",
            access: .permission(.manageProviders), openTo: Set(OrgCondition.allCases),
            audit: .entry(action: AuditAction.supportAccessDecline.rawValue),
            idempotency: .natural, problems: [.supportAccessNotFound, .supportAccessState],
            response: SupportConsentRow.schema, responseExample: SupportConsentRow.example
        ) { [store, time] request in
            let (_, _, org) = try request.member()
            let (id, now) = (try Self.access(request), time.now)
            let entry = try request.audit(.supportAccessDecline, of: "support_access:\(id)", at: now)
            return .json(try await store.decline(id, in: org, at: now, entry: entry))
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, "/api/orgs/{id}/support-access/{accessId}",
            summary: "End an operator's access, or a request: it acts within a second, on open sockets too",
            access: .permission(.manageProviders), openTo: Set(OrgCondition.allCases),
            audit: .entry(action: AuditAction.supportAccessRevoke.rawValue),
            idempotency: .natural, problems: [.supportAccessNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [store, time] request in
            let (_, _, org) = try request.member()
            let (id, now) = (try Self.access(request), time.now)
            let entry = try request.audit(.supportAccessRevoke, of: "support_access:\(id)", at: now)
            try await store.revoke(id, in: org, at: now, entry: entry)
            return .noContent
        }
    }

    private static func access(_ request: APIRequest) throws(Problem) -> SupportConsentID {
        guard let id = request.parameters["accessId"].flatMap({ SupportConsentID($0) }) else {
            throw .supportAccessNotFound
        }
        return id
    }
}

/// `{minutes?}`
private struct ConsentRequest: JSONDecodable {
    var minutes: Int?

    init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "minutes": minutes = try reader.decode(Int?.self)
            default: try reader.skip()
            }
        }
    }
}
