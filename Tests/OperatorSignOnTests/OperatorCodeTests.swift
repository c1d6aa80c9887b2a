import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import ProviderKit
import TestKit
import Testing

@testable import OperatorSignOn

/// A provider's word counts as password and authenticator only where it says that it asked for both.
@Suite(.postgres) struct OperatorCodeTests {
    private func code(_ code: String, _ browser: Browser, _ place: SignOnCase) async -> Browser.Answer {
        let answer = await browser.send(.post, "/api/operator/sso/code", ["code": .string(code)])
        place.adopt(browser)
        return answer
    }

    @Test("without such a word the authenticator is asked for, and nothing opens before")
    func asked() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let mira = try await place.scene.person()
        await place.name("m-1", mira)
        place.person("m-1", ["amr": ["pwd"], "acr": "urn:mfa"])
        let browser = place.scene.browser()
        #expect(try await place.signIn(browser, "?returnTo=/orgs") == "/login?sso=code")
        #expect(browser.cookies["pulse_operator_session"] == nil)
        #expect(await place.me(browser).status == 401)

        let wrong = await code("000000", browser, place)
        #expect((wrong.status, wrong.slug) == (401, "invalid-credentials"), "\(wrong.text)")
        let stranger = place.scene.browser()
        _ = try await place.leave(stranger)
        #expect(await code(mira.code(at: place.time.now), stranger, place).slug == "code-not-wanted")
        let right = await code(mira.code(at: place.time.now), browser, place)
        #expect(right.json["returnTo"]?.string == "/orgs", "\(right.text)")
        let me = await place.me(browser).json
        #expect((me["method"]?.string, me["providerId"]?.string) == ("oidc+totp", "main"))
        #expect(await code(mira.code(at: place.time.now), browser, place).slug == "code-not-wanted")
        // A code that was used opens nothing, whichever way it was used.
        let again = place.scene.browser()
        #expect(try await place.signIn(again) == "/login?sso=code")
        #expect(await code(mira.code(at: place.time.now), again, place).status == 401)
        let password = await place.scene.signIn(mira, in: place.scene.browser())
        #expect(password.status == 401)
    }

    @Test("five wrong codes lock, and for the password's way in, too")
    func locked() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let mira = try await place.scene.person()
        await place.name("m-1", mira)
        place.person("m-1", ["amr": ["pwd"]])
        let browser = place.scene.browser()
        _ = try await place.signIn(browser)
        for _ in 0..<5 { #expect(await code("000000", browser, place).status == 401) }
        #expect(await code(mira.code(at: place.time.now), browser, place).slug == "account-locked")
        #expect(await place.scene.signIn(mira, in: place.scene.browser()).slug == "account-locked")
    }

    @Test("five minutes, and not after the provider was changed")
    func ends() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let mira = try await place.scene.person()
        await place.name("m-1", mira)
        place.person("m-1", ["amr": ["pwd"]])
        let browser = place.scene.browser()
        _ = try await place.signIn(browser)
        await place.admin.send(.put, "/api/operator/providers/main", ["priority": 7])
        let changed = await code(mira.code(at: place.time.now), browser, place)
        #expect((changed.status, changed.slug) == (403, "operator-sign-in-refused"))
        _ = try await place.signIn(browser)
        place.time.advance(by: .seconds(301))
        #expect(await code(mira.code(at: place.time.now), browser, place).slug == "code-not-wanted")
    }

    @Test(
        "words count to the letter, and none counts unless it is named",
        arguments: [
            (["secondFactorAmr": ["mfa"]], ["amr": ["pwd", "mfa"]], true),
            (["secondFactorAmr": ["mfa"]], ["amr": ["pwd", "otp"]], false),
            (["secondFactorAmr": ["mfa"]], ["amr": ["MFA"]], false),
            (["secondFactorAmr": []], ["amr": ["pwd", "mfa"]], false),
            (["secondFactorAmr": [], "secondFactorAcr": ["urn:two"]], ["acr": "urn:two", "amr": ["pwd"]], true),
            (["secondFactorAmr": [], "secondFactorAcr": ["urn:two"]], ["acr": "urn:one", "amr": ["urn:two"]], false),
        ] as [([String: JSONValue], [String: JSONValue], Bool)])
    func words(policy: [String: JSONValue], said: [String: JSONValue], isEnough: Bool) async throws {
        let place = try await SignOnCase()
        await place.addOIDC("main", policy)
        await place.name("c-1", place.chief)
        place.person("c-1", said)
        let browser = place.scene.browser()
        let url = try await place.leave(browser)
        #expect(url.contains("acr_values=") == (policy["secondFactorAcr"] != nil))
        #expect(try await place.comeBack(browser, from: url) == (isEnough ? "/?sso=success" : "/login?sso=code"))
    }
}
