internal import Cryptography
internal import Kernel

/// The way in without the authenticator: ten characters, 50 random bits, used once. Shown when made, kept as a digest.
struct RecoveryCode: Sendable {
    static let count = 10
    private static let length = 10

    private let code: PaperCode

    static func new(from randomness: Randomness = .system) -> RecoveryCode {
        RecoveryCode(code: .new(length: length, from: randomness))
    }

    private init(code: PaperCode) { self.code = code }

    /// As typed; `nil` when it cannot be one.
    init?(_ typed: Secret<String>) {
        guard let code = PaperCode(typed, length: Self.length) else { return nil }
        self.code = code
    }

    var text: Secret<String> { code.text }

    /// 50 bits are few for a bare digest, so it is keyed: the table alone cannot be searched.
    func hash(of user: UserID, key: LinkKey) -> [UInt8] {
        key.digest(user.bytes + code.characters.reveal(), purpose: "recovery-code-v1")
    }
}
