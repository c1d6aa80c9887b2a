internal import Cryptography
internal import Identity
internal import Kernel

/// An owner's way in when single sign-on is down: twenty characters, 100 random bits, used once. Shown when made, kept as a
/// digest under a key the database does not have.
struct BreakGlassCode: Sendable {
    private static let length = 20

    private let code: PaperCode

    static func new(from randomness: Randomness = .system) -> BreakGlassCode {
        BreakGlassCode(code: .new(length: length, from: randomness))
    }

    private init(code: PaperCode) { self.code = code }

    /// As typed from paper; `nil` when it cannot be one.
    init?(_ typed: Secret<String>) {
        guard let code = PaperCode(typed, length: Self.length) else { return nil }
        self.code = code
    }

    var text: Secret<String> { code.text }

    func hash(of user: UserID, key: LinkKey) -> [UInt8] {
        key.digest(user.bytes + code.characters.reveal(), purpose: "break-glass-v1")
    }
}
