import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import ProviderKit
import TestKit
import Testing

@testable import SingleSignOn

/// What a session reaches that rests on an organisation's word, and how it ends.
@Suite(.postgres) struct BoundSessionTests {
    @Test("it changes nothing of the account")
    func account() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        for (method, path) in [
            (.post, "/api/security/change-password"), (.post, "/api/security/totp"),
            (.post, "/api/security/recovery-codes"), (.post, "/api/security/passkeys/begin"),
            (.patch, "/api/me"), (.get, "/api/security/account"), (.post, "/api/auth/register-srp"),
        ] as [(Endpoint.Method, String)] {
            let answer = await browser.send(method, path, method == .get ? nil : ["displayName": "X"])
            #expect(answer.status == 403, "\(path): \(answer.text)")
            #expect(answer.slug == "bound-session", "\(path)")
        }
        let me = await browser.send(.get, "/api/me").json
        #expect(me["session"]?["boundTo"]?.string == "\(place.org)")
        #expect(me["session"]?["method"]?.string == "oidc")
    }

    @Test("it knows of the sessions in its organisation and of none elsewhere, and ends none of those")
    func otherSessions() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let domain = "\(place.slug).example"
        let member = try await Given.person(email: "so@\(domain)")
        try await Given.membership(of: member, in: place.org, as: .editor)
        try await place.verify(domain)
        let elsewhere = try await place.door.browser(of: member)
        place.person("so-1", email: "so@\(domain)")
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(try await place.user(of: browser) == member)
        let all = await elsewhere.send(.get, "/api/sessions").json["data"]?.array ?? []
        #expect(all.count == 2)
        let own = await browser.send(.get, "/api/sessions").json["data"]?.array ?? []
        #expect(own.count == 1 && own.first?["method"]?.string == "oidc", "\(own)")
        for id in all.compactMap({ $0["id"]?.string }) where id != own.first?["id"]?.string {
            #expect(await browser.send(.delete, "/api/sessions/\(id)").status != 204)
        }
        #expect(await elsewhere.send(.get, "/api/try/org").status == 200)
    }

    @Test("however many it has of one person, an organisation ends none that they have elsewhere")
    func many() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let domain = "\(place.slug).example"
        let member = try await Given.person(email: "ma@\(domain)")
        try await Given.membership(of: member, in: place.org, as: .editor)
        try await place.verify(domain)
        let elsewhere = try await place.door.browser(of: member)
        place.person("ma-1", email: "ma@\(domain)")
        for _ in 0..<12 { _ = try await place.signIn(place.door.browser()) }
        #expect(await elsewhere.send(.get, "/api/sessions").json["data"]?.array?.count == 11)
    }

    @Test("a member of an enforced domain gets in with such a session alone, from the next request on")
    func enforced() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let email = "mo@\(place.slug).example"
        let member = try await Given.person(email: email)
        try await Given.membership(of: member, in: place.org, as: .editor)
        let browser = try await place.door.browser(of: member)
        #expect(await browser.send(.get, "/api/try/org").status == 200)
        try await place.verify("\(place.slug).example", isEnforced: true)
        let refused = await browser.send(.get, "/api/try/org")
        #expect((refused.status, refused.slug) == (403, "sso-required"))
        place.person("e-1", email: email)
        let bound = place.door.browser()
        _ = try await place.signIn(bound)
        #expect(try await place.user(of: bound) == member)
        // The owner's address is of another domain.
        #expect(await place.admin.send(.get, "/api/try/org").status == 200)
    }

    @Test("the provider ends it over the back channel, once a token")
    func backchannel() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        place.person("out-1", email: "o@elsewhere.example", groups: [], ["sid": "session-1"])
        let (browser, other) = (place.door.browser(), place.door.browser())
        _ = try await place.signIn(browser)
        place.person("out-2", email: "p@elsewhere.example", groups: [], ["sid": "session-2"])
        _ = try await place.signIn(other)
        let token = try place.provider.logoutToken(["sub": "out-1", "sid": "session-1"])
        let form: Headers = ["content-type": "application/x-www-form-urlencoded"]
        let path = "/api/oidc/\(place.slug)/main/backchannel-logout"
        let body = Array("logout_token=\(token)".utf8)
        let answer = await place.door.browser().send(.post, path, bytes: body, headers: form)
        #expect(answer.status == 200, "\(answer.text)")
        #expect(await browser.send(.get, "/api/try/org").status == 401)
        #expect(await other.send(.get, "/api/try/org").status == 200)
        let again = await place.door.browser().send(.post, path, bytes: body, headers: form)
        #expect((again.status, again.slug) == (400, "logout-refused"))
        let forged = try place.provider.logoutToken(["jti": "x"], by: .rsa("key-1", number: 1))
        let refused = await place.door.browser().send(
            .post, path, bytes: Array("logout_token=\(forged)".utf8), headers: form)
        #expect(refused.status == 400)
    }

    @Test("one organisation's provider ends nothing of another's and of no other person, whatever both call themselves")
    func backchannelElsewhere() async throws {
        let (place, other) = (try await SSOCase(), try await SSOCase())
        var browsers: [Browser] = []
        for one in [place, other] {
            await one.addOIDC()
            one.person("same-1", email: "same@elsewhere.example")
            browsers.append(one.door.browser())
            _ = try await one.signIn(browsers[browsers.count - 1])
        }
        place.person("same-2", email: "second@elsewhere.example")
        browsers.append(place.door.browser())
        _ = try await place.signIn(browsers[2])
        let token = try place.provider.logoutToken(["sub": "same-1"])
        let answer = await place.door.browser().send(
            .post, "/api/oidc/\(place.slug)/main/backchannel-logout", bytes: Array("logout_token=\(token)".utf8),
            headers: ["content-type": "application/x-www-form-urlencoded"])
        #expect(answer.status == 200, "\(answer.text)")
        #expect(await browsers[0].send(.get, "/api/try/org").status == 401)
        for kept in browsers[1...] { #expect(await kept.send(.get, "/api/try/org").status == 200) }
        let known = try await other.count("SELECT count(*) FROM pulse.sso_sessions WHERE org_id = \(other.org)")
        #expect(known == 1)
    }

    @Test("a provider that is switched off is offered to nobody, and nobody comes in by it")
    func switchedOff() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        await place.addOIDC("off", ["enabled": false])
        let browser = place.door.browser()
        let offered = await browser.send(.get, "/api/public/sso/\(place.slug)").json["providers"]?.array ?? []
        #expect(offered.compactMap { $0["id"]?.string } == ["main"])
        let left = await browser.send(.get, "/api/oidc/\(place.slug)/off/login?returnTo=/")
        #expect(left.headers["location"]?.contains("oidc=error") == true, "\(left.status)")
    }

    @Test("nobody leaves for a provider of a suspended organisation, but for one that has not paid")
    func suspended() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        for (reason, isOpen) in [("abuse", false), ("billing", true)] {
            try await TestDatabase.current.superuser.executeGlobally(
                "UPDATE pulse.orgs SET state = 'suspended', suspension = \(reason) WHERE id = \(place.org)")
            let left = await place.door.browser().send(.get, "/api/oidc/\(place.slug)/main/login?returnTo=/")
            #expect(left.headers["location"]?.hasPrefix(place.provider.issuer) == isOpen, "\(reason)")
        }
    }

    @Test("logging out ends it here and leads to the provider's own end")
    func logout() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        let answer = await browser.send(.post, "/api/sso/logout")
        let url = try #require(answer.json["url"]?.string, "\(answer.text)")
        #expect(url.hasPrefix(place.provider.issuer + "/logout?"))
        #expect(url.contains("id_token_hint="))
        #expect(await browser.send(.get, "/api/try/org").status == 401)
    }

    @Test("proving anew at the provider makes it fresh, for the same person alone")
    func stepUp() async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", ["defaultRole": "admin"])
        let browser = place.door.browser()
        place.person("s-1", email: "s@elsewhere.example")
        _ = try await place.signIn(browser)
        place.time.advance(by: .seconds(700))
        let stale = await browser.send(.patch, "/api/security/sso/policy", ["sessionMaxSeconds": 43_200])
        #expect(stale.slug == "fresh-session-required", "\(stale.text)")

        let callback = "/api/oidc/\(place.slug)/main"
        let now = JSONValue.integer(place.time.now.milliseconds / 1000)
        place.person("s-2", email: "s2@elsewhere.example", groups: [], ["auth_time": now])
        let first = await browser.send(.post, "/api/sso/step-up", ["returnTo": "/x"])
        let other = try await place.comeBack(browser, from: try #require(first.json["url"]?.string), to: callback)
        #expect(other.headers["location"] == "/x?oidc=error&oidc_error=another_person")
        place.person("s-1", email: "s@elsewhere.example", groups: [], ["auth_time": now])
        let second = await browser.send(.post, "/api/sso/step-up", ["returnTo": "/x"])
        let same = try await place.comeBack(browser, from: try #require(second.json["url"]?.string), to: callback)
        #expect(same.headers["location"] == "/x?sso=confirmed", "\(same.text)")
        let changed = await browser.send(.patch, "/api/security/sso/policy", ["sessionMaxSeconds": 43_200])
        #expect(changed.status == 200, "\(changed.text)")
    }

    @Test("it is as fresh as what its provider has asked, not as itself")
    func provedLongAgo() async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", ["defaultRole": "admin"])
        for (age, isFresh) in [(7200, false), (60, true)] {
            let proved = JSONValue.integer(place.time.now.milliseconds / 1000 - Int64(age))
            place.person("f-1", email: "f@elsewhere.example", groups: [], ["auth_time": proved])
            let browser = place.door.browser()
            _ = try await place.signIn(browser)
            let answer = await browser.send(.patch, "/api/security/sso/policy", ["sessionMaxSeconds": 43_200])
            #expect((answer.status == 200) == isFresh && (answer.slug == "fresh-session-required") != isFresh, "\(age)")
        }
    }

    @Test("the organisation says how old a session may be, and it holds at once")
    func tooOld() async throws {
        let place = try await SSOCase()
        let changed = await place.admin.send(.patch, "/api/security/sso/policy", ["sessionMaxSeconds": 3600])
        #expect(changed.json["sessionMaxSeconds"]?.int == 3600, "\(changed.text)")
        place.time.advance(by: .seconds(3599))
        #expect(await place.admin.send(.get, "/api/try/org").status == 200)
        place.time.advance(by: .seconds(1))
        let answer = await place.admin.send(.get, "/api/try/org")
        #expect((answer.status, answer.slug) == (401, "session-too-old"))
    }

    @Test("removing the provider signs out whom it vouched for")
    func removed() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(await place.admin.send(.delete, "/api/security/sso/providers/main").status == 204)
        #expect(await browser.send(.get, "/api/try/org").status == 401)
    }

    @Test("another organisation sees no provider, attempt or link, and its owner changes none")
    func isolation() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        _ = try await place.signIn(place.door.browser())
        let (stranger, _) = try await Given.member(as: .owner)
        let other = try await place.door.browser(of: stranger)
        #expect(await other.send(.get, "/api/security/sso/providers").json["data"]?.array?.isEmpty == true)
        #expect(await other.send(.get, "/api/security/sso/attempts").json["data"]?.array?.isEmpty == true)
        let attempt = try #require(try await place.lastAttempt()["id"]?.string)
        #expect(await other.send(.get, "/api/security/sso/attempts/\(attempt)").status == 404)
        for method in [.get, .put, .delete] as [Endpoint.Method] {
            let answer = await other.send(
                method, "/api/security/sso/providers/main", method == .put ? ["enabled": false] : nil)
            #expect(answer.status == 404)
        }
    }
}
