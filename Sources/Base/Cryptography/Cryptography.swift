// Cryptography: passwords, bearer tokens and the digests under them.
// Owns: Argon2id with its bounded threads, the shape of our tokens, SHA-256, HMAC and HKDF, comparison in constant time.
// Leaves to others: which token opens what (Access, Identity, Fleet), how secrets are kept in rows (Vault), TLS (HTTPKit).
// Everything here is a pure function of its arguments, except the random bytes, which come in as `Randomness`.
// Nothing here logs, and nothing here keeps a password longer than the call that needs it.
internal import Crypto
package import Kernel

/// Digests and derived keys, as plain bytes.
package enum Digests {
    package static func sha256(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var hasher = SHA256()
        if bytes.withContiguousStorageIfAvailable({ hasher.update(bufferPointer: UnsafeRawBufferPointer($0)) }) == nil {
            hasher.update(data: Array(bytes))
        }
        return Array(hasher.finalize())
    }

    package static func sha256(_ text: String) -> [UInt8] { sha256(Array(text.utf8)) }

    package static func hmacSHA256(_ bytes: [UInt8], key: Secret<[UInt8]>) -> [UInt8] {
        Array(HMAC<SHA256>.authenticationCode(for: bytes, using: SymmetricKey(data: key.reveal())))
    }

    /// A key for one purpose out of a key for many (HKDF-SHA256, RFC 5869): knowing one derived key tells nothing about
    /// the others or about the first.
    package static func derivedKey(
        from secret: Secret<[UInt8]>, salt: [UInt8] = [], purpose: String, bytes: Int = 32
    ) -> Secret<[UInt8]> {
        derivedKey(from: secret, salt: salt, info: Array(purpose.utf8), bytes: bytes)
    }

    static func derivedKey(
        from secret: Secret<[UInt8]>, salt: [UInt8], info: [UInt8], bytes: Int
    ) -> Secret<[UInt8]> {
        let key = HKDF<SHA256>.deriveKey(
            inputKeyMaterial: SymmetricKey(data: secret.reveal()), salt: salt, info: info, outputByteCount: bytes)
        return Secret(key.withUnsafeBytes { Array($0) })
    }

    /// Takes the same time whatever the bytes are. Different lengths are told apart at once: a length is no secret.
    package static func constantTimeEqual(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        guard left.count == right.count else { return false }
        var difference: UInt8 = 0
        for index in left.indices { difference |= left[index] ^ right[index] }
        return difference == 0
    }
}

extension [UInt8] {
    /// Lower-case hexadecimal, two characters a byte.
    package var hex: String {
        let digits = Array("0123456789abcdef".utf8)
        var text: [UInt8] = []
        text.reserveCapacity(count * 2)
        for byte in self {
            text.append(digits[Int(byte >> 4)])
            text.append(digits[Int(byte & 15)])
        }
        return String(decoding: text, as: UTF8.self)
    }
}
