internal import Cryptography
internal import JSONKit
package import Kernel

/// What somebody takes along to the provider, and has to bring back. Whoever keeps it seals it: it holds the verifier,
/// without which a stolen code is worth nothing. It is used once.
package struct OIDCFlow: Sendable {
    package let state: String
    package let nonce: String
    package let verifier: Secret<String>
    package let redirectURL: String
    package let issuer: String
    package let clientId: String
    /// Seconds since the person signed in at the provider that were asked for.
    package let maxAge: Int?
    package let startedAt: Timestamp

    /// A person with a slow second factor takes minutes, not more.
    package static let lifetime: Duration = .seconds(600)

    init(
        for settings: OIDCSettings, redirectURL: String, maxAge: Int?, at now: Timestamp, from randomness: Randomness
    ) {
        state = Base64URL.encode(randomness.bytes(32))
        nonce = Base64URL.encode(randomness.bytes(32))
        verifier = Secret(Base64URL.encode(randomness.bytes(32)))
        (issuer, clientId) = (settings.issuerUrl, settings.clientId)
        (self.redirectURL, self.maxAge, startedAt) = (redirectURL, maxAge, now)
    }

    /// The S256 challenge of RFC 7636.
    var challenge: String { Base64URL.encode(Digests.sha256(verifier.reveal())) }

    /// To be sealed and kept until the person is back.
    package var sealedText: Secret<String> {
        var json = JSONWriter()
        json.object { json in
            json.member("state", state)
            json.member("nonce", nonce)
            json.member("verifier", verifier.reveal())
            json.member("redirectURL", redirectURL)
            json.member("issuer", issuer)
            json.member("clientId", clientId)
            json.member("maxAge", maxAge)
            json.member("startedAt", startedAt)
        }
        return Secret(String(decoding: json.bytes, as: UTF8.self))
    }

    /// `nil` for what `sealedText` did not write.
    package init?(sealedText: String) {
        guard let json = try? JSONValue(json: Array(sealedText.utf8)), let state = json["state"]?.string,
            let nonce = json["nonce"]?.string, let verifier = json["verifier"]?.string,
            let redirectURL = json["redirectURL"]?.string, let issuer = json["issuer"]?.string,
            let clientId = json["clientId"]?.string,
            let startedAt = json["startedAt"]?.string.flatMap({ Timestamp(rfc3339: $0) })
        else { return nil }
        (self.state, self.nonce, self.verifier) = (state, nonce, Secret(verifier))
        (self.redirectURL, self.issuer, self.clientId) = (redirectURL, issuer, clientId)
        (maxAge, self.startedAt) = (json["maxAge"]?.int, startedAt)
    }
}
