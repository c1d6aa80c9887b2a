internal import JOSE
internal import JSONKit
internal import Kernel

/// A token's own words, before anybody vouches for them.
struct TokenClaims: Sendable {
    let token: SignedToken
    let keyID: String
    let issuer: String
    let audiences: [String]
    let subject: String
    let expiresAt: Int
    let issuedAt: Int
    let notBefore: Int?

    /// Clocks differ.
    static let leeway = 30

    /// `nil` for what cannot be a token of an issuer we know how to trust.
    init?(_ text: String) {
        guard let token = try? SignedToken(text), let keyID = token.keyID,
            let issuer = token.claims["iss"]?.string, let subject = token.claims["sub"]?.string,
            (1...512).contains(issuer.utf8.count), (1...512).contains(subject.utf8.count),
            let expiresAt = token.claims.seconds("exp"), let issuedAt = token.claims.seconds("iat")
        else { return nil }
        notBefore = token.claims.seconds("nbf")
        guard notBefore != nil || token.claims["nbf"] == nil else { return nil }
        (self.token, self.keyID, self.issuer, self.subject) = (token, keyID, issuer, subject)
        (self.expiresAt, self.issuedAt) = (expiresAt, issuedAt)
        audiences = ClaimSet.texts(token.claims["aud"])
    }

    var algorithm: SigningAlgorithm { token.algorithm }

    /// Whether it holds now, and for no longer than the trust lets a token live.
    func isCurrent(at now: Timestamp, maxAge: Int) -> Bool {
        let moment = Int(now.milliseconds / 1000)
        return moment < expiresAt + Self.leeway && moment >= (notBefore ?? issuedAt) - Self.leeway
            && issuedAt <= moment + Self.leeway && moment - issuedAt <= maxAge + Self.leeway && expiresAt > issuedAt
    }

    /// When it ends here: by its own word or by its age, whichever comes first.
    func end(maxAge: Int) -> Timestamp { Timestamp(seconds: Int64(min(expiresAt, issuedAt + maxAge) + Self.leeway)) }

    /// The values of a claim; a dotted path leads into objects, unless a claim has that very name.
    func values(of claim: String) -> [String] { ClaimSet.texts(token.claims.value(at: claim)) }
}

extension ClaimSet {
    fileprivate func seconds(_ name: String) -> Int? { time(name).map { Int($0.milliseconds / 1000) } }
}
