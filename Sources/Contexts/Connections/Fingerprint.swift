internal import Kernel

/// SHA-256 of a certificate, as people compare it: upper-case pairs with colons.
enum Fingerprint {
    static func text(_ bytes: [UInt8]) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16, uppercase: true)
            return byte < 16 ? "0" + digits : digits
        }.joined(separator: ":")
    }

    /// 64 hexadecimal digits; colons and blanks between them do not matter.
    static func bytes(_ text: String) -> [UInt8]? {
        let digits = text.trimmed.utf8.filter { $0 != UInt8(ascii: ":") && $0 != UInt8(ascii: " ") }
        guard digits.count == 64, digits.allSatisfy(\.isHexDigit) else { return nil }
        return stride(from: 0, to: 64, by: 2).compactMap {
            UInt8(String(decoding: digits[$0..<($0 + 2)], as: UTF8.self), radix: 16)
        }
    }
}
