package import Kernel

/// A code that people keep on paper and type in: five random bits a character, used once. Whoever hands it out keeps no more
/// than a keyed digest of it.
package struct PaperCode: Sendable {
    /// Crockford's: without i, l, o and u, which people read for something else.
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)

    /// As a digest takes them in: lower case, without hyphens.
    package let characters: Secret<[UInt8]>

    /// - Parameter length: in characters.
    package static func new(length: Int, from randomness: Randomness = .system) -> PaperCode {
        PaperCode(characters: Secret(randomness.bytes(length).map { alphabet[Int($0 & 31)] }))
    }

    private init(characters: Secret<[UInt8]>) { self.characters = characters }

    /// As typed from paper: any case, with hyphens and spaces, O for 0, I and L for 1; `nil` when it cannot be one of this
    /// length.
    package init?(_ typed: Secret<String>, length: Int) {
        let bytes = typed.reveal().prefix(96).lowercased().utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "o"): UInt8(ascii: "0")
            case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
            default: byte
            }
        }
        guard bytes.count == length, bytes.allSatisfy(Self.alphabet.contains) else { return nil }
        characters = Secret(bytes)
    }

    /// For the person's eyes, in groups of five: `abcde-fghjk`.
    package var text: Secret<String> {
        let all = characters.reveal()
        let groups = stride(from: 0, to: all.count, by: 5).map { start in
            String(decoding: all[start..<min(start + 5, all.count)], as: UTF8.self)
        }
        return Secret(groups.joined(separator: "-"))
    }
}
