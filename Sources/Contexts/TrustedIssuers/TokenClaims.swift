internal import Cryptography
internal import JSONKit
internal import Kernel

/// A token's own words, before anybody vouches for them.
struct TokenClaims: Sendable {
    let algorithm: SigningAlgorithm
    let keyID: String
    let issuer: String
    let audiences: [String]
    let subject: String
    let expiresAt: Int
    let issuedAt: Int
    let notBefore: Int?
    private let payload: JSONValue

    /// Clocks differ.
    static let leeway = 30

    /// `nil` for what cannot be a token of an issuer we know how to trust. Keys and addresses that its header brings along
    /// (`jwk`, `jku`, `x5u`, `x5c`) are not looked at; what it calls critical, nobody here understands.
    init?(_ token: String) {
        let parts = token.split(separator: ".", omittingEmptySubsequences: false)
        guard parts.count == 3, !parts[2].isEmpty, let header = Self.object(parts[0]),
            let payload = Self.object(parts[1]),
            header["crit"] == nil, header["b64"] == nil,
            let algorithm = header["alg"]?.string.flatMap(SigningAlgorithm.init(rawValue:)),
            let keyID = header["kid"]?.string, (1...256).contains(keyID.utf8.count),
            let issuer = payload["iss"]?.string, let subject = payload["sub"]?.string,
            (1...512).contains(issuer.utf8.count), (1...512).contains(subject.utf8.count),
            let expiresAt = Self.seconds(payload["exp"]), let issuedAt = Self.seconds(payload["iat"])
        else { return nil }
        if payload["nbf"] != nil {
            guard let notBefore = Self.seconds(payload["nbf"]) else { return nil }
            self.notBefore = notBefore
        } else {
            notBefore = nil
        }
        (self.algorithm, self.keyID, self.issuer, self.subject) = (algorithm, keyID, issuer, subject)
        (self.expiresAt, self.issuedAt, self.payload) = (expiresAt, issuedAt, payload)
        audiences = Self.texts(payload["aud"])
    }

    private static func object(_ part: Substring) -> JSONValue? {
        guard let bytes = Base64URL.decode(part.utf8), let value = try? JSONValue(json: bytes), value.object != nil
        else {
            return nil
        }
        return value
    }

    /// Some issuers write a fraction. What is no time of this era is none.
    private static func seconds(_ value: JSONValue?) -> Int? {
        guard let number = value?.double, number >= 0, number < 10_000_000_000 else { return nil }
        return Int(number)
    }

    private static func texts(_ value: JSONValue?) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let all): all.prefix(200).compactMap(\.string)
        default: []
        }
    }

    /// Whether it holds now, and for no longer than the trust lets a token live.
    func isCurrent(at now: Timestamp, maxAge: Int) -> Bool {
        let moment = Int(now.milliseconds / 1000)
        return moment < expiresAt + Self.leeway && moment >= (notBefore ?? issuedAt) - Self.leeway
            && issuedAt <= moment + Self.leeway && moment - issuedAt <= maxAge + Self.leeway && expiresAt > issuedAt
    }

    /// When it ends here: by its own word or by its age, whichever comes first.
    func end(maxAge: Int) -> Timestamp { Timestamp(seconds: Int64(min(expiresAt, issuedAt + maxAge) + Self.leeway)) }

    /// The values of a claim; a dotted path leads into objects, unless a claim has that very name.
    func values(of claim: String) -> [String] {
        if let value = payload[claim] { return Self.texts(value) }
        var value: JSONValue? = payload
        for step in claim.split(separator: ".") { value = value?[String(step)] }
        return Self.texts(value)
    }
}
