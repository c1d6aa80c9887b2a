import FrontDoorKit
import HTTPKit
import HostileKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import ProviderKit
import TestKit
import Testing

@testable import OperatorSignOn

/// An operator's sign-in through a provider ends where it began, once.
@Suite(.postgres) struct OperatorFlowTests {
    @Test("whoever is linked is in, and the session says by what")
    func signIn() async throws {
        let place = try await SignOnCase()
        #expect(await place.addOIDC().status == 201)
        let mira = try await place.scene.person()
        #expect(await place.name("m-1", mira).status == 201)
        place.person("m-1")
        let browser = place.scene.browser()
        #expect(try await place.signIn(browser, "?returnTo=/orgs") == "/orgs?sso=success")
        let me = await place.me(browser).json
        #expect(me["operator"]?["id"]?.string == "\(mira.id)")
        #expect((me["method"]?.string, me["providerId"]?.string) == ("oidc", "main"))
        #expect(me["provedAt"]?.string != nil)
        #expect(try await place.lastEntry().action == "operator_session.create")
        let listed = await place.admin.send(.get, "/api/operator/operators/\(mira.id)/links").json["data"]?.array
        #expect(listed?.first?["lastLoginAt"]?.string != nil)
    }

    @Test("an answer is good once, for the browser that began it")
    func once() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        await place.name("m-1", try await place.scene.person())
        place.person("m-1")
        let browser = place.scene.browser()
        let callback = "/api/operator/oidc/main/callback?\(try place.answer(to: try await place.leave(browser)))"
        #expect(await browser.send(.get, callback).headers["location"] == "/?sso=success")
        #expect(await browser.send(.get, callback).headers["location"] == "/login?sso=error&sso_error=invalid_state")

        let begun = try await place.leave(browser)
        let other = place.scene.browser()
        _ = try await place.leave(other)
        #expect(try await place.comeBack(other, from: begun) == "/login?sso=error&sso_error=invalid_state")
        #expect(other.cookies["pulse_operator_session"] == nil)
        #expect(try await place.lastEntry().note?.hasPrefix("other_browser") == true)
        #expect(try await place.comeBack(browser, from: begun).hasSuffix("sso_error=invalid_state"))
    }

    @Test("a state of one provider is no state of another")
    func mixUp() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        await place.addOIDC("second")
        await place.name("m-1", place.chief, at: "main")
        await place.name("m-1", place.chief, at: "second")
        place.person("m-1")
        let browser = place.scene.browser()
        let mixed = try await place.comeBack(browser, from: try await place.leave(browser), at: "second")
        #expect(mixed == "/login?sso=error&sso_error=provider_mismatch")
        // An answer that names another issuer (RFC 9207).
        let url = try await place.leave(browser)
        let query = try place.provider.signIn(at: url).map {
            $0.0 == "iss" ? "iss=https://evil.example" : "\($0.0)=\($0.1)"
        }
        let carried = await browser.send(
            .get, "/api/operator/oidc/main/callback?\(query.joined(separator: "&"))")
        #expect(carried.headers["location"]?.hasPrefix("/login?sso=error") == true)
        #expect(browser.cookies["pulse_operator_session"] == nil)
    }

    @Test("ten minutes, and no longer; and not after the provider was changed or switched off")
    func ends() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        await place.name("m-1", place.chief)
        place.person("m-1")
        let browser = place.scene.browser()
        let old = try await place.leave(browser)
        #expect(await place.admin.send(.put, "/api/operator/providers/main", ["priority": 7]).status == 200)
        #expect(try await place.comeBack(browser, from: old).hasSuffix("sso_error=invalid_state"))
        #expect(try await place.lastEntry().note?.hasPrefix("provider_changed") == true)
        let slow = try await place.leave(browser)
        #expect(await place.admin.send(.put, "/api/operator/providers/main", ["enabled": false]).status == 200)
        #expect(try await place.comeBack(browser, from: slow).hasPrefix("/login?sso=error"))
        let off = await browser.send(.get, "/api/operator/oidc/main/login")
        #expect(off.headers["location"] == "/login?sso=error&sso_error=provider_not_found")
        await place.admin.send(.put, "/api/operator/providers/main", ["enabled": true])
        let late = try await place.leave(browser)
        place.time.advance(by: .seconds(601))
        #expect(try await place.comeBack(browser, from: late).hasSuffix("sso_error=invalid_state"))
    }

    @Test(
        "nobody is led away from here",
        arguments: ["//evil.example", "https://evil.example", "/\\evil.example", "/api/operator/logout", ""])
    func local(returnTo: String) async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        await place.name("m-1", place.chief)
        place.person("m-1")
        #expect(try await place.signIn(place.scene.browser(), "?returnTo=\(returnTo)") == "/?sso=success")
    }

    @Test("a customer's session is nobody's here, and what opens this door opens none of theirs")
    func doors() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let (user, _) = try await Given.member()
        let customer = try await place.scene.door.browser(of: user)
        let session = try #require(customer.cookies["pulse_session"])
        let intruder = place.scene.browser()
        for name in ["pulse_session", "pulse_operator_session"] {
            intruder.cookies = [name: session]
            intruder.csrf = customer.cookies["pulse_csrf"]
            #expect(await intruder.send(.get, "/api/operator/links").status == 401)
            #expect(await intruder.send(.post, "/api/operator/links/main", [:]).status == 401)
            #expect(await intruder.send(.put, "/api/operator/sign-in", ["passwordLogin": false]).status == 401)
        }
        let mine = try await place.cameBy("m-1", place.chief)
        let outside = place.scene.door.browser()
        outside.cookies = ["pulse_session": try #require(mine.cookies["pulse_operator_session"])]
        #expect(await outside.send(.get, "/api/me").status == 401)
        // A sign-in that was begun at the customers' door has another cookie.
        let begun = try await place.leave(mine)
        mine.cookies["pulse_sso"] = mine.cookies.removeValue(forKey: "pulse_operator_sso")
        #expect(try await place.comeBack(mine, from: begun).hasSuffix("sso_error=invalid_state"))
    }

    @Test("neither customers' nor workers' role reaches a row or a function of it")
    func grants() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let app = TestDatabase.current.app
        for table in [
            "operator_providers", "operator_links", "operator_sso_flows", "operator_sso_replays",
            "operator_sso_sessions", "operator_sign_in",
        ] {
            await #expect(throws: DatabaseError.self, "\(table)") {
                try await app.firstGlobally(SQL(unsafeSQL: "SELECT 1 FROM \(table)")) { try $0.next(Int32.self) }
            }
            let roles = try await place.count(
                SQL(
                    unsafeSQL: """
                        SELECT count(*) FROM unnest(ARRAY['pulse_app', 'pulse_worker', 'pulse_lookup']) r
                        WHERE has_table_privilege(r, 'pulse.\(table)', 'SELECT, INSERT, UPDATE, DELETE')
                        """))
            #expect(roles == 0, "\(table)")
        }
        for call in [
            "vouched_operator(gen_random_uuid(), 'a', 'a', 'a', now())",
            "vouched_account(NULL, 'a', NULL, now())", "operator_session_proof('', now())",
            "end_vouched_sessions('main', NULL, NULL, NULL)",
            "open_vouched_session(gen_random_uuid(), gen_random_uuid(), NULL, '', now(), NULL, '', '', NULL, '', '', now())",
        ] {
            await #expect(throws: DatabaseError.self, "\(call)") {
                try await app.executeGlobally(SQL(unsafeSQL: "SELECT FROM \(call)"))
            }
        }
    }
}
