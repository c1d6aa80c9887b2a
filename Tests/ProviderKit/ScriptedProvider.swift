import Crypto
import Cryptography
import Foundation
import HTTPKit
package import HostileKit
package import JSONKit
package import Kernel
import NIOConcurrencyHelpers

/// A whole OpenID provider on loopback, with real keys, that does everything right but for what its script says. Its codes
/// hold once, and only with the verifier, the address and the client that they were given for.
package final class ScriptedProvider: Sendable {
    private struct Grant {
        let nonce: String?
        let challenge: String?
        let redirectURL: String
    }

    private struct State {
        var script: ProviderScript
        var issuer = ""
        var grants: [String: Grant] = [:]
        var made = 0
        var refreshTokens: Set<String> = []
    }

    private let state: NIOLockedValueBox<State>
    private let server: HostileServer
    private let time: any TimeSource
    package let issuer: String

    package init(_ time: any TimeSource, key: ProviderKey = .rsa("key-1")) async throws {
        self.time = time
        state = NIOLockedValueBox(State(script: ProviderScript(key)))
        server = try await HostileServer(nil) { _ in .hangUp }
        issuer = "http://127.0.0.1:\(server.port)"
        state.withLockedValue { [issuer] in $0.issuer = issuer }
        server.answer { [weak self] in self?.reply(to: $0) ?? .hangUp }
    }

    package func close() async throws { try await server.close() }

    package func script(_ change: (inout ProviderScript) throws -> Void) rethrows {
        try state.withLockedValue { try change(&$0.script) }
    }

    package var script: ProviderScript { state.withLockedValue { $0.script } }

    package func asked(_ path: String) -> [HostileServer.Request] { server.requests.filter { $0.path == path } }

    // MARK: What a browser does there

    /// Signs in at the address that the browser was sent to.
    /// - Returns: the query of the address that it is sent back to.
    package func signIn(at url: String) throws -> [(String, String)] {
        let query = try Query(parsing: url.split(separator: "?", maxSplits: 1)[1])
        let (code, issuer) = state.withLockedValue { state in
            state.made += 1
            let code = "code-\(state.made)"
            state.grants[code] = Grant(
                nonce: query["nonce"], challenge: query["code_challenge"], redirectURL: query["redirect_uri"] ?? "")
            return (code, state.issuer)
        }
        return [("code", code), ("state", query["state"] ?? ""), ("iss", issuer)]
    }

    // MARK: What it answers

    private func reply(to request: HostileServer.Request) -> HostileServer.Reply {
        let script = script
        if let instead = script.replies[request.path] { return instead(request) }
        switch request.path {
        case "/.well-known/openid-configuration": return .json(Self.text(discovery(script)))
        case "/jwks":
            let keys = JSONValue.array(script.keys.map { .object($0.publicKey) })
            return .json(script.jwks ?? Self.text(["keys": keys]))
        case "/token": return token(request, script)
        case "/userinfo": return userInfo(request, script)
        default: return .json("{}", status: 404)
        }
    }

    private func discovery(_ script: ProviderScript) -> [String: JSONValue] {
        let issuer = issuer
        let good: [String: JSONValue] = [
            "issuer": .string(issuer), "authorization_endpoint": .string(issuer + "/authorize"),
            "token_endpoint": .string(issuer + "/token"), "userinfo_endpoint": .string(issuer + "/userinfo"),
            "jwks_uri": .string(issuer + "/jwks"), "end_session_endpoint": .string(issuer + "/logout"),
            "response_types_supported": ["code"], "code_challenge_methods_supported": ["S256"],
            "id_token_signing_alg_values_supported": .array(
                Set(script.keys.map(\.algorithm)).sorted().map { .string($0) }),
            "authorization_response_iss_parameter_supported": true,
        ]
        return good.merging(script.discovery) { $1 }
    }

    private func token(_ request: HostileServer.Request, _ script: ProviderScript) -> HostileServer.Reply {
        guard let form = try? Query(parsing: Substring(String(decoding: request.body, as: UTF8.self))) else {
            return Self.refusal("invalid_request")
        }
        guard Self.client(request, form, script) else { return Self.refusal("invalid_client", status: 401) }
        if form["grant_type"] == "refresh_token" { return renewed(form, script) }
        let grant = state.withLockedValue { $0.grants.removeValue(forKey: form["code"] ?? "") }
        guard let grant, grant.redirectURL == form["redirect_uri"], Self.proves(form["code_verifier"], grant.challenge)
        else { return Self.refusal("invalid_grant") }
        return answer(nonce: grant.nonce, script)
    }

    private func renewed(_ form: Query, _ script: ProviderScript) -> HostileServer.Reply {
        let isKnown = state.withLockedValue { $0.refreshTokens.remove(form["refresh_token"] ?? "") != nil }
        return isKnown ? answer(nonce: nil, script) : Self.refusal("invalid_grant")
    }

    private func answer(nonce: String?, _ script: ProviderScript) -> HostileServer.Reply {
        let number = state.withLockedValue { state in
            state.made += 1
            if script.issuesRefreshTokens { state.refreshTokens.insert("refresh-\(state.made)") }
            return state.made
        }
        let access = "access-\(number)"
        do {
            var text = try ProviderScript.token(
                header: script.header, claims: claims(nonce: nonce, access: access, script), by: script.signer)
            if let forged = script.forged { text = try forged(text) }
            var good: [String: JSONValue] = [
                "access_token": .string(access), "token_type": "Bearer", "expires_in": 3600, "id_token": .string(text),
            ]
            if script.issuesRefreshTokens { good["refresh_token"] = .string("refresh-\(number)") }
            return .json(Self.text(good.merging(script.tokenAnswer) { $1 }))
        } catch {
            return .json("{}", status: 500)
        }
    }

    /// The claims of a good ID token, with those of the script over them.
    private func claims(nonce: String?, access: String, _ script: ProviderScript) -> [String: JSONValue] {
        let now = time.now.milliseconds / 1000
        let half = Base64URL.encode(Array(Digests.sha256(access).prefix(16)))
        var good: [String: JSONValue] = [
            "iss": .string(issuer), "sub": .string(script.subject), "aud": .string(script.clientId),
            "iat": .integer(now), "exp": .integer(now + 600), "auth_time": .integer(now - 5),
            "sid": "session-1", "amr": ["pwd"], "email": "ada@example.com", "email_verified": true,
            "name": "Ada Lovelace", "preferred_username": "ada", "groups": ["staff", "admins"],
        ]
        if script.signer.algorithm.hasSuffix("256") { good["at_hash"] = .string(half) }
        good["nonce"] = nonce.map { .string($0) }
        return good.merging(script.claims) { $1 }
    }

    private func userInfo(_ request: HostileServer.Request, _ script: ProviderScript) -> HostileServer.Reply {
        guard request.header("authorization")?.hasPrefix("Bearer access-") == true else {
            return .json("{}", status: 401)
        }
        let good: [String: JSONValue] = [
            "sub": .string(script.subject), "email": "ada@example.com", "email_verified": true, "name": "Ada Lovelace",
            "groups": ["staff", "admins"],
        ]
        return .json(Self.text(good.merging(script.userInfo) { $1 }))
    }

    // MARK: Checks

    private static func client(_ request: HostileServer.Request, _ form: Query, _ script: ProviderScript) -> Bool {
        guard let secret = script.clientSecret else { return form["client_id"] == script.clientId }
        guard let header = request.header("authorization") else {
            return form["client_id"] == script.clientId && form["client_secret"] == secret
        }
        let bytes = Data(base64Encoded: String(header.dropFirst("Basic ".count))) ?? Data()
        let pair = String(decoding: bytes, as: UTF8.self).split(separator: ":", maxSplits: 1)
            .map { $0.removingPercentEncoding ?? "" }
        return pair == [script.clientId, secret]
    }

    private static func proves(_ verifier: String?, _ challenge: String?) -> Bool {
        verifier.map { Base64URL.encode(Digests.sha256($0)) } == challenge
    }

    private static func refusal(_ error: String, status: Int = 400) -> HostileServer.Reply {
        .json(text(["error": .string(error)]), status: status)
    }

    private static func text(_ members: [String: JSONValue]) -> String {
        String(decoding: JSONValue.object(members.filter { $0.value != .null }).json, as: UTF8.self)
    }

    // MARK: What it sends by itself

    /// A logout token as it ought to be, with these over its claims and header.
    package func logoutToken(
        _ claims: [String: JSONValue] = [:], header: [String: JSONValue] = [:], by signer: ProviderKey? = nil
    ) throws -> String {
        let now = time.now.milliseconds / 1000
        let good: [String: JSONValue] = [
            "iss": .string(issuer), "aud": .string(script.clientId), "sub": .string(script.subject), "sid": "session-1",
            "iat": .integer(now), "exp": .integer(now + 120), "jti": "logout-1",
            "events": ["http://schemas.openid.net/event/backchannel-logout": [:]],
        ]
        return try ProviderScript.token(
            header: ["typ": "logout+jwt"].merging(header) { $1 }, claims: good.merging(claims) { $1 },
            by: signer ?? script.signer)
    }
}
