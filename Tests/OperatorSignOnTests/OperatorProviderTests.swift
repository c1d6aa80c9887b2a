import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import OperatorPlane
import Postgres
import ProviderKit
import TestKit
import Testing

@testable import OperatorSignOn

/// The installation's providers, and how sessions that rest on them end.
@Suite(.postgres) struct OperatorProviderTests {
    @Test("secrets go in and do not come out, what is not named stays, and the log tells of it")
    func records() async throws {
        let place = try await SignOnCase()
        let made = await place.addOIDC()
        #expect(made.json["oidc"]?["clientSecretSet"] == true)
        #expect(
            made.json["addresses"]?["redirectUrl"]?.string == "https://ops.example.com/api/operator/oidc/main/callback")
        #expect(await place.addOIDC().slug == "operator-provider-exists")
        let changed = await place.admin.send(
            .put, "/api/operator/providers/main", ["displayName": "New", "oidc": ["clientId": "pulse"]])
        #expect(changed.json["oidc"]?["clientSecretSet"] == true)
        #expect(changed.json["oidc"]?["groupsClaim"] == "groups")
        for path in ["/api/operator/providers", "/api/operator/providers/main"] {
            #expect(!(await place.admin.send(.get, path).text.contains("a secret: of")))
        }
        let stored = try await place.count(
            "SELECT count(*) FROM pulse.operator_providers WHERE position('a secret'::bytea IN secrets) > 0")
        #expect(stored == 0)
        #expect(try await place.lastEntry().action == "operator_provider.update")
        let foreign = await place.admin.send(.put, "/api/operator/providers/main", ["type": "saml"])
        #expect(foreign.status == 400)
        #expect(await place.admin.send(.get, "/api/operator/providers/other").slug == "operator-provider-not-found")
        let tried = await place.admin.send(
            .post, "/api/operator/providers/test",
            ["type": "oidc", "oidc": ["issuerUrl": .string(place.provider.issuer), "clientId": "pulse"]])
        #expect(tried.json["success"] == true, "\(tried.text)")
        #expect(await place.admin.send(.delete, "/api/operator/providers/main").status == 204)
    }

    @Test("operators who are no admins neither see providers nor change them")
    func admins() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let (_, mira) = try await place.scene.signedIn()
        for (method, path) in [
            (.get, "/api/operator/providers"), (.get, "/api/operator/providers/main"),
            (.put, "/api/operator/providers/main"), (.delete, "/api/operator/providers/main"),
            (.post, "/api/operator/providers"), (.put, "/api/operator/sign-in"),
            (.get, "/api/operator/operators/\(place.chief.id)/links"),
            (.post, "/api/operator/operators/\(place.chief.id)/links"),
        ] as [(Endpoint.Method, String)] {
            let answer = await mira.send(method, path, method == .get ? nil : [:])
            #expect(answer.slug == "permission-denied", "\(method) \(path) \(answer.text)")
        }
    }

    @Test("switched off or removed, a provider takes the sessions along that rest on it, and no other")
    func gone() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let mira = try await place.scene.person()
        let browser = try await place.cameBy("m-1", mira)
        await place.admin.send(.put, "/api/operator/providers/main", ["enabled": false])
        #expect(await place.me(browser).status == 401)
        await place.admin.send(.put, "/api/operator/providers/main", ["enabled": true])
        #expect(try await place.signIn(browser) == "/?sso=success")
        await place.addOIDC("second")
        await place.name("m-1", mira, at: "second")
        let other = place.scene.browser()
        #expect(try await place.signIn(other, at: "second") == "/?sso=success")
        #expect(await place.admin.send(.delete, "/api/operator/providers/main").status == 204)
        #expect(await place.me(browser).status == 401)
        #expect(await place.me(other).json["providerId"]?.string == "second")
        #expect(await place.me(place.admin).status == 200)
        #expect(try await place.count("SELECT count(*) FROM pulse.operator_links") == 1)
    }

    @Test("logging out ends it here and leads to the provider's own end")
    func logout() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let browser = try await place.cameBy("m-1", place.chief)
        let answer = await browser.send(.post, "/api/operator/sso/logout")
        let url = try #require(answer.json["url"]?.string, "\(answer.text)")
        #expect(url.hasPrefix(place.provider.issuer + "/logout?") && url.contains("id_token_hint="))
        #expect(await place.me(browser).status == 401)
        let plain = await place.admin.send(.post, "/api/operator/sso/logout")
        #expect(plain.status == 200 && plain.json["url"] == nil)
        #expect(await place.me(place.admin).status == 401)
    }

    @Test("a provider's logout ends its own sessions, once, and only by its own key")
    func backchannel() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let (mira, noor) = (try await place.scene.person(), try await place.scene.person())
        let (one, other) = (try await place.cameBy("m-1", mira), try await place.cameBy("n-1", noor))
        let form: Headers = ["content-type": "application/x-www-form-urlencoded"]
        let path = "/api/operator/oidc/main/backchannel-logout"
        let forged = try place.provider.logoutToken(["sub": "m-1", "jti": "x"], by: .rsa("key-1", number: 1))
        let refused = await place.scene.browser().send(
            .post, path, bytes: Array("logout_token=\(forged)".utf8), headers: form)
        #expect((refused.status, refused.slug) == (400, "logout-refused"))
        #expect(await place.me(one).status == 200)
        let body = Array("logout_token=\(try place.provider.logoutToken(["sub": "m-1", "sid": .null]))".utf8)
        #expect(await place.scene.browser().send(.post, path, bytes: body, headers: form).status == 200)
        #expect(await place.me(one).status == 401)
        #expect(await place.me(other).status == 200)
        #expect(try await place.lastEntry().action == "operator_session.end")
        #expect(await place.scene.browser().send(.post, path, bytes: body, headers: form).slug == "logout-refused")
    }

    @Test("passwords are left behind by whoever came by a provider, and a shell brings them back")
    func passwords() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let off: JSONValue = ["passwordLogin": false]
        #expect(await place.admin.send(.put, "/api/operator/sign-in", off).slug == "operator-provider-needed")
        let browser = try await place.cameBy("c-1", place.chief)
        #expect(await browser.send(.put, "/api/operator/sign-in", off).status == 200)
        let offered = await place.scene.browser().send(.get, "/api/operator/sign-in").json
        #expect(offered["passwordLogin"] == false)
        #expect(offered["providers"]?.array?.first?["loginUrl"] == "/api/operator/oidc/main/login")
        #expect(await place.scene.signIn(place.chief, in: place.scene.browser()).slug == "password-login-off")
        #expect(try await place.signIn(place.scene.browser()) == "/?sso=success")
        for (method, body) in [(.put, ["enabled": false]), (.delete, nil)] as [(Endpoint.Method, JSONValue?)] {
            let answer = await browser.send(method, "/api/operator/providers/main", body)
            #expect(answer.slug == "operator-provider-needed")
        }
        #expect(await place.me(browser).status == 200, "what was refused ended nothing")
        try await place.scene.accounts.setPasswordLogin(true)
        #expect(try await place.lastEntry().action == "operator_sign_in.update")
        place.time.advance(by: .seconds(30))
        #expect(await place.scene.signIn(place.chief, in: place.scene.browser()).status == 200)
    }
}
