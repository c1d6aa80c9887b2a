/// What signs a token.
package enum SigningAlgorithm: String, Sendable, CaseIterable {
    // No `none`, and nothing whose key would have to be a secret of both sides.
    case rs256 = "RS256"
    case rs384 = "RS384"
    case rs512 = "RS512"
    case ps256 = "PS256"
    case ps384 = "PS384"
    case ps512 = "PS512"
    case es256 = "ES256"
    case es384 = "ES384"
    case es512 = "ES512"
    case edDSA = "EdDSA"

    /// As tokens, keys and providers name it. RFC 9864 calls by its curve what was `EdDSA` before.
    package static func named(_ name: String) -> Self? { Self(rawValue: name == "Ed25519" ? "EdDSA" : name) }
}
