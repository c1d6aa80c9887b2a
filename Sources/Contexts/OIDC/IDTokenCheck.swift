internal import Crypto
internal import Cryptography
internal import JOSE
internal import JSONKit
internal import Kernel

/// What an ID token has to say for the login that it was asked for (OpenID Connect Core 1.0, section 3.1.3.7).
struct IDTokenCheck: Sendable {
    let rules: ClaimRules
    let flow: OIDCFlow
    let code: String
    let accessToken: Secret<String>

    /// Some providers date their tokens back by minutes, so that no clock finds them to be of the future.
    static let age: Duration = .seconds(600)

    /// - Returns: the subject.
    func check(_ token: SignedToken) throws(OIDCRefusal) -> String {
        let claims = token.claims
        try rules.checkIssuer(claims)
        try rules.checkAudience(claims)
        try rules.checkTimes(claims, age: Self.age)
        try checkNonce(claims)
        try Self.checkHash(claims["at_hash"], of: accessToken.reveal(), token.algorithm, else: .accessTokenHash)
        try Self.checkHash(claims["c_hash"], of: code, token.algorithm, else: .codeHash)
        try checkAuthentication(claims)
        return try rules.subject(claims)
    }

    private func checkNonce(_ claims: ClaimSet) throws(OIDCRefusal) {
        guard let value = claims["nonce"] else { throw OIDCRefusal(.nonceMissing) }
        guard let nonce = value.string, Digests.constantTimeEqual(Array(nonce.utf8), Array(flow.nonce.utf8)) else {
            throw OIDCRefusal(.nonceMismatch)
        }
    }

    /// The left half of the digest that belongs to the algorithm.
    static func checkHash(
        _ claim: JSONValue?, of text: String, _ algorithm: SigningAlgorithm, else reason: OIDCRefusal.Reason
    ) throws(OIDCRefusal) {
        guard let claim else { return }
        let digest: [UInt8] =
            switch algorithm {
            case .rs256, .ps256, .es256: Array(SHA256.hash(data: Array(text.utf8)))
            case .rs384, .ps384, .es384: Array(SHA384.hash(data: Array(text.utf8)))
            // Ed25519 signs over SHA-512.
            case .rs512, .ps512, .es512, .edDSA: Array(SHA512.hash(data: Array(text.utf8)))
            }
        guard claim.string == Base64URL.encode(Array(digest.prefix(digest.count / 2))) else {
            throw OIDCRefusal(reason)
        }
    }

    private func checkAuthentication(_ claims: ClaimSet) throws(OIDCRefusal) {
        let isSaid = claims["auth_time"] != nil && claims["auth_time"] != .null
        guard isSaid || flow.maxAge != nil else { return }
        guard let then = claims.time("auth_time") else { throw OIDCRefusal(.authenticationTimeMissing) }
        guard then <= rules.now + ClaimRules.skew else { throw OIDCRefusal(.timeMalformed, detail: "auth_time") }
        guard let maxAge = flow.maxAge else { return }
        // What counts is how old it was when the person left for the provider; the way back may take its time.
        guard flow.startedAt - then <= .seconds(maxAge) + ClaimRules.skew else {
            throw OIDCRefusal(.authenticationTooOld)
        }
    }
}
