internal import Cryptography
internal import Kernel

/// The way in without the authenticator: ten characters, 50 random bits, used once. Shown when made, kept as a digest.
struct RecoveryCode: Sendable {
    static let count = 10
    /// Crockford's: without i, l, o and u, which people read for something else.
    private static let alphabet = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
    private static let length = 10

    private let characters: Secret<[UInt8]>

    static func new(from randomness: Randomness = .system) -> RecoveryCode {
        RecoveryCode(characters: Secret(randomness.bytes(length).map { alphabet[Int($0 & 31)] }))
    }

    private init(characters: Secret<[UInt8]>) { self.characters = characters }

    /// As typed: any case, with hyphens and spaces, O for 0, I and L for 1; `nil` when it cannot be one.
    init?(_ typed: Secret<String>) {
        let bytes = typed.reveal().prefix(64).lowercased().utf8.compactMap { byte -> UInt8? in
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

    /// For the person's eyes: `abcde-fghjk`.
    var text: Secret<String> {
        let text = String(decoding: characters.reveal(), as: UTF8.self)
        return Secret("\(text.prefix(5))-\(text.suffix(5))")
    }

    /// 50 bits are few for a bare digest, so it is keyed: the table alone cannot be searched.
    func hash(of user: UserID, key: LinkKey) -> [UInt8] {
        key.digest(user.bytes + characters.reveal(), purpose: "recovery-code-v1")
    }
}
