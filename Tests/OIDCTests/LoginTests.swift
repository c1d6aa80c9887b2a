import HTTPKit
import HostileKit
import JSONKit
import Kernel
import ProviderKit
import TestKit
import Testing

@testable import OIDC

struct LoginTests {
    @Test("who signs in at the provider is known here by what it says, and nothing secret is said on the way")
    func login() async throws {
        let scene = try await OIDCCase()
        let departure = try await scene.departure(
            OIDCWishes(prompt: .login, maxAge: 300, loginHint: "ada@example.com", acrValues: ["phr"]))
        let query = try Query(parsing: departure.url.split(separator: "?")[1])
        #expect(departure.url.hasPrefix(scene.provider.issuer + "/authorize?"))
        #expect(query["response_type"] == "code" && query["client_id"] == "pulse" && query["prompt"] == "login")
        #expect(query["scope"] == "openid profile email" && query["redirect_uri"] == OIDCCase.redirectURL)
        #expect(query["code_challenge_method"] == "S256" && query["max_age"] == "300")
        #expect(query["login_hint"] == "ada@example.com" && query["acr_values"] == "phr")
        #expect(query["code_challenge"] != departure.flow.verifier.reveal())
        for secret in [departure.flow.verifier.reveal(), "a secret"] { #expect(!departure.url.contains(secret)) }

        let kept = try #require(OIDCFlow(sealedText: departure.flow.sealedText.reveal()))
        let login = try await scene.arrival(try scene.provider.signIn(at: departure.url), of: kept)
        #expect(login.issuer == scene.provider.issuer && login.subject == "248289761001")
        #expect(login.email == "ada@example.com" && login.emailVerified == true)
        #expect(login.displayName == "Ada Lovelace" && login.username == "ada")
        #expect(login.groups == ["staff", "admins"] && login.methods == ["pwd"] && login.sessionID == "session-1")
        #expect(login.authenticatedAt == scene.now - .seconds(5) && login.accessEndsAt == scene.now + .seconds(3600))
        #expect(login.refreshable == nil)
        #expect(login.claims.contains(OIDCClaim(name: "groups", values: ["staff", "admins"], source: .idToken)))
        #expect(scene.provider.asked("/userinfo").isEmpty, "the token said all that is looked for")
        #expect(!"\(login)".contains(login.idToken.reveal()), "a token shows in no log")
    }

    @Test("two departures have nothing in common, and a code is good once")
    func once() async throws {
        let scene = try await OIDCCase()
        let (first, second) = (try await scene.departure(), try await scene.departure())
        #expect(first.flow.state != second.flow.state && first.flow.nonce != second.flow.nonce)
        #expect(first.flow.verifier.reveal() != second.flow.verifier.reveal())
        for flow in [first.flow, second.flow] {
            for text in [flow.state, flow.nonce, flow.verifier.reveal()] { #expect(text.utf8.count == 43) }
        }
        let answer = try scene.provider.signIn(at: first.url)
        #expect(await scene.refusal { _ = try await scene.arrival(answer, of: second.flow) } == .stateUnknown)
        _ = try await scene.arrival(answer, of: first.flow)
        #expect(await scene.refusal { _ = try await scene.arrival(answer, of: first.flow) } == .exchangeRefused)
    }

    @Test("a code of one provider brings nothing at another, whichever way it is carried")
    func mixUp() async throws {
        let (honest, evil) = (try await OIDCCase(), try await OIDCCase())
        let (toHonest, toEvil) = (try await honest.departure(), try await evil.departure())
        let honestAnswer = try honest.provider.signIn(at: toHonest.url)
        // The browser of somebody who left for the evil one comes back with the honest one's answer, and its own state.
        let mixed = honestAnswer.map { ($0.0, $0.0 == "state" ? toEvil.flow.state : $0.1) }
        #expect(await evil.refusal { _ = try await evil.arrival(mixed, of: toEvil.flow) } == .issuerParameterMismatch)
        #expect(evil.provider.asked("/token").isEmpty, "the code was not told to the wrong one")
        // Settings that were changed to another provider meanwhile.
        #expect(await evil.refusal { _ = try await evil.arrival(honestAnswer, of: toHonest.flow) } == .providerMismatch)
        _ = try await honest.arrival(honestAnswer, of: toHonest.flow)
    }

    @Test("a token of one login is no token of another, even of the same person and client")
    func replayedToken() async throws {
        let scene = try await OIDCCase()
        let stolen = try await scene.login().idToken.reveal()
        scene.provider.script { $0.forged = { _ in stolen } }
        #expect(await scene.refusal { _ = try await scene.login() } == .nonceMismatch)
    }

    @Test("each algorithm that is known lets its signer's people in", arguments: ["RS", "PS", "ES", "Ed"])
    func algorithms(family: String) async throws {
        let keys: [ProviderKey] =
            switch family {
            case "ES": [.p256("key-1"), .p384("key-1"), .p521("key-1")]
            case "Ed": [.ed25519("key-1")]
            default: ["256", "384", "512"].map { .rsa("key-1", family + $0) }
            }
        for key in keys {
            let scene = try await OIDCCase(key: key)
            #expect(try await scene.login().subject == "248289761001", "\(key.algorithm)")
            // Of a set of several kinds the right one is found, and those that nobody knows do no harm.
            scene.provider.script { script in
                script.keys += [.p256("key-2"), .hmac("key-3", secret: [1]), .ed25519("key-4")]
                script.header = ["kid": .string("key-1"), "jku": "https://evil.example/", "typ": "application/JWT"]
            }
            #expect(try await scene.login().subject == "248289761001", "\(key.algorithm)")
        }
    }

    @Test("Ed25519 goes by its new name as well as by its old one")
    func newName() async throws {
        let scene = try await OIDCCase(key: .ed25519("key-1"))
        scene.provider.script { script in
            let key = script.keys[0]
            script.keys = [
                ProviderKey("key-1", "Ed25519", key.publicKey.merging(["alg": "Ed25519"]) { $1 }, sign: key.sign)
            ]
            script.signer = script.keys[0]
        }
        #expect(try await scene.login().subject == "248289761001")
    }

    @Test("what providers of the field say in ways of their own is understood", arguments: Manner.all)
    func manners(manner: Manner) async throws {
        let scene = try await OIDCCase()
        scene.provider.script { $0.claims = manner.claims(scene) }
        #expect(try await scene.login(manner.wishes).subject == "248289761001")
    }

    @Test("a client proves itself as the provider wants it to, or is public")
    func authentication() async throws {
        for methods: JSONValue in [.null, ["client_secret_post", "client_secret_basic"], ["client_secret_post"]] {
            let scene = try await OIDCCase()
            scene.provider.script { $0.discovery = ["token_endpoint_auth_methods_supported": methods] }
            _ = try await scene.login()
            let asked = try #require(scene.provider.asked("/token").first)
            let body = String(decoding: asked.body, as: UTF8.self)
            #expect((asked.header("authorization") != nil) == (methods != ["client_secret_post"]))
            #expect(body.contains("client_secret=") == (methods == ["client_secret_post"]))
            #expect(body.contains("code_verifier="))
        }
        var open = try await OIDCCase()
        open.provider.script { $0.clientSecret = nil }
        open.secret = nil
        _ = try await open.login()
        let asked = try #require(open.provider.asked("/token").first)
        #expect(asked.header("authorization") == nil)
        #expect(String(decoding: asked.body, as: UTF8.self).contains("client_id=pulse"))
    }

    @Test("an outage is told as one, for whichever request it is, and is over when it is over")
    func outage() async throws {
        let scene = try await OIDCCase()
        for path in ["/.well-known/openid-configuration", "/token", "/jwks"] {
            let other = try await OIDCCase()
            other.provider.script { $0.replies[path] = { _ in .hangUp } }
            let reason = await other.refusal { _ = try await other.login() }
            #expect(reason == .providerUnavailable && OIDCRefusal(.providerUnavailable).code == .providerUnavailable)
            other.provider.script { $0.replies = [:] }
            other.time.advance(by: .seconds(31))
            _ = try await other.login()
        }
        // Known from before, its description and keys outlast an outage of theirs.
        _ = try await scene.login()
        scene.provider.script {
            $0.replies["/.well-known/openid-configuration"] = { _ in .hangUp }
            $0.replies["/jwks"] = { _ in .hangUp }
        }
        scene.time.advance(by: .seconds(7200))
        _ = try await scene.login()
        scene.time.advance(by: .seconds(90_000))
        #expect(await scene.refusal { _ = try await scene.login() } == .providerUnavailable)
    }
}
