internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SignOnKit

/// What the operators' sign-in page shows, and whether passwords are a way in.
struct OperatorRuleRoutes: Sendable {
    private let context: OperatorSignOn
    private let store: OperatorProviderStore

    init(_ context: OperatorSignOn) {
        self.context = context
        store = OperatorProviderStore(context: context)
    }

    var endpoints: [Endpoint] { [offers, change] }

    private var offers: Endpoint {
        Endpoint(
            .get, "/api/operator/sign-in", summary: "The ways in for operators",
            access: .public(reason: "what the sign-in page shows; it tells nothing of anybody"),
            audit: .none(reason: "reads only"), rate: .sso,
            response: .object([
                "passwordLogin": .boolean,
                "providers": .array(
                    .object([
                        "id": .string, "type": .enumeration(["oidc", "saml"]), "displayName": .string,
                        "loginUrl": .string.described("Where the browser goes; takes returnTo"),
                    ]), maxItems: OperatorProviderStore.limit),
            ]),
            responseExample: """
                {"passwordLogin":true,"providers":[{"id":"company","type":"oidc","displayName":"Company sign-in",\
                "loginUrl":"/api/operator/oidc/company/login"}]}
                """
        ) { [context, store] _ in
            let isOn = try await OperatorSignInRules(database: context.staff).passwordLogin()
            let all = try await store.all().filter(\.isEnabled)
            return .json { json in
                json.member("passwordLogin", isOn)
                json.array("providers") { json in
                    for one in all {
                        json.object { json in
                            json.member("id", one.id)
                            json.member("type", one.speech.type)
                            json.member("displayName", one.displayName)
                            json.member("loginUrl", one.addresses(at: "").login)
                        }
                    }
                }
            }
        }
    }

    /// Whoever leaves passwords behind is here by a provider: so it works, at least for one.
    private var change: Endpoint {
        Endpoint(
            .put, "/api/operator/sign-in", summary: "Whether operators may sign in with password and authenticator",
            access: .operator(.operatorAdmin), audit: .entry(action: OperatorAction.signInUpdate.rawValue),
            idempotency: .natural, problems: [.freshOperatorRequired, .operatorProviderNeeded],
            request: .object(["passwordLogin": .boolean]), response: .object(["passwordLogin": .boolean]),
            requestExample: #"{"passwordLogin":false}"#, responseExample: #"{"passwordLogin":false}"#
        ) { [context, store] request in
            guard let isOn = try request.json(JSONValue.self)["passwordLogin"]?.bool else {
                throw Problem.invalidField("passwordLogin", "true or false is wanted")
            }
            let now = context.time.now
            let entry = try request.entry(
                .signInUpdate, of: "operator_sign_in:password", note: isOn ? "on" : "off")
            try await context.staff.asNobody { transaction in
                let proof = try await transaction.requireFreshOperator(request, at: now)
                guard isOn || proof.provider != nil else { throw Problem.operatorProviderNeeded }
                try await OperatorSignInRules.setPasswordLogin(isOn, in: transaction)
                try await store.checkDoor(transaction)
                transaction.atCommit(entry, at: now)
            }
            return .json { $0.member("passwordLogin", isOn) }
        }
    }
}
