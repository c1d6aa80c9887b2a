internal import Cryptography
internal import FoundationEssentials
internal import JSONKit
internal import JWTKit

/// The public keys of a JWK set (RFC 7517) that can verify something here, by their id.
struct PublicKeySet: Sendable {
    /// An issuer has a handful; the rest of a longer list is not read.
    static let limit = 100

    private let keys: [String: JSONValue]
    /// Some key of it was a secret, which a list of public keys does not hold.
    let holdsSecrets: Bool

    /// What is no key set is an empty one.
    init(_ text: String) {
        let listed = (try? JSONValue(json: Array(text.utf8)))?["keys"]?.array ?? []
        holdsSecrets = listed.contains { key in ["d", "k", "p", "q"].contains { key[$0] != nil } }
        let usable = listed.prefix(Self.limit).compactMap { key -> (String, JSONValue)? in
            guard let id = key["kid"]?.string, (1...256).contains(id.utf8.count), Self.isPublic(key) else { return nil }
            return (id, key)
        }
        keys = Dictionary(usable) { first, _ in first }
    }

    var ids: [String] { keys.keys.sorted() }

    /// For signing, of a kind that is read here, strong enough, and without its private half.
    private static func isPublic(_ key: JSONValue) -> Bool {
        guard key["d"] == nil, key["k"] == nil, key["use"]?.string.map({ $0 == "sig" }) ?? true else { return false }
        switch key["kty"]?.string {
        case "RSA":
            let modulus = Base64URL.decode((key["n"]?.string ?? "").utf8)?.drop { $0 == 0 } ?? []
            return (256...1024).contains(modulus.count) && key["e"]?.string != nil
        case "EC": return key["x"]?.string != nil && key["y"]?.string != nil
        case "OKP": return key["crv"]?.string == "Ed25519" && key["x"]?.string != nil
        default: return false
        }
    }

    /// The key of this id as one for this algorithm and for no other; `nil` when it is of another kind.
    func key(_ id: String, for algorithm: SigningAlgorithm) -> JWK? {
        guard let key = keys[id], key["alg"]?.string.map({ $0 == algorithm.rawValue }) ?? true else { return nil }
        let name = JWKIdentifier(string: id)
        let (kind, curve, x) = (key["kty"]?.string, key["crv"]?.string, key["x"]?.string)
        switch algorithm {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
            guard kind == "RSA" else { return nil }
            return .rsa(
                JWK.Algorithm(rawValue: algorithm.rawValue), identifier: name, modulus: key["n"]?.string,
                exponent: key["e"]?.string)
        case .es256, .es384, .es512:
            let curves: [SigningAlgorithm: ECDSACurve] = [.es256: .p256, .es384: .p384, .es512: .p521]
            guard kind == "EC", let wanted = curves[algorithm], curve == wanted.rawValue else { return nil }
            return .ecdsa(
                JWK.Algorithm(rawValue: algorithm.rawValue), identifier: name, x: x, y: key["y"]?.string, curve: wanted)
        case .edDSA:
            guard kind == "OKP" else { return nil }
            return .octetKeyPair(.eddsa, identifier: name, x: x, y: nil, curve: .ed25519)
        }
    }
}
