/// Base64 as it stands in XML and in forms: `+` and `/`, white space anywhere (RFC 4648 section 4, RFC 2045 lines).
package enum Base64Text {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

    private static let (foreign, space, padding): (UInt8, UInt8, UInt8) = (255, 254, 253)

    private static let values: [UInt8] = {
        var table = [UInt8](repeating: foreign, count: 256)
        for (value, character) in alphabet.enumerated() { table[Int(character)] = UInt8(value) }
        for byte in [9, 10, 13, 32] { table[byte] = space }
        table[Int(UInt8(ascii: "="))] = padding
        return table
    }()

    package static func encode(_ bytes: [UInt8]) -> String {
        var text: [UInt8] = []
        text.reserveCapacity((bytes.count + 2) / 3 * 4)
        var index = 0
        while index < bytes.count {
            let left = min(3, bytes.count - index)
            var group: UInt32 = 0
            for offset in 0..<3 { group = group << 8 | (offset < left ? UInt32(bytes[index + offset]) : 0) }
            for offset in 0..<4 {
                let character = alphabet[Int(group >> UInt32(18 - 6 * offset) & 63)]
                text.append(offset <= left ? character : UInt8(ascii: "="))
            }
            index += 3
        }
        return String(decoding: text, as: UTF8.self)
    }

    /// `nil` for a foreign character, an impossible length, padding elsewhere than at the end, or nothing at all.
    package static func decode(_ text: String) -> [UInt8]? {
        var text = text
        return text.withUTF8 { decode($0) }
    }

    private static func decode(_ text: UnsafeBufferPointer<UInt8>) -> [UInt8]? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count / 4 * 3 + 3)
        var (group, digits, ends) = (UInt32(0), 0, 0)
        let isSound = values.withUnsafeBufferPointer { values in
            for character in text {
                let value = values[Int(character)]
                if value == space { continue }
                if value == padding {
                    ends += 1
                    continue
                }
                guard value != foreign, ends == 0 else { return false }
                group = group << 6 | UInt32(value)
                digits += 1
                if digits % 4 == 0 {
                    bytes.append(UInt8(truncatingIfNeeded: group >> 16))
                    bytes.append(UInt8(truncatingIfNeeded: group >> 8))
                    bytes.append(UInt8(truncatingIfNeeded: group))
                }
            }
            return true
        }
        let rest = digits % 4
        guard isSound, digits > 0, rest != 1, ends == 0 || (rest != 0 && ends == 4 - rest) else { return nil }
        if rest == 2 { bytes.append(UInt8(truncatingIfNeeded: group >> 4)) }
        if rest == 3 {
            bytes.append(UInt8(truncatingIfNeeded: group >> 10))
            bytes.append(UInt8(truncatingIfNeeded: group >> 2))
        }
        return bytes
    }
}

/// PEM (RFC 7468) of kinds that are read here.
enum PEMText {
    /// At most 16 blocks of one kind, as bytes.
    static func blocks(_ kind: String, in text: String) throws(XMLRefusal) -> [[UInt8]] {
        let (begin, end) = ("-----BEGIN \(kind)-----", "-----END \(kind)-----")
        var blocks: [[UInt8]] = []
        var lines: [Substring]?
        for line in text.split(whereSeparator: \.isNewline) {
            let plain = line.trimmingSpaces
            if plain == begin {
                lines = []
            } else if plain == end, let inside = lines {
                guard blocks.count < 16, let bytes = Base64Text.decode(inside.joined()) else { throw .notAKey }
                blocks.append(bytes)
                lines = nil
            } else {
                lines?.append(plain)
            }
        }
        return blocks
    }
}

extension Substring {
    fileprivate var trimmingSpaces: Substring {
        var view = self
        while view.first?.isWhitespace == true { view.removeFirst() }
        while view.last?.isWhitespace == true { view.removeLast() }
        return view
    }
}
