import JSONKit
import Kernel
import ProviderKit
import TestKit
import Testing

@testable import OIDC

struct KeyRotationTests {
    @Test("a new key is fetched when the first token names it, and the old one is none any more")
    func rotation() async throws {
        let scene = try await OIDCCase()
        for _ in 0..<3 { _ = try await scene.login() }
        #expect(scene.provider.asked("/jwks").count == 1)
        #expect(scene.provider.asked("/.well-known/openid-configuration").count == 1)
        scene.provider.script { script in
            script.keys = [.rsa("key-2", number: 1)]
            script.signer = .rsa("key-2", number: 1)
        }
        _ = try await scene.login()
        #expect(scene.provider.asked("/jwks").count == 2)
        scene.provider.script { $0.signer = .rsa("key-1") }
        #expect(await scene.refusal { _ = try await scene.login() } == .keyUnknown)
    }

    @Test("a key of another kind is offered and used from one login to the next")
    func otherKind() async throws {
        let scene = try await OIDCCase()
        _ = try await scene.login()
        scene.provider.script { script in
            script.keys = [.ed25519("key-2")]
            script.signer = script.keys[0]
        }
        #expect(try await scene.login().subject == "248289761001")
    }

    @Test(
        "tokens that name keys nobody has make three fetches at most, and then one in half a minute, however many they are"
    )
    func flood() async throws {
        let scene = try await OIDCCase()
        _ = try await scene.login()
        scene.time.advance(by: .seconds(31))
        let before = scene.provider.asked("/jwks").count
        await withTaskGroup(of: Void.self) { group in
            for number in 0..<200 {
                group.addTask {
                    let refused = await scene.refusal {
                        let token = try scene.provider.logoutToken(header: ["kid": .string("made up \(number)")])
                        _ = try await scene.client.logoutNotice(token, for: scene.settings, now: scene.now)
                    }
                    #expect(refused == .keyUnknown)
                }
            }
        }
        // Those who ask while one is fetched share it.
        #expect((1...3).contains(scene.provider.asked("/jwks").count - before))
        // Meanwhile everybody gets in.
        #expect(try await scene.login().subject == "248289761001")
        scene.time.advance(by: .seconds(29))
        _ = await scene.refusal {
            let token = try scene.provider.logoutToken(header: ["kid": "made up"])
            _ = try await scene.client.logoutNotice(token, for: scene.settings, now: scene.now)
        }
        #expect((1...3).contains(scene.provider.asked("/jwks").count - before))
    }

    @Test("what a provider says of itself is asked again after an hour, and for an algorithm that is new")
    func discovery() async throws {
        let scene = try await OIDCCase()
        let path = "/.well-known/openid-configuration"
        _ = try await scene.login()
        scene.time.advance(by: .seconds(3599))
        _ = try await scene.departure()
        #expect(scene.provider.asked(path).count == 1)
        scene.time.advance(by: .seconds(2))
        _ = try await scene.departure()
        #expect(scene.provider.asked(path).count == 2)
        let facts = try await scene.client.description(of: scene.settings)
        #expect(facts.keyIDs == ["key-1"] && facts.algorithms == ["RS256"] && facts.namesItself)
        #expect(String(decoding: facts.json, as: UTF8.self).contains("/authorize"))
    }

    @Test("two organisations on one provider share what it says of itself, and nothing else")
    func twoOrganisations() async throws {
        let scene = try await OIDCCase()
        var other = scene
        other.settings.clientId = "their-pulse"
        _ = try await scene.login()
        #expect(await other.refusal { _ = try await other.login() } == .exchangeRefused)
        let departure = try await scene.departure()
        let answer = try scene.provider.signIn(at: departure.url)
        #expect(await other.refusal { _ = try await other.arrival(answer, of: departure.flow) } == .providerMismatch)
        #expect(scene.provider.asked("/.well-known/openid-configuration").count == 1)
    }
}
