internal import JOSE
internal import JSONKit
internal import Kernel

/// What the claims of every token have to say, whatever it is for.
struct ClaimRules: Sendable {
    let issuer: String
    let clientId: String
    let now: Timestamp

    /// Clocks differ by up to a minute.
    static let skew: Duration = .seconds(60)

    func checkIssuer(_ claims: ClaimSet) throws(OIDCRefusal) {
        guard let named = claims["iss"]?.string, named.utf8.elementsEqual(issuer.utf8) else {
            throw OIDCRefusal(.issuerMismatch, detail: claims["iss"]?.string)
        }
    }

    /// A text or a list of texts; with several of them somebody must say whose token it is.
    func checkAudience(_ claims: ClaimSet) throws(OIDCRefusal) {
        let named: [String]
        switch claims["aud"] {
        case .string(let one): named = [one]
        case .array(let all) where all.allSatisfy({ $0.string != nil }): named = all.compactMap(\.string)
        default: throw OIDCRefusal(.audienceMismatch)
        }
        guard named.contains(where: isOurs) else {
            throw OIDCRefusal(.audienceMismatch, detail: named.joined(separator: " "))
        }
        switch claims["azp"] {
        case nil where named.allSatisfy(isOurs): return
        case .string(let party) where isOurs(party): return
        default: throw OIDCRefusal(.authorizedPartyMismatch, detail: claims["azp"]?.string)
        }
    }

    /// Bytes decide: two spellings that Unicode calls equal are two clients.
    private func isOurs(_ name: String) -> Bool { name.utf8.elementsEqual(clientId.utf8) }

    /// - Parameter age: a token issued longer ago is none that was just asked for.
    func checkTimes(_ claims: ClaimSet, age: Duration, mustEnd: Bool = true) throws(OIDCRefusal) {
        guard let issuedAt = claims.time("iat") else { throw OIDCRefusal(.timeMalformed, detail: "iat") }
        if mustEnd || claims["exp"] != nil {
            guard let endsAt = claims.time("exp") else { throw OIDCRefusal(.timeMalformed, detail: "exp") }
            guard now < endsAt + Self.skew, endsAt > issuedAt else { throw OIDCRefusal(.tokenExpired) }
        }
        if claims["nbf"] != nil {
            guard let begins = claims.time("nbf") else { throw OIDCRefusal(.timeMalformed, detail: "nbf") }
            guard begins <= now + Self.skew else { throw OIDCRefusal(.tokenNotYetValid) }
        }
        guard issuedAt <= now + Self.skew else { throw OIDCRefusal(.issuedInFuture) }
        guard now - issuedAt <= age + Self.skew else { throw OIDCRefusal(.tokenStale) }
    }

    /// Text of 1 to 255 bytes that fits into one line; nothing is trimmed or folded.
    func subject(_ claims: ClaimSet) throws(OIDCRefusal) -> String {
        guard let subject = claims["sub"]?.string, !subject.isEmpty else { throw OIDCRefusal(.subjectMissing) }
        guard subject.utf8.count <= 255, subject.isPlainLine, !subject.trimmed.isEmpty else {
            throw OIDCRefusal(.subjectMalformed)
        }
        return subject
    }
}
