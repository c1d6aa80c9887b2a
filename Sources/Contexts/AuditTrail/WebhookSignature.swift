internal import Cryptography
internal import FoundationEssentials
internal import Kernel

/// Signatures of the Standard Webhooks specification: whoever knows the secret can tell our messages from others', and an
/// old one from a new one.
enum WebhookSignature {
    private static let prefix = "whsec_"

    /// 32 random bytes.
    static func newSecret(from randomness: Randomness = .system) -> Secret<String> {
        Secret(prefix + Data(randomness.bytes(32)).base64EncodedString())
    }

    /// The three headers of one message.
    static func headers(id: String, at now: Timestamp, body: [UInt8], secret: Secret<String>) -> [(String, String)] {
        let seconds = now.milliseconds / 1000
        let key = Data(base64Encoded: String(secret.reveal().dropFirst(prefix.count))).map { Array($0) } ?? []
        let digest = Digests.hmacSHA256(Array("\(id).\(seconds).".utf8) + body, key: Secret(key))
        return [
            ("webhook-id", id), ("webhook-timestamp", "\(seconds)"),
            ("webhook-signature", "v1," + Data(digest).base64EncodedString()),
        ]
    }
}
