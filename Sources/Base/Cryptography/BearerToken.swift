package import Kernel

/// What a bearer token opens. The prefix lets people and secret scanners recognise one in a log or a repository.
package enum TokenKind: String, Sendable, CaseIterable {
    case session = "pse_"
    case csrf = "pcs_"
    case magicLink = "ml1_"
    case signup = "su1_"
    case passwordReset = "rp1_"
    case secondFactor = "p2f_"
    case device = "pdv_"
    case passkey = "pk1_"
    case invitation = "inv_"
    case enrollment = "pet_"
    case runtime = "prt_"
    case api = "pat_"
    /// What an organisation's directory (SCIM) brings.
    case directory = "psc_"
    case operatorSession = "pos_"
    case operatorSetup = "osu_"
}

/// A token as its owner holds it: prefix, then base64url of 32 random bytes and a 4-byte checksum, 52 characters in all.
///
/// The checksum keeps mistyped and made-up tokens away from the database; it adds no secrecy. Only `hash` is stored:
/// 256 random bits need no salt and no slow hash. The checksum of an API or directory token is the CRC-32 of prefix and
/// random bytes, big endian, so that secret scanners can tell a real one offline; the older kinds have the start of a SHA-256.
package struct BearerToken: Sendable {
    package let kind: TokenKind
    /// Shown once to its owner, then forgotten.
    package let text: Secret<String>

    package static let length = 52

    private static let randomBytes = 32
    private static let checksumBytes = 4

    package static func new(_ kind: TokenKind, from randomness: Randomness = .system) -> BearerToken {
        let body = randomness.bytes(randomBytes)
        let text = kind.rawValue + Base64URL.encode(body + checksum(of: body, kind: kind))
        return BearerToken(kind: kind, text: Secret(text))
    }

    /// Reads what a caller presents; `nil` unless prefix, alphabet, length and checksum are right.
    package init?(_ text: String, kind: TokenKind) {
        guard text.utf8.count == Self.length, text.hasPrefix(kind.rawValue),
            let bytes = Base64URL.decode(text.utf8.dropFirst(kind.rawValue.utf8.count)),
            bytes.count == Self.randomBytes + Self.checksumBytes
        else { return nil }
        let body = Array(bytes.prefix(Self.randomBytes))
        guard Array(bytes.suffix(Self.checksumBytes)) == Self.checksum(of: body, kind: kind) else { return nil }
        self.init(kind: kind, text: Secret(text))
    }

    private init(kind: TokenKind, text: Secret<String>) {
        self.kind = kind
        self.text = text
    }

    /// The 32 bytes between prefix and checksum.
    package var body: [UInt8] {
        Array((Base64URL.decode(text.reveal().utf8.dropFirst(kind.rawValue.utf8.count)) ?? []).prefix(Self.randomBytes))
    }

    /// SHA-256 of the whole text: what the database stores and looks up.
    package var hash: [UInt8] { Digests.sha256(text.reveal()) }

    /// For links that travel by mail: a stolen table is useless without the key, even to someone who can insert rows.
    package func sealedHash(key: Secret<[UInt8]>) -> [UInt8] {
        Digests.hmacSHA256(Array(text.reveal().utf8), key: key)
    }

    private static func checksum(of body: [UInt8], kind: TokenKind) -> [UInt8] {
        let bytes = Array(kind.rawValue.utf8) + body
        guard kind == .api || kind == .directory else { return Array(Digests.sha256(bytes).prefix(checksumBytes)) }
        return withUnsafeBytes(of: CRC32.checksum(bytes).bigEndian) { Array($0) }
    }
}
