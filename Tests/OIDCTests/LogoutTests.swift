import HostileKit
import JSONKit
import Kernel
import ProviderKit
import TestKit
import Testing

@testable import OIDC

struct LogoutTests {
    @Test("who signs out is sent to the provider with what it wants back")
    func address() async throws {
        var scene = try await OIDCCase()
        func url() async -> String? {
            await scene.client.logoutURL(
                at: scene.settings, idToken: Secret("a.b.c"), returnURL: "https://pulse.example.com/?a=b", state: "s")
        }
        let fields =
            "client_id=pulse&id_token_hint=a.b.c&post_logout_redirect_uri=https%3A%2F%2Fpulse.example.com%2F%3Fa%3Db&state=s"
        #expect(await url() == scene.provider.issuer + "/logout?" + fields)
        scene.settings.logoutUrl = "https://login.example.com/out?tenant=1"
        #expect(await url() == "https://login.example.com/out?tenant=1&" + fields)
        scene.settings.logoutUrl = nil
        let bare = try await OIDCCase()
        bare.provider.script { $0.discovery = ["end_session_endpoint": .null] }
        let none = await bare.client.logoutURL(at: bare.settings, idToken: nil, returnURL: nil, state: nil)
        #expect(none == nil)
        let away = try await OIDCCase()
        away.provider.script { $0.replies["/.well-known/openid-configuration"] = { _ in .hangUp } }
        #expect(await away.client.logoutURL(at: away.settings, idToken: nil, returnURL: nil, state: nil) == nil)
    }

    @Test("a provider's word that a session has ended names it, and how long its id is to be remembered")
    func notice() async throws {
        let scene = try await OIDCCase()
        let cases: [([String: JSONValue], [String: JSONValue], String?, String?)] = [
            ([:], [:], "248289761001", "session-1"), (["sid": .null], ["typ": "JWT"], "248289761001", nil),
            (["sub": .null], ["typ": .null], nil, "session-1"), (["exp": .null], [:], "248289761001", "session-1"),
            (["iat": scene.after(-180)], [:], "248289761001", "session-1"),
            (["iat": scene.moment(59.5)], [:], "248289761001", "session-1"),
        ]
        for (claims, header, subject, session) in cases {
            let token = try scene.provider.logoutToken(claims, header: header)
            let notice = try await scene.client.logoutNotice(token, for: scene.settings, now: scene.now)
            #expect(notice.subject == subject && notice.sessionID == session && notice.tokenID == "logout-1")
            // Whoever comes with it after that is refused for its age.
            scene.time.advance(by: notice.rememberUntil - scene.now)
            #expect(
                await scene.refusal {
                    _ = try await scene.client.logoutNotice(token, for: scene.settings, now: scene.now)
                } != nil)
            scene.time.jump(to: Timestamp(seconds: 1_795_253_400))
        }
    }

    struct Forgery: Sendable, CustomTestStringConvertible {
        let testDescription: String
        let reason: OIDCRefusal.Reason
        let token: @Sendable (OIDCCase) async throws -> String

        init(
            _ name: String, _ reason: OIDCRefusal.Reason, _ token: @escaping @Sendable (OIDCCase) async throws -> String
        ) {
            (testDescription, self.reason, self.token) = (name, reason, token)
        }

        init(_ name: String, _ reason: OIDCRefusal.Reason, claims: [String: JSONValue]) {
            self.init(name, reason) { try $0.provider.logoutToken(claims) }
        }
    }

    @Test("a logout token that is forged, kept back or meant for somebody else ends nothing", arguments: Forgery.all)
    func forged(forgery: Forgery) async throws {
        let scene = try await OIDCCase()
        let token = try await forgery.token(scene)
        let found = await scene.refusal {
            let notice = try await scene.client.logoutNotice(token, for: scene.settings, now: scene.now)
            Issue.record("it would end \(notice.subject ?? "-") \(notice.sessionID ?? "-")")
        }
        #expect(found == forgery.reason)
    }
}

extension LogoutTests.Forgery {
    private static let event = "http://schemas.openid.net/event/backchannel-logout"

    static let all: [Self] = [
        Self("no events", .logoutEventMissing, claims: ["events": .null]),
        Self("events that are a list", .logoutEventMissing, claims: ["events": [.string(event)]]),
        Self("another event", .logoutEventMissing, claims: ["events": ["https://evil.example/event": [:]]]),
        Self("an event that is true", .logoutEventMissing, claims: ["events": [event: true]]),
        Self("a nonce", .logoutNonce, claims: ["nonce": "n"]),
        Self("an empty nonce", .logoutNonce, claims: ["nonce": ""]),
        Self("nobody and no session", .logoutTargetMissing, claims: ["sub": .null, "sid": .null]),
        Self("an empty subject", .subjectMissing, claims: ["sub": ""]),
        Self("a subject that is a list", .subjectMissing, claims: ["sub": ["248289761001"]]),
        Self("a session that is a number", .logoutTargetMissing, claims: ["sid": 1]),
        Self(
            "a session of a kilobyte", .logoutTargetMissing,
            claims: ["sid": .string(String(repeating: "s", count: 1024))]),
        Self("no id", .logoutIDMissing, claims: ["jti": .null]),
        Self("an empty id", .logoutIDMissing, claims: ["jti": ""]),
        Self("an id of a kilobyte", .logoutIDMissing, claims: ["jti": .string(String(repeating: "j", count: 1024))]),
        Self("another issuer", .issuerMismatch, claims: ["iss": "https://evil.example"]),
        Self("another client", .audienceMismatch, claims: ["aud": "other"]),
        Self("two clients", .authorizedPartyMismatch, claims: ["aud": ["pulse", "other"]]),
        Self("no time", .timeMalformed, claims: ["iat": .null]),
        Self("of the future", .issuedInFuture) {
            try $0.provider.logoutToken(["iat": $0.after(61), "exp": $0.after(90)])
        },
        Self("kept back", .tokenStale) { try $0.provider.logoutToken(["iat": $0.after(-181)]) },
        Self("expired", .tokenExpired) { try $0.provider.logoutToken(["iat": $0.after(-100), "exp": $0.after(-60)]) },
        Self("an ID token", .logoutEventMissing) { try await $0.login().idToken.reveal() },
        Self("an access token", .tokenTypeWrong) { try $0.provider.logoutToken(header: ["typ": "at+jwt"]) },
        Self("not signed", .algorithmNone) { try $0.provider.logoutToken(header: ["alg": "none"]) },
        Self("signed with the public key", .algorithmSymmetric) { scene in
            try scene.provider.logoutToken(by: .hmac("key-1", secret: ProviderKey.rsaText()))
        },
        Self("signed by another", .signatureInvalid) { try $0.provider.logoutToken(by: .rsa("key-1", number: 1)) },
        Self("signed with a key nobody has", .keyUnknown) { try $0.provider.logoutToken(by: .rsa("key-9", number: 1)) },
        Self("critical", .headerCritical) { try $0.provider.logoutToken(header: ["crit": ["x"]]) },
        Self("nothing", .tokenMalformed) { _ in "" },
        Self("a megabyte", .tokenMalformed) { _ in String(repeating: "a.", count: 500_000) },
        Self("the token of another provider", .issuerMismatch) { _ in
            let other = try await OIDCCase()
            return try other.provider.logoutToken()
        },
    ]
}
