import Crypto
import CryptoExtras
import Cryptography
package import JSONKit

/// A key of a provider: its public half as a member of a JWK set, and a hand that signs. Signs with swift-crypto itself, not
/// with what is tested.
package struct ProviderKey: Sendable {
    package let id: String
    /// The `alg` that its tokens say.
    package let algorithm: String
    package let publicKey: [String: JSONValue]
    package let sign: @Sendable ([UInt8]) throws -> [UInt8]

    package init(
        _ id: String, _ algorithm: String, _ publicKey: [String: JSONValue],
        sign: @escaping @Sendable ([UInt8]) throws -> [UInt8]
    ) {
        self.id = id
        self.algorithm = algorithm
        self.publicKey = publicKey.merging(["kid": .string(id), "use": "sig"]) { said, _ in said }
        self.sign = sign
    }

    // Making an RSA key takes a tenth of a second, so tests share a few.
    private static let rsaKeys: [RSAKey] = (0..<3).map { _ in RSAKey(2048) }

    /// - Parameter number: 0...2; the same number is the same key.
    package static func rsa(_ id: String, _ algorithm: String = "RS256", number: Int = 0) -> ProviderKey {
        let key = rsaKeys[number]
        return ProviderKey(id, algorithm, key.publicKey) { try key.sign($0, algorithm) }
    }

    /// Too short to be trusted.
    package static func weakRSA(_ id: String) -> ProviderKey {
        let key = RSAKey(1024)
        return ProviderKey(id, "RS256", key.publicKey) { try key.sign($0, "RS256") }
    }

    package static func p256(_ id: String) -> ProviderKey {
        let key = P256.Signing.PrivateKey()
        return ProviderKey(id, "ES256", point(Array(key.publicKey.rawRepresentation), "P-256")) {
            Array(try key.signature(for: $0).rawRepresentation)
        }
    }

    package static func p384(_ id: String) -> ProviderKey {
        let key = P384.Signing.PrivateKey()
        return ProviderKey(id, "ES384", point(Array(key.publicKey.rawRepresentation), "P-384")) {
            Array(try key.signature(for: $0).rawRepresentation)
        }
    }

    package static func p521(_ id: String) -> ProviderKey {
        let key = P521.Signing.PrivateKey()
        return ProviderKey(id, "ES512", point(Array(key.publicKey.rawRepresentation), "P-521")) {
            Array(try key.signature(for: $0).rawRepresentation)
        }
    }

    package static func ed25519(_ id: String) -> ProviderKey {
        let key = Curve25519.Signing.PrivateKey()
        let x = Base64URL.encode(Array(key.publicKey.rawRepresentation))
        return ProviderKey(id, "EdDSA", ["kty": "OKP", "crv": "Ed25519", "x": .string(x)]) {
            Array(try key.signature(for: $0))
        }
    }

    /// What a public key comes to when it is taken for a secret of both sides.
    package static func hmac(_ id: String, secret: [UInt8]) -> ProviderKey {
        ProviderKey(id, "HS256", ["kty": "oct", "k": .string(Base64URL.encode(secret))]) { bytes in
            Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: secret)))
        }
    }

    private static func point(_ bytes: [UInt8], _ curve: String) -> [String: JSONValue] {
        let half = bytes.count / 2
        return [
            "kty": "EC", "crv": .string(curve), "x": .string(Base64URL.encode(Array(bytes[..<half]))),
            "y": .string(Base64URL.encode(Array(bytes[half...]))),
        ]
    }

    /// The RSA keys as PEM text, as an attacker reads them out of the published set.
    package static func rsaText(number: Int = 0) -> [UInt8] {
        Array(rsaKeys[number].key.publicKey.pemRepresentation.utf8)
    }
}

private struct RSAKey: Sendable {
    let key: _RSA.Signing.PrivateKey
    let publicKey: [String: JSONValue]

    init(_ bits: Int) {
        do {
            key = try _RSA.Signing.PrivateKey(unsafeKeySize: .init(bitCount: bits))
            let primitives = try key.publicKey.getKeyPrimitives()
            publicKey = [
                "kty": "RSA", "n": .string(Base64URL.encode(Array(primitives.modulus))),
                "e": .string(Base64URL.encode(Array(primitives.publicExponent))),
            ]
        } catch {
            fatalError("an RSA key of \(bits) bits could not be made: \(error)")
        }
    }

    func sign(_ bytes: [UInt8], _ algorithm: String) throws -> [UInt8] {
        let padding: _RSA.Signing.Padding = algorithm.hasPrefix("PS") ? .PSS : .insecurePKCS1v1_5
        let signature =
            switch algorithm.suffix(3) {
            case "384": try key.signature(for: SHA384.hash(data: bytes), padding: padding)
            case "512": try key.signature(for: SHA512.hash(data: bytes), padding: padding)
            default: try key.signature(for: SHA256.hash(data: bytes), padding: padding)
            }
        return Array(signature.rawRepresentation)
    }
}
