internal import Cryptography
internal import Identity
internal import Kernel

/// An owner's way in when single sign-on is down: twenty characters, 100 random bits, used once. Shown when made, kept as a
/// digest under a key the database does not have.
struct BreakGlassCode: Sendable {
    /// Crockford's: without i, l, o and u, which people read for something else.
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    private static let length = 20

    private let characters: Secret<[UInt8]>

    static func new(from randomness: Randomness = .system) -> BreakGlassCode {
        BreakGlassCode(characters: Secret(randomness.bytes(length).map { alphabet[Int($0 & 31)] }))
    }

    private init(characters: Secret<[UInt8]>) { self.characters = characters }

    /// As typed from paper: any case, with hyphens and spaces, O for 0, I and L for 1; `nil` when it cannot be one.
    init?(_ typed: Secret<String>) {
        let bytes = typed.reveal().prefix(96).lowercased().utf8.compactMap { byte -> UInt8? in
            switch byte {
            case UInt8(ascii: "-"), UInt8(ascii: " "): nil
            case UInt8(ascii: "o"): UInt8(ascii: "0")
            case UInt8(ascii: "i"), UInt8(ascii: "l"): UInt8(ascii: "1")
            default: byte
            }
        }
        guard bytes.count == Self.length, bytes.allSatisfy(Self.alphabet.contains) else { return nil }
        characters = Secret(bytes)
    }

    /// For the person's eyes: `abcde-fghjk-mnpqr-stvwx`.
    var text: Secret<String> {
        let all = characters.reveal()
        let groups = stride(from: 0, to: all.count, by: 5).map { String(decoding: all[$0..<$0 + 5], as: UTF8.self) }
        return Secret(groups.joined(separator: "-"))
    }

    func hash(of user: UserID, key: LinkKey) -> [UInt8] {
        key.digest(user.bytes + characters.reveal(), purpose: "break-glass-v1")
    }
}
