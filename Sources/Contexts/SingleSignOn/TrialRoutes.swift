internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SAML
internal import SignOnKit

/// Trying a provider before people depend on it.
struct TrialRoutes: Sendable {
    private let context: SSOContext
    private let doors: Doors

    init(_ context: SSOContext) {
        self.context = context
        doors = Doors(context)
    }

    var endpoints: [Endpoint] { [test, preview, begin] }

    private var test: Endpoint {
        Endpoint(
            .post, "/api/security/sso/providers/test", summary: "Whether a provider answers as these settings say",
            access: .permission(.manageSecurity), audit: .none(reason: "changes nothing"), rate: .auth,
            request: ProviderDialogue.trialRequest,
            response: ProviderDialogue.verdict,
            requestExample: #"{"type":"oidc","oidc":{"issuerUrl":"https://login.example.com","clientId":"pulse"}}"#,
            responseExample: #"{"success":true,"details":{"issuer":"https://login.example.com"}}"#,
            maxBodyBytes: 1_048_576, timeout: .seconds(30)
        ) { [context] request in
            try await context.dialogue.trial(
                of: try request.json(JSONValue.self), named: "\(SSOAttemptID.new(at: context.time.now))")
        }
    }

    private var preview: Endpoint {
        Endpoint(
            .post, "/api/security/sso/providers/metadata/preview", summary: "What a SAML provider's metadata says",
            access: .permission(.manageSecurity), audit: .none(reason: "changes nothing"), rate: .auth,
            request: .object(["metadataUrl": .string(maxLength: 2048).optional, "metadataXml": .string.optional]),
            response: ProviderDialogue.verdict, requestExample: #"{"metadataUrl":"https://idp.example.com/metadata"}"#,
            responseExample: #"{"success":true,"details":{"entityId":"https://idp.example.com"}}"#,
            maxBodyBytes: 1_048_576, timeout: .seconds(30)
        ) { [context] request in
            let body = try request.json(JSONValue.self)
            do throws(SAMLRefusal) {
                if let xml = body["metadataXml"]?.string {
                    return ProviderDialogue.good(
                        try SAMLIdentityProvider(xml: xml, entityID: nil, at: context.time.now).preview)
                }
                guard let url = body["metadataUrl"]?.string else {
                    return .problem(
                        .invalidField("metadataUrl", "it is wanted, or metadataXml"), requestID: request.id)
                }
                return ProviderDialogue.good(try await context.dialogue.saml.look(at: url).preview)
            } catch { return ProviderDialogue.bad(SSORefusal(error)) }
        }
    }

    private var begin: Endpoint {
        Endpoint(
            .post, "/api/security/sso/providers/{id}/test",
            summary: "Begin a live test: sign in over there, get in nowhere, see everything that was told",
            access: .permission(.manageSecurity), audit: .none(reason: "the answer of the provider leaves the entry"),
            rate: .auth, problems: [.providerNotFound], request: .object(["returnTo": .string.optional]),
            response: Departure.schema, requestExample: #"{"returnTo":"/settings/sso"}"#,
            responseExample: #"{"url":"https://login.example.com/authorize?…"}"#
        ) { [self] request in
            let caller = try request.caller()
            let beginner = Doors.Beginner(kind: .test, user: caller.user, session: caller.session)
            return try await doors.departure(
                beginner, to: request.parameters["id"] ?? "",
                returnTo: try request.json(JSONValue.self)["returnTo"]?.string, from: request)
        }
    }
}
