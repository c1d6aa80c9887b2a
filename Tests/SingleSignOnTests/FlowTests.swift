import FrontDoorKit
import HTTPKit
import HostileKit
import JSONKit
import Kernel
import Postgres
import ProviderKit
import TestKit
import Testing

@testable import SingleSignOn

/// A sign-in ends where it began, once.
@Suite(.postgres) struct FlowTests {
    private func begun(_ place: SSOCase, _ browser: Browser) async throws -> String {
        let left = await browser.send(.get, "/api/oidc/\(place.slug)/main/login")
        return try #require(left.headers["location"])
    }

    @Test("an answer is good once")
    func once() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        let url = try await begun(place, browser)
        let query = try place.provider.signIn(at: url).map { "\($0.0)=\($0.1)" }.joined(separator: "&")
        let callback = "/api/oidc/\(place.slug)/main/callback?\(query)"
        #expect(await browser.send(.get, callback).headers["location"] == "/?oidc=success")
        #expect(
            await browser.send(.get, callback).headers["location"] == "/login?oidc=error&oidc_error=invalid_state")
    }

    @Test("another browser ends nobody's sign-in, and uses it up")
    func otherBrowser() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        let url = try await begun(place, browser)
        let other = place.door.browser()
        _ = try await begun(place, other)
        let stolen = try await place.comeBack(other, from: url, to: "/api/oidc/\(place.slug)/main")
        #expect(stolen.headers["location"]?.hasSuffix("oidc_error=invalid_state") == true)
        #expect(other.cookies["pulse_session"] == nil)
        #expect(try await place.last("reason") == .string("other_browser"))
        let late = try await place.comeBack(browser, from: url, to: "/api/oidc/\(place.slug)/main")
        #expect(late.headers["location"]?.hasSuffix("oidc_error=invalid_state") == true)
    }

    @Test("a state of one provider is no state of another, nor of another organisation's")
    func mixUp() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        await place.addOIDC("second")
        let browser = place.door.browser()
        let mixed = try await place.comeBack(
            browser, from: try await begun(place, browser), to: "/api/oidc/\(place.slug)/second")
        #expect(mixed.headers["location"]?.hasSuffix("oidc_error=provider_mismatch") == true)

        let (foreigner, foreign) = try await Given.member(as: .owner)
        await place.addOIDC("main", by: try await place.door.browser(of: foreigner))
        let slug = try await SSOCase.slug(of: foreign)
        let carried = try await place.comeBack(
            browser, from: try await begun(place, browser), to: "/api/oidc/\(slug)/main")
        #expect(carried.headers["location"]?.hasSuffix("oidc_error=invalid_state") == true)
        #expect(browser.cookies["pulse_session"] == nil)
    }

    @Test("ten minutes, and no longer; and not after the provider was changed or switched off")
    func ends() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        let slow = try await begun(place, browser)
        place.time.advance(by: .seconds(601))
        let late = try await place.comeBack(browser, from: slow, to: "/api/oidc/\(place.slug)/main")
        #expect(late.headers["location"]?.hasSuffix("oidc_error=invalid_state") == true)
        let fresh = try await place.door.browser(of: place.owner)
        let old = try await begun(place, browser)
        #expect(
            await fresh.send(.put, "/api/security/sso/providers/main", ["displayName": "New"]).status == 200)
        // The log is in the order of its times.
        place.time.advance(by: .seconds(1))
        let changed = try await place.comeBack(browser, from: old, to: "/api/oidc/\(place.slug)/main")
        #expect(changed.headers["location"]?.hasSuffix("oidc_error=invalid_state") == true)
        #expect(try await place.last("reason") == .string("provider_changed"))
        await fresh.send(.put, "/api/security/sso/providers/main", ["enabled": false])
        let off = await browser.send(.get, "/api/oidc/\(place.slug)/main/login")
        #expect(off.headers["location"] == "/login?oidc=error&oidc_error=provider_not_found")
    }

    @Test(
        "nobody is led away from here",
        arguments: [
            "//evil.example", "https://evil.example", "/\\evil.example", "/%0d%0aset-cookie:x=1", "javascript:alert(1)",
            "/api/logout", "evil", "",
        ])
    func local(returnTo: String) async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let answer = try await place.signIn(place.door.browser(), returnTo: returnTo)
        #expect(answer.headers["location"] == "/?oidc=success")
    }

    @Test("an organisation or a provider that is not there is answered alike")
    func nowhere() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        for path in ["/api/oidc/no-such-org/main", "/api/oidc/\(place.slug)/other", "/api/oidc/\(place.slug)/MAIN"] {
            let answer = await browser.send(.get, "\(path)/login")
            #expect(answer.headers["location"] == "/login?oidc=error&oidc_error=provider_not_found")
        }
        let wrongType = await browser.send(.get, "/api/saml/\(place.slug)/main/login")
        #expect(wrongType.headers["location"] == "/login?saml=error&saml_error=provider_not_found")
    }

    @Test("a live test shows what was told and what would come of it, and lets nobody in")
    func test() async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", ["allowedGroups": ["staff"], "enabled": false])
        place.person("t-1", email: "t@elsewhere.example", groups: ["guests"])
        let begun = await place.admin.send(
            .post, "/api/security/sso/providers/main/test", ["returnTo": "/settings/sso"])
        let session = place.admin.cookies["pulse_session"]
        let back = try await place.comeBack(
            place.admin, from: try #require(begun.json["url"]?.string), to: "/api/oidc/\(place.slug)/main")
        let location = try #require(back.headers["location"])
        #expect(location.hasPrefix("/settings/sso?sso_test="))
        #expect(place.admin.cookies["pulse_session"] == session)
        let id = try #require(location.split(separator: "=").last)
        let shown = await place.admin.send(.get, "/api/security/sso/attempts/\(id)").json
        #expect(shown["accepted"]?.bool == false)
        #expect(shown["reason"]?.string == "group_restricted")
        #expect(shown["told"]?["groups"]?.array?.compactMap(\.string) == ["guests"])
        #expect(try await place.count("SELECT count(*) FROM pulse.sso_links WHERE org_id = \(place.org)") == 0)
    }

    @Test("a provider that is away is said to be away")
    func away() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        place.provider.script { $0.replies["/.well-known/openid-configuration"] = { _ in .json("{}", status: 503) } }
        let answer = await place.door.browser().send(.get, "/api/oidc/\(place.slug)/main/login")
        #expect(answer.headers["location"] == "/login?oidc=error&oidc_error=provider_unavailable")
        #expect(try await place.last("accepted") == .bool(false))
    }
}
