internal import FoundationEssentials
internal import JOSE
internal import JSONKit
internal import Kernel
internal import Outbound

/// Exchanges codes and refresh tokens for tokens (RFC 6749).
struct TokenEndpoint: Sendable {
    let calls: ProviderCalls

    struct Tokens: Sendable {
        let access: Secret<String>
        let id: Secret<String>?
        let refresh: Secret<String>?
        let accessEndsAt: Timestamp?
    }

    func redeem(
        _ code: String, of flow: OIDCFlow, at provider: ProviderMetadata, secret: Secret<String>?, now: Timestamp,
        within timeout: Duration
    ) async throws(OIDCRefusal) -> Tokens {
        let fields = [
            ("grant_type", "authorization_code"), ("code", code), ("redirect_uri", flow.redirectURL),
            ("code_verifier", flow.verifier.reveal()),
        ]
        return try await ask(
            provider, fields, clientId: flow.clientId, secret: secret, now: now, timeout, refused: .exchangeRefused)
    }

    func renew(
        _ refreshToken: Secret<String>, clientId: String, at provider: ProviderMetadata, secret: Secret<String>?,
        now: Timestamp, within timeout: Duration
    ) async throws(OIDCRefusal) -> Tokens {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", refreshToken.reveal())]
        return try await ask(
            provider, fields, clientId: clientId, secret: secret, now: now, timeout, refused: .renewalRefused)
    }

    private func ask(
        _ provider: ProviderMetadata, _ fields: [(String, String)], clientId: String, secret: Secret<String>?,
        now: Timestamp, _ timeout: Duration, refused: OIDCRefusal.Reason
    ) async throws(OIDCRefusal) -> Tokens {
        var (fields, headers) = (fields, [("Content-Type", "application/x-www-form-urlencoded")])
        switch (secret, provider.authentication) {
        case (nil, _): fields.append(("client_id", clientId))
        case (let secret?, .basic): headers.append(("Authorization", Self.basic(clientId, secret)))
        case (let secret?, .post): fields += [("client_id", clientId), ("client_secret", secret.reveal())]
        case (_, .unsupported): throw OIDCRefusal(.authenticationUnsupported)
        }
        let answer = try await calls.send(
            "POST", to: provider.tokenEndpoint, headers: headers, body: Array(FormBody.encode(fields).utf8),
            within: timeout, unreadable: .exchangeMalformed)
        let said = ClaimSet(answer.body)
        guard answer.status == 200 else {
            throw OIDCRefusal(refused, detail: said?["error"]?.string ?? "status \(answer.status)")
        }
        guard let said else { throw OIDCRefusal(.exchangeMalformed, detail: "no JSON") }
        // Some answer an error with 200.
        if let error = said["error"]?.string { throw OIDCRefusal(refused, detail: error) }
        return try Self.tokens(said, now)
    }

    /// RFC 6749, section 2.3.1: both are escaped before they are joined.
    private static func basic(_ clientId: String, _ secret: Secret<String>) -> String {
        let pair = FormBody.escaped(clientId) + ":" + FormBody.escaped(secret.reveal())
        return "Basic " + Data(pair.utf8).base64EncodedString()
    }

    private static func tokens(_ said: ClaimSet, _ now: Timestamp) throws(OIDCRefusal) -> Tokens {
        guard said["token_type"]?.string?.lowercased() == "bearer" else {
            throw OIDCRefusal(.exchangeMalformed, detail: "token_type")
        }
        // RFC 6750: what can stand in a header.
        guard let access = said["access_token"]?.string, (1...65_536).contains(access.utf8.count),
            access.utf8.allSatisfy({ (0x21...0x7E).contains($0) })
        else { throw OIDCRefusal(.exchangeMalformed, detail: "access_token") }
        let refresh = said["refresh_token"]?.string.flatMap { (1...16_384).contains($0.utf8.count) ? $0 : nil }
        let seconds = said["expires_in"]?.double.flatMap { (1...31_536_000).contains($0) ? Int64($0) : nil }
        return Tokens(
            access: Secret(access), id: said["id_token"]?.string.map { Secret($0) },
            refresh: refresh.map { Secret($0) },
            accessEndsAt: seconds.map { now + .seconds($0) })
    }
}
