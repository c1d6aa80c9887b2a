import JSONKit
import Kernel
import ProviderKit
import TestKit
import Testing

@testable import OIDC

struct RenewalTests {
    @Test("a session goes on without its person, with the groups of now")
    func renewal() async throws {
        var scene = try await OIDCCase()
        scene.settings.scopes = ["openid", "offline_access"]
        scene.provider.script { $0.issuesRefreshTokens = true }
        let first = try #require(try await scene.login().refreshable)
        scene.time.advance(by: .seconds(3300))
        scene.provider.script { $0.claims = ["groups": ["staff"]] }
        let renewed = try await renew(first, scene)
        #expect(renewed.groups == ["staff"] && renewed.refreshToken.reveal() != first.refreshToken.reveal())
        #expect(renewed.accessEndsAt == scene.now + .seconds(3600) && renewed.due == scene.now + .seconds(3300))
        #expect(await scene.refusal { _ = try await renew(first, scene) } == .renewalRefused, "each is used once")
    }

    private func renew(_ session: OIDCRefreshable, _ scene: OIDCCase) async throws -> OIDCRenewal {
        try await scene.client.renewal(of: session, at: scene.settings, secret: scene.secret, now: scene.now)
    }

    @Test("where no new refresh token comes the old one stays, and no token need come at all")
    func kept() async throws {
        let scene = try await OIDCCase()
        scene.provider.script { $0.issuesRefreshTokens = true }
        let first = try #require(try await scene.login().refreshable)
        scene.provider.script { $0.tokenAnswer = ["refresh_token": .null, "id_token": .null, "expires_in": .null] }
        let renewed = try await renew(first, scene)
        #expect(renewed.refreshToken.reveal() == first.refreshToken.reveal() && renewed.groups == nil)
        #expect(renewed.accessEndsAt == nil && renewed.due == scene.now + .seconds(3300))
    }

    @Test("a renewal for another person, client or provider is none")
    func foreign() async throws {
        let flaws: [(OIDCRefusal.Reason, @Sendable (inout ProviderScript) -> Void)] = [
            (.renewalSubject, { $0.subject = "admin" }),
            (.issuerMismatch, { $0.claims = ["iss": "https://evil.example"] }),
            (.audienceMismatch, { $0.claims = ["aud": "other"] }), (.tokenExpired, { $0.claims = ["exp": 1000] }),
            (.signatureInvalid, { $0.signer = .rsa("key-1", number: 1) }),
        ]
        for (reason, flaw) in flaws {
            let scene = try await OIDCCase()
            scene.provider.script { $0.issuesRefreshTokens = true }
            let first = try #require(try await scene.login().refreshable)
            scene.provider.script(flaw)
            #expect(await scene.refusal { _ = try await renew(first, scene) } == reason)
        }
        var scene = try await OIDCCase()
        scene.provider.script { $0.issuesRefreshTokens = true }
        let first = try #require(try await scene.login().refreshable)
        scene.settings.clientId = "other"
        #expect(await scene.refusal { _ = try await renew(first, scene) } == .providerMismatch)
    }

    @Test("the next renewal is due a fifth before the end, five minutes at most and one at least")
    func due() {
        let now = Timestamp(seconds: 1_795_253_400)
        for (lifetime, due): (Int64, Int64) in [(3600, 3300), (600, 480), (300, 240), (100, 60), (30, 60), (-5, 60)] {
            #expect(OIDCRenewal.due(endsAt: now + .seconds(lifetime), now: now) == now + .seconds(due), "\(lifetime)")
        }
    }
}
