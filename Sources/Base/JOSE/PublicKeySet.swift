internal import Cryptography
internal import FoundationEssentials
internal import JSONKit
internal import JWTKit

/// A key as one for this algorithm and for no other.
package struct PublicKey: Sendable {
    package let algorithm: SigningAlgorithm
    let jwk: JWK
}

/// The public keys of a JWK set (RFC 7517) that can verify something here. Kinds that are not known are passed over.
package struct PublicKeySet: Sendable {
    /// An issuer has a handful; the rest of a longer list is not read.
    package static let limit = 100

    private let keys: [JSONValue]
    /// Some key of it was a secret, which a list of public keys does not hold.
    package let holdsSecrets: Bool

    /// What is no key set is an empty one.
    package init(_ text: String) {
        let listed = ClaimSet(Array(text.utf8))?["keys"]?.array ?? []
        holdsSecrets = listed.contains { key in ["d", "k", "p", "q"].contains { key[$0] != nil } }
        keys = listed.prefix(Self.limit).filter(Self.isPublic)
    }

    package var isEmpty: Bool { keys.isEmpty }

    /// The names of its keys; one that has none can only be found by being the only one.
    package var ids: [String] { Set(keys.compactMap { $0["kid"]?.string }).sorted() }

    /// For signing, of a kind that is read here, strong enough, and without its private half.
    private static func isPublic(_ key: JSONValue) -> Bool {
        guard !["d", "k", "p", "q", "dp", "dq", "qi", "oth"].contains(where: { key[$0] != nil }),
            key["use"].map({ $0.string == "sig" }) ?? true,
            key["key_ops"].map({ $0.array?.contains("verify") ?? false }) ?? true,
            key["kid"].map({ $0.string.map { (1...256).contains($0.utf8.count) } ?? false }) ?? true
        else { return false }
        switch key["kty"]?.string {
        case "RSA":
            let modulus = bytes(key["n"]).drop { $0 == 0 }
            let exponent = bytes(key["e"]).drop { $0 == 0 }
            // 2,048 to 8,192 bits; an exponent of 1 would make every number its own signature.
            return (256...1024).contains(modulus.count) && (1...4).contains(exponent.count)
                && exponent.last.map({ $0 & 1 == 1 }) == true && (exponent.count > 1 || exponent.first != 1)
        case "EC": return !bytes(key["x"]).isEmpty && !bytes(key["y"]).isEmpty
        case "OKP": return key["crv"]?.string == "Ed25519" && bytes(key["x"]).count == 32
        default: return false
        }
    }

    private static func bytes(_ value: JSONValue?) -> [UInt8] {
        value?.string.flatMap { Base64URL.decode($0.utf8) } ?? []
    }

    /// The key of this id; without an id the only one there is for this algorithm. `nil` when there is none, or several
    /// of which nobody says which.
    package func key(_ id: String?, for algorithm: SigningAlgorithm) -> PublicKey? {
        let fitting = keys.filter { key in
            (id == nil || key["kid"]?.string == id)
                && (key["alg"].map { $0.string.flatMap(SigningAlgorithm.named) == algorithm } ?? true)
                && algorithm.takes(kind: key["kty"]?.string, curve: key["crv"]?.string)
        }
        guard let key = fitting.first, id != nil || fitting.count == 1 else { return nil }
        return PublicKey(algorithm: algorithm, jwk: Self.jwk(key, algorithm))
    }

    private static func jwk(_ key: JSONValue, _ algorithm: SigningAlgorithm) -> JWK {
        let name = JWKIdentifier(string: key["kid"]?.string ?? "the only one")
        let jose = JWK.Algorithm(rawValue: algorithm.rawValue)
        let (x, y) = (key["x"]?.string, key["y"]?.string)
        switch algorithm {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512:
            return .rsa(jose, identifier: name, modulus: key["n"]?.string, exponent: key["e"]?.string)
        case .es256, .es384, .es512: return .ecdsa(jose, identifier: name, x: x, y: y, curve: algorithm.curve)
        case .edDSA: return .octetKeyPair(.eddsa, identifier: name, x: x, y: nil, curve: .ed25519)
        }
    }
}

extension SigningAlgorithm {
    fileprivate var curve: ECDSACurve? {
        switch self {
        case .es256: .p256
        case .es384: .p384
        case .es512: .p521
        default: nil
        }
    }

    fileprivate func takes(kind: String?, curve name: String?) -> Bool {
        switch self {
        case .rs256, .rs384, .rs512, .ps256, .ps384, .ps512: kind == "RSA"
        case .es256, .es384, .es512: kind == "EC" && curve.map { $0.rawValue == name } == true
        case .edDSA: kind == "OKP"
        }
    }
}
