internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OIDC
internal import OperatorPlane
internal import Postgres
internal import SAML
internal import SignOnKit

/// The installation's providers over HTTP, for operator admins. Changing one is a way in for others, so it wants the person
/// and not only their cookie.
struct OperatorProviderRoutes: Sendable {
    private let context: OperatorSignOn
    private let store: OperatorProviderStore

    init(_ context: OperatorSignOn) {
        self.context = context
        store = OperatorProviderStore(context: context)
    }

    var endpoints: [Endpoint] { [list, create, one, replace, remove, test] }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/operator/providers", summary: "The installation's identity providers, in their order",
            access: .operator(.operatorAdmin), audit: .none(reason: "reads nothing of any organisation"),
            response: .object([
                "data": .array(OperatorProviderAnswer.schema, maxItems: OperatorProviderStore.limit)
            ]),
            responseExample: #"{"data":[\#(OperatorProviderAnswer.example)]}"#
        ) { [self] _ in
            let all = try await store.all().map(answer)
            return .json { $0.member("data", all) }
        }
    }

    private var create: Endpoint {
        Endpoint(
            .post, "/api/operator/providers", summary: "Add an identity provider of the installation",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.providerCreate.rawValue),
            problems: [.freshOperatorRequired, .operatorProviderExists, .operatorProviderLimit],
            request: OperatorProviderRequest.schema(isNew: true), response: OperatorProviderAnswer.schema, status: 201,
            requestExample: OperatorProviderRequest.example, responseExample: OperatorProviderAnswer.example,
            maxBodyBytes: 1_048_576
        ) { [self] request in
            let now = context.time.now
            let new = try OperatorProviderRequest(
                body: try request.json(JSONValue.self), policy: context.dialogue.policy
            ).new(at: now)
            let entry = try request.entry(.providerCreate, of: "operator_provider:\(new.id)", note: Self.told(new))
            try await context.staff.asNobody { [store] transaction in
                try await transaction.requireFreshOperator(request, at: now)
                try await store.create(new, transaction)
                transaction.atCommit(entry, at: now)
            }
            return .json(answer(new), status: 201)
        }
    }

    private var one: Endpoint {
        Endpoint(
            .get, "/api/operator/providers/{id}", summary: "One identity provider of the installation",
            access: .operator(.operatorAdmin), audit: .none(reason: "reads nothing of any organisation"),
            problems: [.operatorProviderNotFound], response: OperatorProviderAnswer.schema,
            responseExample: OperatorProviderAnswer.example
        ) { [self] request in
            guard let found = try await store.one(request.parameters["id"] ?? "") else {
                throw Problem.operatorProviderNotFound
            }
            return .json(answer(found))
        }
    }

    private var replace: Endpoint {
        Endpoint(
            .put, "/api/operator/providers/{id}",
            summary: "Change an identity provider of the installation; switched off, whoever came by it is signed out",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.providerUpdate.rawValue),
            idempotency: .natural,
            problems: [.freshOperatorRequired, .operatorProviderNotFound, .operatorProviderNeeded],
            request: OperatorProviderRequest.schema(isNew: false), response: OperatorProviderAnswer.schema,
            requestExample: #"{"displayName":"Company sign-in","enabled":true}"#,
            responseExample: OperatorProviderAnswer.example, maxBodyBytes: 1_048_576
        ) { [self] request in
            let (now, id) = (context.time.now, request.parameters["id"] ?? "")
            let asked = OperatorProviderRequest(
                body: try request.json(JSONValue.self), policy: context.dialogue.policy)
            let changed = try await context.staff.asNobody { [store] transaction in
                try await transaction.requireFreshOperator(request, at: now)
                guard var provider = try await store.held(id, transaction) else {
                    throw Problem.operatorProviderNotFound
                }
                try asked.apply(to: &provider, at: now)
                try await store.change(provider, transaction)
                let entry = try request.entry(
                    .providerUpdate, of: "operator_provider:\(id)", note: Self.told(provider))
                transaction.atCommit(entry, at: now)
                return provider
            }
            return .json(answer(changed))
        }
    }

    private var remove: Endpoint {
        Endpoint(
            .delete, "/api/operator/providers/{id}",
            summary: "Remove an identity provider of the installation; whoever came by it is signed out",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.providerDelete.rawValue),
            idempotency: .natural,
            problems: [.freshOperatorRequired, .operatorProviderNotFound, .operatorProviderNeeded], response: .nothing,
            status: 204, responseExample: ""
        ) { [self] request in
            let (now, id) = (context.time.now, request.parameters["id"] ?? "")
            let entry = try request.entry(.providerDelete, of: "operator_provider:\(id)")
            try await context.staff.asNobody { [store] transaction in
                try await transaction.requireFreshOperator(request, at: now)
                guard let provider = try await store.held(id, transaction) else {
                    throw Problem.operatorProviderNotFound
                }
                try await store.delete(provider, transaction)
                transaction.atCommit(entry, at: now)
            }
            return .noContent
        }
    }

    private var test: Endpoint {
        Endpoint(
            .post, "/api/operator/providers/test", summary: "Whether a provider answers as these settings say",
            access: .operator(.operatorAdmin), audit: .none(reason: "changes nothing"), rate: .auth,
            request: ProviderDialogue.trialRequest, response: ProviderDialogue.verdict,
            requestExample: #"{"type":"oidc","oidc":{"issuerUrl":"https://login.host.example","clientId":"pulse"}}"#,
            responseExample: #"{"success":true,"details":{"issuer":"https://login.host.example"}}"#,
            maxBodyBytes: 1_048_576, timeout: .seconds(30)
        ) { [context] request in
            try await context.dialogue.trial(
                of: try request.json(JSONValue.self), named: "\(OperatorProviderID.new(at: context.time.now))")
        }
    }

    private func answer(_ provider: OperatorProvider) -> OperatorProviderAnswer {
        OperatorProviderAnswer(provider: provider, url: context.operators.url)
    }

    /// For the log: what decides who gets in, and no secret.
    private static func told(_ provider: OperatorProvider) -> String {
        let who: String
        switch provider.speech {
        case .oidc(let settings, _): who = settings.issuerUrl
        case .saml(let settings): who = settings.idpEntityId ?? settings.idpMetadataUrl ?? "saml"
        }
        let words = [
            who, provider.isEnabled ? "on" : "off", provider.makesOperators ? "makes operators" : nil,
            provider.trustsAddresses ? "trusts addresses" : nil,
            "groups \(provider.limits.groups.joined(separator: " "))",
            "domains \(provider.limits.domains.joined(separator: " "))",
            "acr \(provider.secondFactor.contextClasses.joined(separator: " "))",
            "amr \(provider.secondFactor.methods.joined(separator: " "))",
        ]
        return String(words.compactMap { $0 }.joined(separator: ", ").prefix(1000))
    }
}
