internal import JOSE
internal import JSONKit
internal import Kernel
internal import Outbound

/// What a provider tells about a person to who holds the access token.
struct UserInfo: Sendable {
    let calls: ProviderCalls
    let check: TokenCheck
    let rules: ClaimRules

    /// - Returns: the claims, which are about this subject.
    func claims(
        at endpoint: String, with accessToken: Secret<String>, of subject: String
    ) async throws(OIDCRefusal) -> ClaimSet {
        let answer = try await calls.send(
            to: endpoint,
            headers: [
                ("Authorization", "Bearer \(accessToken.reveal())"), ("Accept", "application/json, application/jwt"),
            ], within: try check.patience.next(), unreadable: .userInfoMalformed)
        guard answer.status == 200 else {
            throw OIDCRefusal(.userInfoRefused, detail: "status \(answer.status)")
        }
        let claims = try await claims(in: answer.body, type: answer.headers["content-type"] ?? "")
        // Without this somebody else's access token would make its owner of them (Core, section 5.3.4).
        guard claims["sub"]?.string.map({ $0.utf8.elementsEqual(subject.utf8) }) == true else {
            throw OIDCRefusal(.userInfoSubject)
        }
        return claims
    }

    private func claims(in body: [UInt8], type: String) async throws(OIDCRefusal) -> ClaimSet {
        guard type.lowercased().hasPrefix("application/jwt") else {
            guard let claims = ClaimSet(body) else { throw OIDCRefusal(.userInfoMalformed) }
            return claims
        }
        let token = try await check.verified(String(decoding: body, as: UTF8.self))
        try rules.checkIssuer(token.claims)
        try rules.checkAudience(token.claims)
        return token.claims
    }
}
