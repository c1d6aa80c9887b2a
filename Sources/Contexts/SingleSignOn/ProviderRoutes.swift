internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit

/// Identity providers over HTTP. Changing one is a way in for others, so it wants the person and not only their cookie.
struct ProviderRoutes: Sendable {
    let context: SSOContext
    let store: ProviderStore

    init(_ context: SSOContext) {
        self.context = context
        store = ProviderStore(context)
    }

    var endpoints: [Endpoint] { [list, create, one, replace, remove] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/security/sso/providers", summary: "The organisation's identity providers, in their order",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(ProviderAnswer.schema, maxItems: ProviderStore.limit)]),
            responseExample: #"{"data":[\#(ProviderAnswer.example)]}"#
        ) { [self] request in
            let org = try request.org()
            let slug = try await context.slug(of: org)
            let all = try await store.all(in: org).map { answer($0, slug) }
            return .json { $0.member("data", all) }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/security/sso/providers", summary: "Add an identity provider",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.ssoProviderCreate.rawValue),
            idempotency: .key, problems: [.freshSessionRequired, .providerExists, .providerLimit],
            request: ProviderRequest.schema(isNew: true), response: ProviderAnswer.schema, status: 201,
            requestExample: ProviderRequest.example, responseExample: ProviderAnswer.example, maxBodyBytes: 1_048_576
        ) { [self] request in
            let (org, now) = (try request.org(), context.time.now)
            let new = try ProviderRequest(body: try request.json(JSONValue.self), policy: context.dialogue.policy).new(
                at: now)
            let told = answer(new, try await context.slug(of: org))
            let entry = try request.audit(
                .ssoProviderCreate, of: "sso_provider:\(new.id)", before: nil, after: told.told, at: now)
            try await context.database.asOrg(org) { [store] transaction in
                try await transaction.requireFreshSession(request, at: now)
                try await store.create(new, in: org, transaction)
                transaction.atCommit(entry)
            }
            return .json(told, status: 201)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/security/sso/providers/{id}", summary: "One identity provider",
            access: .permission(.readSecurity), scope: .settingsRead, audit: .none(reason: "reads only"),
            problems: [.providerNotFound], response: ProviderAnswer.schema, responseExample: ProviderAnswer.example
        ) { [self] request in
            let org = try request.org()
            guard let found = try await store.one(request.parameters["id"] ?? "", in: org) else {
                throw Problem.providerNotFound
            }
            return .json(answer(found, try await context.slug(of: org)))
        }
    }

    private var replace: Endpoint {
        Endpoint(
            .put, "/api/security/sso/providers/{id}",
            summary: "Change an identity provider; a secret that is not named stays",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.ssoProviderUpdate.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .providerNotFound, .providerNeeded],
            request: ProviderRequest.schema(isNew: false), response: ProviderAnswer.schema,
            requestExample: #"{"displayName":"Company sign-in","enabled":true}"#,
            responseExample: ProviderAnswer.example, maxBodyBytes: 1_048_576
        ) { [self] request in
            let (org, now, id) = (try request.org(), context.time.now, request.parameters["id"] ?? "")
            let asked = ProviderRequest(body: try request.json(JSONValue.self), policy: context.dialogue.policy)
            let slug = try await context.slug(of: org)
            let changed = try await context.database.asOrg(org) { [store] transaction in
                try await transaction.requireFreshSession(request, at: now)
                guard var provider = try await store.held(id, in: org, transaction) else {
                    throw Problem.providerNotFound
                }
                let before = answer(provider, slug).told
                try asked.apply(to: &provider, at: now)
                try await store.change(provider, in: org, transaction)
                transaction.atCommit(
                    try request.audit(
                        .ssoProviderUpdate, of: "sso_provider:\(id)", before: before,
                        after: answer(provider, slug).told,
                        at: now))
                return provider
            }
            return .json(answer(changed, slug))
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/security/sso/providers/{id}",
            summary: "Remove an identity provider; whom it vouched for is signed out",
            access: .permission(.manageSecurity), audit: .entry(action: AuditAction.ssoProviderDelete.rawValue),
            idempotency: .natural, problems: [.freshSessionRequired, .providerNotFound, .providerNeeded],
            response: .nothing,
            status: 204,
            responseExample: ""
        ) { [self] request in
            let (org, now, id) = (try request.org(), context.time.now, request.parameters["id"] ?? "")
            let entry = try request.audit(.ssoProviderDelete, of: "sso_provider:\(id)", at: now)
            try await context.database.asOrg(org) { [store] transaction in
                try await transaction.requireFreshSession(request, at: now)
                guard try await store.delete(id, in: transaction) else { throw Problem.providerNotFound }
                transaction.atCommit(entry)
            }
            return .noContent
        }
    }

    func answer(_ provider: IdentityProvider, _ slug: String) -> ProviderAnswer {
        ProviderAnswer(
            provider: provider,
            addresses: ProviderAddresses(publicURL: context.publicURL, slug: slug, provider: provider))
    }
}

extension ProviderAnswer {
    /// For the trail, which masks what is secret or personal.
    fileprivate var told: JSONValue { (try? JSONValue(json: json)) ?? .null }
}
