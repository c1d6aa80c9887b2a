internal import Access
internal import Cryptography
internal import JOSE
package import Kernel

/// Verifies tokens of issuers that an organisation trusts.
package struct ExternalTokenReader: ExternalTokens {
    private let issuers: IssuerStore
    private let keys: FetchedKeys
    private let time: any TimeSource

    package init(_ issuers: IssuerStore, keys: FetchedKeys, time: any TimeSource) {
        self.issuers = issuers
        self.keys = keys
        self.time = time
    }

    /// - Throws: 401 `invalid-token`, 403 `permission-denied`.
    package func read(_ token: String, for org: OrgID) async throws -> ExternalPass {
        guard let claims = TokenClaims(token) else { throw Problem.invalidToken }
        let trusted = try await issuers.trust(in: org, of: claims.issuer)
        guard let trust = trusted.first(where: { claims.audiences.contains($0.audience) }),
            trust.algorithms.contains(claims.algorithm), claims.isCurrent(at: time.now, maxAge: trust.maxTokenAge),
            let key = await key(of: trust, for: claims), await claims.token.isSigned(by: key)
        else { throw Problem.invalidToken }
        let values = Set(claims.values(of: trust.roleClaim))
        guard let mapping = trust.mappings.first(where: { values.contains($0.value) }) else { throw Problem.forbidden }
        return ExternalPass(
            trust: trust.id, version: trust.version, issuer: claims.issuer,
            subject: Self.subject(claims.subject, of: trust), role: mapping.role,
            endsAt: claims.end(maxAge: trust.maxTokenAge))
    }

    private func key(of trust: Trust, for claims: TokenClaims) async -> PublicKey? {
        let set: PublicKeySet? =
            switch trust.keys {
            case .pasted(let text): PublicKeySet(text)
            case .url(let url): await keys.set(of: trust, at: url, holding: claims.keyID)
            }
        return set?.key(claims.keyID, for: claims.algorithm)
    }

    /// The same for the same subject of the same trust; nobody is found out by it.
    private static func subject(_ text: String, of trust: Trust) -> ExternalSubjectID {
        .deterministic(fromDigest: Digests.sha256(trust.org.bytes + trust.id.bytes + Array(text.utf8)))
    }
}
