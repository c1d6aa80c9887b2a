internal import JOSE
internal import Kernel

/// Whether a provider signed a token. What it says is for others to judge.
struct TokenCheck: Sendable {
    let directory: ProviderDirectory
    let issuer: String
    let patience: Patience

    /// - Parameter types: what `typ` may say if it says anything.
    func verified(_ text: String, types: Set<String> = ["jwt"]) async throws(OIDCRefusal) -> SignedToken {
        let token = try Self.read(text)
        if let type = token.type, !types.contains(type) { throw OIDCRefusal(.tokenTypeWrong, detail: type) }
        let provider = try await directory.metadata(of: issuer, offering: token.algorithm, patience)
        guard provider.offers(token.algorithm) else {
            throw OIDCRefusal(.algorithmNotOffered, detail: token.algorithm.rawValue)
        }
        let key = try await directory.key(token.keyID, for: token.algorithm, at: provider.jwksURL, patience)
        guard let key else { throw OIDCRefusal(.keyUnknown, detail: token.keyID ?? "no kid") }
        guard await token.isSigned(by: key) else { throw OIDCRefusal(.signatureInvalid) }
        return token
    }

    private static func read(_ text: String) throws(OIDCRefusal) -> SignedToken {
        do {
            return try SignedToken(text)
        } catch {
            switch error {
            case .malformed: throw OIDCRefusal(.tokenMalformed)
            case .encrypted: throw OIDCRefusal(.tokenEncrypted)
            case .critical: throw OIDCRefusal(.headerCritical)
            case .unsigned: throw OIDCRefusal(.algorithmNone)
            case .symmetric: throw OIDCRefusal(.algorithmSymmetric)
            case .unknownAlgorithm: throw OIDCRefusal(.algorithmUnknown)
            case .malformedKeyID: throw OIDCRefusal(.keyUnknown, detail: "kid")
            }
        }
    }
}
