internal import JOSE
internal import JSONKit
internal import Kernel
internal import Outbound

/// What a provider says of itself (OpenID Connect Discovery 1.0), checked.
struct ProviderMetadata: Sendable {
    let issuer: String
    let authorizationEndpoint: String
    let tokenEndpoint: String
    let userInfoEndpoint: String?
    let jwksURL: String
    let endSessionEndpoint: String?
    /// Of ID tokens; of those we know. Empty when it does not say: then all that we know are good.
    let algorithms: [SigningAlgorithm]
    let authentication: ClientAuthentication
    /// It names itself in its answers (RFC 9207).
    let namesItself: Bool
    let notifiesLogout: Bool

    /// - Parameter issuer: what the settings say. Only a provider that calls itself so, to the letter, is that provider.
    init(_ document: ClaimSet, of issuer: String, policy: OutboundPolicy) throws(OIDCRefusal) {
        guard let named = document["issuer"]?.string else { throw OIDCRefusal(.discoveryMalformed, detail: "issuer") }
        guard named.utf8.elementsEqual(issuer.utf8) else { throw OIDCRefusal(.discoveryIssuer, detail: named) }
        self.issuer = named
        let isSecure = OutboundTarget(issuer)?.isSecure ?? true
        let fields = MetadataFields(document: document, endpoints: Endpoints(policy: policy, secureOnly: isSecure))
        authorizationEndpoint = try fields.needed("authorization_endpoint")
        tokenEndpoint = try fields.needed("token_endpoint")
        jwksURL = try fields.needed("jwks_uri")
        userInfoEndpoint = try fields.address("userinfo_endpoint")
        endSessionEndpoint = try fields.address("end_session_endpoint")
        if let types = try fields.names("response_types_supported"), !types.contains("code") {
            throw OIDCRefusal(.codeFlowMissing)
        }
        if let methods = try fields.names("code_challenge_methods_supported"), !methods.contains("S256") {
            throw OIDCRefusal(.pkceMissing)
        }
        let signing = try fields.names("id_token_signing_alg_values_supported")
        algorithms = Set((signing ?? []).compactMap(SigningAlgorithm.named)).sorted { $0.rawValue < $1.rawValue }
        guard signing == nil || !algorithms.isEmpty else {
            throw OIDCRefusal(.algorithmNotOffered, detail: signing?.joined(separator: " "))
        }
        authentication = ClientAuthentication(try fields.names("token_endpoint_auth_methods_supported"))
        namesItself = document["authorization_response_iss_parameter_supported"] == true
        notifiesLogout = document["backchannel_logout_supported"] == true
    }

    func offers(_ algorithm: SigningAlgorithm) -> Bool { algorithms.isEmpty || algorithms.contains(algorithm) }

    /// Where an issuer tells about itself.
    static func address(of issuer: String) -> String {
        (issuer.hasSuffix("/") ? String(issuer.dropLast()) : issuer) + "/.well-known/openid-configuration"
    }
}

/// How a client proves itself at the token endpoint.
enum ClientAuthentication: Sendable {
    case basic, post
    /// Only in ways that are not known here.
    case unsupported

    /// Basic is what counts when nothing is said.
    init(_ methods: [String]?) {
        guard let methods, !methods.contains("client_secret_basic") else {
            self = .basic
            return
        }
        self = methods.contains("client_secret_post") ? .post : .unsupported
    }
}

private struct MetadataFields {
    let document: ClaimSet
    let endpoints: Endpoints

    func needed(_ name: String) throws(OIDCRefusal) -> String {
        guard let address = try address(name) else { throw OIDCRefusal(.endpointMissing, detail: name) }
        return address
    }

    func address(_ name: String) throws(OIDCRefusal) -> String? {
        switch document[name] {
        case nil, .null: return nil
        case .string(let text): return try endpoints.address(text)
        default: throw OIDCRefusal(.discoveryMalformed, detail: name)
        }
    }

    func names(_ name: String) throws(OIDCRefusal) -> [String]? {
        switch document[name] {
        case nil, .null: return nil
        case .array(let all): return all.prefix(100).compactMap(\.string)
        default: throw OIDCRefusal(.discoveryMalformed, detail: name)
        }
    }
}
