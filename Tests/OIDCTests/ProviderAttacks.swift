import HostileKit
import JSONKit
import ProviderKit

@testable import OIDC

/// What a provider, or somebody in its place, can say of itself and answer to a code.
enum ProviderAttacks {
    static let all = discoveries + addresses + keySets + exchanges + told

    private static let wellKnown = "/.well-known/openid-configuration"

    private static let discoveries: [Attack] = [
        Attack.discovery("calls itself with a slash", .discoveryIssuer) {
            ["issuer": .string($0.provider.issuer + "/")]
        },
        Attack.discovery("calls itself otherwise", .discoveryIssuer) { _ in ["issuer": "https://login.example"] },
        Attack.discovery("calls itself in upper case", .discoveryIssuer) {
            ["issuer": .string($0.provider.issuer.uppercased())]
        },
        Attack.discovery("does not say who it is", .discoveryMalformed) { _ in ["issuer": .null] },
        Attack.discovery("is many", .discoveryMalformed) { ["issuer": [.string($0.provider.issuer)]] },
        Attack.discovery("no token endpoint", .endpointMissing) { _ in ["token_endpoint": .null] },
        Attack.discovery("no authorization endpoint", .endpointMissing) { _ in ["authorization_endpoint": .null] },
        Attack.discovery("no keys", .endpointMissing) { _ in ["jwks_uri": .null] },
        Attack.discovery("an endpoint that is a number", .discoveryMalformed) { _ in ["token_endpoint": 1] },
        Attack.discovery("implicit flow alone", .codeFlowMissing) { _ in ["response_types_supported": ["id_token"]] },
        Attack.discovery("plain PKCE alone", .pkceMissing) { _ in ["code_challenge_methods_supported": ["plain"]] },
        Attack.discovery("a client that proves itself by certificate alone", .authenticationUnsupported) { _ in
            ["token_endpoint_auth_methods_supported": ["tls_client_auth"]]
        },
        Attack.reply("discovery is not there", .discoveryMalformed, wellKnown) { _ in .json("{}", status: 404) },
        Attack.reply("discovery is HTML", .discoveryMalformed, wellKnown) { _ in .answer(body: "<html>") },
        Attack.reply("discovery is empty", .discoveryMalformed, wellKnown) { _ in .json("") },
        Attack.reply("discovery is a list", .discoveryMalformed, wellKnown) { _ in .json("[]") },
        Attack.reply("discovery says it twice", .discoveryMalformed, wellKnown) { _ in
            .json(#"{"issuer":"https://a.example","issuer":"https://b.example"}"#)
        },
        Attack.reply("discovery ends in the middle", .discoveryMalformed, wellKnown) { _ in
            .half(of: #"{"issuer":"https://a.example"}"#)
        },
        Attack.reply("discovery without end", .discoveryMalformed, wellKnown) { _ in .flood(announced: nil) },
        Attack.reply("discovery of ten megabytes", .discoveryMalformed, wellKnown) { _ in
            .flood(announced: 10_000_000)
        },
        Attack.reply("discovery packed", .discoveryMalformed, wellKnown) { _ in
            .flood(announced: 1000, headers: ["content-encoding": "gzip"])
        },
        Attack.reply("discovery in crumbs without end", .discoveryMalformed, wellKnown) { _ in .crumbs },
        Attack.reply("discovery never comes", .providerUnavailable, wellKnown, isPatient: false) { _ in .silence },
        Attack.reply("discovery drips", .providerUnavailable, wellKnown, isPatient: false) { _ in .drip },
        Attack.reply("discovery hangs up", .providerUnavailable, wellKnown) { _ in .hangUp },
        Attack.reply("discovery is out of order", .providerUnavailable, wellKnown) { _ in .json("{}", status: 503) },
        Attack.reply("discovery leads to the cloud's secrets", .addressRefused, wellKnown) { _ in
            .answer(302, headers: ["location": "http://169.254.169.254/latest/meta-data/"], body: "")
        },
        Attack.reply("discovery leads to a name of a private network", .addressRefused, wellKnown) { _ in
            .answer(302, headers: ["location": "http://private.example/"], body: "")
        },
        Attack.reply("discovery leads to a file", .discoveryMalformed, wellKnown) { _ in
            .answer(302, headers: ["location": "file:///etc/passwd"], body: "")
        },
        Attack.reply("discovery leads in circles", .discoveryMalformed, wellKnown) { _ in
            .answer(302, headers: ["location": wellKnown], body: "")
        },
    ]

    private static let endpoints = ["authorization_endpoint", "token_endpoint", "userinfo_endpoint", "jwks_uri"]

    private static let addresses: [Attack] =
        endpoints.flatMap { name in
            [
                ("http://10.0.0.1/x", .addressRefused), ("http://[::1]/x", .addressRefused),
                ("http://169.254.169.254/x", .addressRefused), ("http://[::ffff:10.0.0.1]/x", .addressRefused),
                ("file:///etc/passwd", .endpointNotSecure), ("gopher://127.0.0.1/x", .endpointNotSecure),
                ("http://a:b@127.0.0.1/x", .endpointNotSecure), ("javascript:alert(1)", .endpointNotSecure),
            ].map { (address: String, reason: OIDCRefusal.Reason) in
                Attack.discovery("\(name) \(address)", reason) { _ in [name: .string(address)] }
            }
        } + [
            Attack.discovery("token endpoint of a name that leads inside", .addressRefused) { _ in
                ["token_endpoint": "https://private.example/token"]
            },
            Attack.discovery("keys of a name that leads inside", .addressRefused) { _ in
                ["jwks_uri": "https://private.example/jwks"]
            },
            Attack.discovery("an address with two lines", .endpointNotSecure) { _ in
                ["authorization_endpoint": "https://a.example/\r\nSet-Cookie: a=b"]
            },
            Attack.discovery("an address with a fragment", .endpointNotSecure) { _ in
                ["authorization_endpoint": "https://a.example/authorize#x"]
            },
        ]

    private static let keySets: [Attack] = [
        Attack.reply("keys are not there", .keysMalformed, "/jwks") { _ in .json("{}", status: 404) },
        Attack.reply("no keys at all", .keysMalformed, "/jwks") { _ in .json(#"{"keys":[]}"#) },
        Attack.reply("keys of kinds that nobody knows", .keysMalformed, "/jwks") { _ in
            .json(#"{"keys":[{"kty":"AKP","kid":"key-1"},{"kty":"oct","kid":"key-1","k":"AAAA"}]}"#)
        },
        Attack.reply("keys twice", .keysMalformed, "/jwks") { _ in .json(#"{"keys":[],"keys":[{"kty":"RSA"}]}"#) },
        Attack.reply("keys without end", .keysMalformed, "/jwks") { _ in .flood(announced: nil) },
        Attack.reply("keys that never come", .providerUnavailable, "/jwks", isPatient: false) { _ in .silence },
        Attack.reply("keys that lead inside", .addressRefused, "/jwks") { _ in
            .answer(307, headers: ["location": "http://192.168.1.1/jwks"], body: "")
        },
    ]

    private static let exchanges: [Attack] =
        ["invalid_grant", "invalid_client", "unauthorized_client", "server_error", "\u{202E}evil\n"].map { error in
            Attack.reply("the token endpoint says \(error)", .exchangeRefused, "/token") { _ in
                .json(String(decoding: JSONValue.object(["error": .string(error)]).json, as: UTF8.self), status: 400)
            }
        } + [
            Attack.reply("an error with 200", .exchangeRefused, "/token") { _ in .json(#"{"error":"invalid_grant"}"#) },
            Attack.reply("a refusal in HTML", .exchangeRefused, "/token") { _ in .answer(403, body: "<html>") },
            Attack.reply("a token endpoint that leads on", .exchangeRefused, "/token") { _ in
                .answer(307, headers: ["location": "https://evil.example/token"], body: "")
            },
            Attack.reply("an answer in HTML", .exchangeMalformed, "/token") { _ in .answer(body: "<html>") },
            Attack.reply("an answer without end", .exchangeMalformed, "/token") { _ in .flood(announced: nil) },
            Attack.reply("an answer packed", .exchangeMalformed, "/token") { _ in
                .flood(announced: 1000, headers: ["content-encoding": "deflate"])
            },
            Attack.reply("a token endpoint out of order", .providerUnavailable, "/token") { _ in
                .json("{}", status: 502)
            },
            Attack.reply("a token endpoint that has had enough", .providerUnavailable, "/token") { _ in
                .json("{}", status: 429)
            },
            Attack.reply("no answer", .providerUnavailable, "/token", isPatient: false) { _ in .silence },
            Attack.reply("the answer says all things twice", .exchangeMalformed, "/token") { _ in
                .json(#"{"token_type":"Bearer","access_token":"a","access_token":"b","id_token":"c"}"#)
            },
            answer("a token of another type", .exchangeMalformed, ["token_type": "mac"]),
            answer("no type", .exchangeMalformed, ["token_type": .null]),
            answer("no access token", .exchangeMalformed, ["access_token": .null]),
            answer("an access token with a line end", .exchangeMalformed, ["access_token": "a\r\nHost: evil"]),
            answer("an access token that is a list", .exchangeMalformed, ["access_token": ["a"]]),
            answer("no ID token", .tokenMissing, ["id_token": .null]),
            answer("an ID token that is an object", .tokenMissing, ["id_token": ["sub": "admin"]]),
        ]

    private static func answer(_ name: String, _ reason: OIDCRefusal.Reason, _ members: [String: JSONValue]) -> Attack {
        Attack(name, reason) { scene in scene.provider.script { $0.tokenAnswer = members } }
    }

    /// The token lacks an address here, so that UserInfo is asked.
    private static func told(
        _ name: String, _ reason: OIDCRefusal.Reason, _ change: @escaping @Sendable (inout ProviderScript) -> Void
    ) -> Attack {
        Attack(name, reason) { scene in
            scene.provider.script { script in
                script.claims = ["email": .null]
                change(&script)
            }
        }
    }

    private static let told: [Attack] = [
        told("UserInfo of another person", .userInfoSubject) { $0.userInfo = ["sub": "admin"] },
        told("UserInfo of nobody", .userInfoSubject) { $0.userInfo = ["sub": .null] },
        told("UserInfo of a number", .userInfoSubject) { $0.userInfo = ["sub": 248_289_761_001] },
        told("UserInfo in HTML", .userInfoMalformed) { $0.replies["/userinfo"] = { _ in .answer(body: "<html>") } },
        told("UserInfo that says sub twice", .userInfoMalformed) { script in
            script.replies["/userinfo"] = { _ in .json(#"{"sub":"248289761001","sub":"admin"}"#) }
        },
        told("UserInfo refused", .userInfoRefused) { $0.replies["/userinfo"] = { _ in .json("{}", status: 403) } },
        told("UserInfo out of order", .providerUnavailable) {
            $0.replies["/userinfo"] = { _ in .json("{}", status: 500) }
        },
        told("UserInfo that leads elsewhere", .userInfoRefused) { script in
            script.replies["/userinfo"] = { _ in
                .answer(302, headers: ["location": "https://evil.example/"], body: "")
            }
        },
        told("UserInfo without end", .userInfoMalformed) { script in
            script.replies["/userinfo"] = { _ in .flood(announced: nil) }
        },
        told("signed UserInfo that is not signed", .algorithmNone) { script in
            script.replies["/userinfo"] = jwt(header: #"{"alg":"none"}"#)
        },
        told("signed UserInfo of a stranger", .signatureInvalid) { script in
            script.replies["/userinfo"] = jwt(header: #"{"alg":"RS256","kid":"key-1"}"#)
        },
        Attack("signed UserInfo for another client", .audienceMismatch) { signedUserInfo($0, ["aud": "other"]) },
        Attack("signed UserInfo of another provider", .issuerMismatch) { scene in
            signedUserInfo(scene, ["iss": "https://evil.example"])
        },
        Attack("signed UserInfo of another person", .userInfoSubject) { signedUserInfo($0, ["sub": "admin"]) },
    ]

    private static func jwt(header: String) -> @Sendable (HostileServer.Request) -> HostileServer.Reply {
        let claims = Array(#"{"sub":"248289761001"}"#.utf8)
        let text = try? ProviderScript.text(Array(header.utf8), claims, by: .rsa("key-1", number: 2))
        return { _ in .answer(headers: ["content-type": "application/jwt"], body: text ?? "") }
    }

    private static func signedUserInfo(_ scene: OIDCCase, _ claims: [String: JSONValue]) {
        let good: [String: JSONValue] = [
            "iss": .string(scene.provider.issuer), "aud": "pulse", "sub": "248289761001", "email": "ada@example.com",
        ]
        scene.provider.script { script in
            let text = try? ProviderScript.token(
                header: [:], claims: good.merging(claims) { $1 }, by: script.signer)
            script.claims = ["email": .null]
            script.replies["/userinfo"] = { _ in
                .answer(headers: ["content-type": "application/jwt; charset=utf-8"], body: text ?? "")
            }
        }
    }
}
