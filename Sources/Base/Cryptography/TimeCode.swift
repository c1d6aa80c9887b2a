internal import Crypto
package import Kernel

/// Codes of the moment (TOTP, RFC 6238): SHA-1, 30 seconds, six digits, as every authenticator app has them.
package enum TimeCode {
    package static let secondsPerStep: Int64 = 30
    static let digits = 6
    /// The least RFC 4226 recommends.
    package static let secretBytes = 20

    package static func step(at moment: Timestamp) -> Int64 { moment.milliseconds / 1000 / secondsPerStep }

    /// The code of one step (HOTP, RFC 4226, with the step as its counter).
    package static func code(at step: Int64, secret: Secret<[UInt8]>, digits: Int = TimeCode.digits) -> String {
        let message = withUnsafeBytes(of: step.bigEndian) { Array($0) }
        let digest = Array(
            HMAC<Insecure.SHA1>.authenticationCode(for: message, using: SymmetricKey(data: secret.reveal())))
        let offset = Int(digest[19] & 15)
        let number = digest[offset..<offset + 4].reduce(UInt32(0)) { $0 << 8 | UInt32($1) } & 0x7FFF_FFFF
        let modulus = (0..<digits).reduce(UInt32(1)) { product, _ in product * 10 }
        let text = String(number % modulus)
        return String(repeating: "0", count: digits - text.count) + text
    }

    /// The step whose code this is: of the present, the one before or the one after, and later than `last`; `nil`: of
    /// none. People's clocks and thumbs are slow, so one step either way is right (RFC 6238, 5.2).
    package static func step(
        of code: String, secret: Secret<[UInt8]>, after last: Int64, at moment: Timestamp
    ) -> Int64? {
        let present = step(at: moment)
        var found: Int64?
        for candidate in [present - 1, present, present + 1] {
            let isRight = Digests.constantTimeEqual(
                Array(code.utf8), Array(self.code(at: candidate, secret: secret).utf8))
            if isRight, candidate > last { found = candidate }
        }
        return found
    }

    /// What authenticator apps read from the QR code (Google's Key URI format).
    package static func address(secret: Secret<[UInt8]>, account: String, issuer: String) -> Secret<String> {
        let (label, name) = (percentEncoded("\(issuer):\(account)"), percentEncoded(issuer))
        return Secret(
            "otpauth://totp/\(label)?secret=\(Base32.encode(secret.reveal()))&issuer=\(name)"
                + "&algorithm=SHA1&digits=\(digits)&period=\(secondsPerStep)")
    }

    private static func percentEncoded(_ text: String) -> String {
        text.utf8.reduce(into: "") { result, byte in
            let isPlain =
                (48...57).contains(byte) || (65...90).contains(byte) || (97...122).contains(byte)
                || "-._~".utf8.contains(byte)
            result += isPlain ? String(UnicodeScalar(byte)) : "%" + [byte].hex.uppercased()
        }
    }
}

/// Base32 (RFC 4648, section 6) without padding: how authenticator apps take a secret by hand.
package enum Base32 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".utf8)

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        var (buffer, bits) = (UInt32(0), UInt32(0))
        for byte in bytes {
            buffer = buffer << 8 | UInt32(byte)
            bits += 8
            while bits >= 5 {
                bits -= 5
                text.append(alphabet[Int(buffer >> bits & 31)])
            }
            buffer &= (1 << bits) - 1
        }
        if bits > 0 { text.append(alphabet[Int(buffer << (5 - bits) & 31)]) }
        return String(decoding: text, as: UTF8.self)
    }
}
