internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
package import Kernel
package import Postgres

/// Providers and their customers, over HTTP: what a customer grants, and what a provider sees of all its customers.
package struct ProviderRoutes: Sendable {
    private let store: ProviderStore
    private let time: any TimeSource

    package init(database: Database, time: any TimeSource) {
        store = ProviderStore(database: database)
        self.time = time
    }

    package var endpoints: [Endpoint] { [given, offer, revoke, received, accept, decline, customers] }

    // MARK: The customer's side

    private var given: Endpoint {
        Endpoint(
            .get, "/api/provider-grants", summary: "What this organisation grants to providers, newest first",
            access: .permission(.readProviders), audit: .none(reason: "reads only"),
            problems: [.invalidField("cursor", "")], query: APIRequest.pageParameters,
            response: .page(of: GivenGrant.schema), responseExample: "{\"data\":[\(GivenGrant.example)]}"
        ) { [store, time] request in
            let wanted = try request.page(of: ProviderGrant.self)
            let page = try await store.given(in: try request.org(), after: wanted.after, limit: wanted.limit)
            return .json { json in
                json.array("data") { json in for grant in page.rows { grant.write(to: &json, at: time.now) } }
                json.member("nextCursor", page.nextCursor)
            }
        }
    }

    private var offer: Endpoint {
        Endpoint(
            .post, "/api/provider-grants", summary: "Let a provider look after this organisation until a day",
            access: .permission(.manageProviders), audit: .entry(action: AuditAction.providerGrantCreate.rawValue),
            idempotency: .key,
            problems: [
                .providerGrantOpen, .invalidRole, .invalidField("expiresAt", "a moment within the next year is wanted"),
            ],
            request: .object([
                "provider": .string(minLength: 3, maxLength: 40), "role": .enumeration(ProviderRequest.roles),
                "expiresAt": .timestamp, "note": .string(maxLength: 500).optional,
            ]),
            response: GivenGrant.schema, status: 201,
            requestExample: #"{"provider":"good-hands","role":"editor","expiresAt":"2027-05-21T09:30:00.000Z"}"#,
            responseExample: GivenGrant.example
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let now = time.now
            let body = try request.json(ProviderRequest.self)
            let slug = try body.check(at: now)
            let id = ProviderGrantID.new(at: now)
            let told: JSONValue = [
                "provider": .string(slug.text), "role": .string(body.role), "expiresAt": .string("\(body.expiresAt)"),
            ]
            let entry = try request.audit(
                .providerGrantCreate, of: "provider_grant:\(id)", before: nil, after: told, at: now)
            let grant = try await store.offer(id, to: slug, body, by: user, in: org, at: now, entry: entry)
            var json = JSONWriter()
            grant.write(to: &json, at: now)
            return .json(json.bytes, status: 201)
        }
    }

    private var revoke: Endpoint {
        Endpoint(
            .delete, "/api/provider-grants/{id}", summary: "Take a grant back: the provider is out",
            access: .permission(.manageProviders), audit: .entry(action: AuditAction.providerGrantRevoke.rawValue),
            idempotency: .natural, problems: [.providerGrantNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let id = try Self.id(request)
            let entry = try request.audit(.providerGrantRevoke, of: "provider_grant:\(id)", at: time.now)
            try await store.revoke(id, by: user, in: org, at: time.now, entry: entry)
            return .noContent
        }
    }

    // MARK: The provider's side

    private var received: Endpoint {
        Endpoint(
            .get, "/api/provider/grants", summary: "What customers offer and grant to this organisation",
            access: .permission(.readProviders), audit: .none(reason: "reads only"),
            response: .object(["data": .array(ReceivedGrant.schema)]),
            responseExample: "{\"data\":[\(ReceivedGrant.example)]}"
        ) { [store, time] request in
            let grants = try await store.received(by: try request.member().org, at: time.now)
            return .json { $0.member("data", grants) }
        }
    }

    private var accept: Endpoint {
        Endpoint(
            .post, "/api/provider/grants/{id}/accept", summary: "Take a customer's offer",
            access: .permission(.manageProviders), audit: .entry(action: AuditAction.providerGrantAccept.rawValue),
            idempotency: .natural, problems: [.providerGrantNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let id = try Self.id(request)
            let entry = try request.audit(.providerGrantAccept, of: "provider_grant:\(id)", at: time.now)
            try await store.accept(id, by: user, in: org, at: time.now, entry: entry)
            return .noContent
        }
    }

    private var decline: Endpoint {
        Endpoint(
            .delete, "/api/provider/grants/{id}", summary: "Decline a customer's offer, or give its grant up",
            access: .permission(.manageProviders), audit: .entry(action: AuditAction.providerGrantDecline.rawValue),
            idempotency: .natural, problems: [.providerGrantNotFound], response: .nothing, status: 204,
            responseExample: ""
        ) { [store, time] request in
            let (user, _, org) = try request.member()
            let id = try Self.id(request)
            let entry = try request.audit(.providerGrantDecline, of: "provider_grant:\(id)", at: time.now)
            try await store.decline(id, by: user, in: org, at: time.now, entry: entry)
            return .noContent
        }
    }

    private var customers: Endpoint {
        Endpoint(
            .get, "/api/provider/customers", summary: "How all customers of this provider are, in numbers",
            access: .permission(.readProviders), audit: .none(reason: "reads only"),
            response: .object(["data": .array(CustomerOverview.schema), "totals": CustomerOverview.totals]),
            responseExample: CustomerOverview.example
        ) { [store, time] request in
            CustomerOverview.response(try await store.customers(of: try request.member().org, at: time.now))
        }
    }

    private static func id(_ request: APIRequest) throws(Problem) -> ProviderGrantID {
        guard let id = request.parameters["id"].flatMap({ ProviderGrantID($0) }) else { throw .providerGrantNotFound }
        return id
    }
}
