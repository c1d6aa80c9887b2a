internal import Crypto
package import Kernel

/// An Ed25519 key (RFC 8032) that says "this came from here" to whoever holds its public half.
package struct SigningKey: Sendable {
    private let key: Curve25519.Signing.PrivateKey

    /// - Parameter seed: 32 bytes; other lengths are digested to 32.
    package init(seed: Secret<[UInt8]>) {
        let bytes = seed.reveal().count == 32 ? seed.reveal() : Digests.sha256(seed.reveal())
        // Any 32 bytes are a seed; the initialiser throws for other lengths alone.
        key = (try? Curve25519.Signing.PrivateKey(rawRepresentation: bytes)) ?? Curve25519.Signing.PrivateKey()
    }

    package var verifying: VerifyingKey { VerifyingKey(key.publicKey) }

    /// 64 bytes.
    package func sign(_ bytes: [UInt8]) throws -> [UInt8] { Array(try key.signature(for: bytes)) }
}

/// The public half of a `SigningKey`.
package struct VerifyingKey: Sendable, Hashable {
    /// 32 bytes.
    package let bytes: [UInt8]

    fileprivate init(_ key: Curve25519.Signing.PublicKey) { bytes = Array(key.rawRepresentation) }

    /// `nil` unless there are 32 bytes.
    package init?(_ bytes: [UInt8]) {
        guard bytes.count == 32 else { return nil }
        self.bytes = bytes
    }

    /// Names the key: the first 16 hexadecimal digits of its SHA-256.
    package var id: String { String(Digests.sha256(bytes).hex.prefix(16)) }

    package func isValid(_ signature: [UInt8], of message: [UInt8]) -> Bool {
        guard let key = try? Curve25519.Signing.PublicKey(rawRepresentation: bytes) else { return false }
        return key.isValidSignature(signature, for: message)
    }
}

/// SHA-256 of what comes piece by piece.
package struct RunningDigest: Sendable {
    private var hasher = SHA256()

    package init() {}

    package mutating func update(_ bytes: [UInt8]) { hasher.update(data: bytes) }
    package mutating func update(_ bytes: UnsafeRawBufferPointer) { hasher.update(bufferPointer: bytes) }
    package func finalize() -> [UInt8] { Array(hasher.finalize()) }
}
