internal import HTTPKit
internal import JOSE
internal import JSONKit
internal import Kernel

/// A value of the role claim, and what its bearer is here.
struct RoleMapping: Sendable, Hashable {
    let value: String
    let role: Role

    /// Never owner: that is a person.
    static let roles: [Role] = [.viewer, .auditor, .editor, .admin]
}

/// Where the issuer's public keys come from.
enum KeySource: Sendable, Hashable {
    case url(String)
    /// A JWK set.
    case pasted(String)
}

/// Whose tokens are good, for whom, and what they come to.
struct TrustedIssuer: Sendable {
    let id: TrustedIssuerID
    var name: String
    /// The `iss` and an `aud` of its tokens, to the letter.
    var issuer: String
    var audience: String
    var keys: KeySource
    var algorithms: [SigningAlgorithm]
    var roleClaim: String
    var mappings: [RoleMapping]
    var maxTokenAge: Int
    var isEnabled: Bool
    let createdAt: Timestamp
    var updatedAt: Timestamp

    static let schema = Schema.object([
        "id": .uuid, "name": .string, "issuer": .string, "audience": .string,
        "keySource": .enumeration(["url", "pasted"]), "jwksUrl": .string.optional, "keyIds": .array(.string),
        "algorithms": .array(.enumeration(SigningAlgorithm.allCases.map(\.rawValue))), "roleClaim": .string,
        "roleMappings": .array(mappingSchema), "maxTokenAgeSeconds": .integer(minimum: 60, maximum: 86_400),
        "enabled": .boolean, "createdAt": .timestamp, "updatedAt": .timestamp,
    ]).named("TrustedIssuer")

    static let mappingSchema = Schema.object([
        "value": .string(minLength: 1, maxLength: 256), "role": .enumeration(RoleMapping.roles.map(\.rawValue)),
    ])

    static let example = """
        {"id":"01935c1e-7d00-7000-8000-00000000000a","name":"Sign-in","issuer":"https://login.example.com",\
        "audience":"pulse","keySource":"url","jwksUrl":"https://login.example.com/jwks.json","keyIds":[],\
        "algorithms":["RS256","ES256"],"roleClaim":"roles","roleMappings":[{"value":"pulse-viewers","role":"viewer"}],\
        "maxTokenAgeSeconds":3600,"enabled":true,"createdAt":"2026-11-21T09:30:00.000Z",\
        "updatedAt":"2026-11-21T09:30:00.000Z"}
        """

    /// What an audit entry tells of it.
    var told: JSONValue {
        var members: [String: JSONValue] = [
            "name": .string(name), "issuer": .string(issuer), "audience": .string(audience),
            "algorithms": .array(algorithms.map { .string($0.rawValue) }), "roleClaim": .string(roleClaim),
            "roleMappings": .string(mappings.map { "\($0.value)=\($0.role.rawValue)" }.joined(separator: " ")),
            "maxTokenAgeSeconds": .integer(Int64(maxTokenAge)), "enabled": .bool(isEnabled),
        ]
        switch keys {
        case .url(let url): members["jwksUrl"] = .string(url)
        case .pasted(let set): members["keyIds"] = .string(PublicKeySet(set).ids.joined(separator: " "))
        }
        return .object(members)
    }
}

extension TrustedIssuer: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("issuer", issuer)
            json.member("audience", audience)
            switch keys {
            case .url(let url):
                json.member("keySource", "url")
                json.member("jwksUrl", url)
                json.member("keyIds", [String]())
            case .pasted(let set):
                json.member("keySource", "pasted")
                json.member("keyIds", PublicKeySet(set).ids)
            }
            json.member("algorithms", algorithms.map(\.rawValue))
            json.member("roleClaim", roleClaim)
            json.array("roleMappings") { json in
                for one in mappings {
                    json.object {
                        $0.member("value", one.value)
                        $0.member("role", one.role.rawValue)
                    }
                }
            }
            json.member("maxTokenAgeSeconds", maxTokenAge)
            json.member("enabled", isEnabled)
            json.member("createdAt", createdAt)
            json.member("updatedAt", updatedAt)
        }
    }
}
