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

/// Whose account somebody gets into that a provider vouches for.
@Suite(.postgres) struct OperatorWhoTests {
    @Test("an address opens no account, unless the provider is trusted with addresses, and then once")
    func addresses() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let mira = try await place.scene.person(email: "mira@host.example")
        place.person("m-1", email: "mira@host.example")
        #expect(try await place.signIn(place.scene.browser()) == "/login?sso=error&sso_error=not_linked")
        #expect(try await place.lastEntry().note == "not_linked, login, subject m-1")

        await place.admin.send(.put, "/api/operator/providers/main", ["trustAddresses": true])
        for (email, verified) in [("Mira@host.example", JSONValue.bool(false)), ("mira@host.example.evil", true)] {
            place.person("m-0", email: email, ["email_verified": verified])
            #expect(try await place.signIn(place.scene.browser()).hasSuffix("not_linked"))
        }
        place.person("m-0", email: "mira@host.example", ["email_verified": .null])
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("not_linked"))
        place.person("m-1", email: "MIRA@host.example", ["email_verified": true])
        let browser = place.scene.browser()
        #expect(try await place.signIn(browser) == "/?sso=success")
        #expect(await place.me(browser).json["operator"]?["id"]?.string == "\(mira.id)")
        // Another subject that takes the address over is another person.
        place.person("m-2", email: "mira@host.example", ["email_verified": true])
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("not_linked"))
        // The subject stays who it is, whatever address it has.
        place.person("m-1", email: "other@elsewhere.example")
        #expect(try await place.signIn(place.scene.browser()) == "/?sso=success")
    }

    @Test("a new operator is made only where the provider may, for a required group and a second factor")
    func newcomers() async throws {
        let place = try await SignOnCase()
        let open = await place.addOIDC("main", ["createOperators": true])
        #expect((open.status, open.json["field"]?.string) == (400, "requiredGroups"), "\(open.text)")
        await place.addOIDC("main", ["requiredGroups": ["Pulse"], "createOperators": true])
        let someone: [String: JSONValue] = ["email_verified": true]
        place.person("n-1", email: "n@host.example", groups: ["staff"], someone)
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("group_restricted"))
        place.person("n-1", email: "n@host.example", groups: ["pulse"], ["email_verified": true, "amr": ["pwd"]])
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("second_factor_missing"))
        place.person("n-1", groups: ["pulse"])
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("no_address"))
        place.person("n-1", email: place.chief.email, groups: ["pulse"], someone)
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("address_taken"))
        place.person("n-1", email: "n@host.example", groups: ["pulse"], someone)
        let browser = place.scene.browser()
        #expect(try await place.signIn(browser) == "/?sso=success")
        let me = await place.me(browser).json
        #expect(me["operator"]?["role"]?.string == "operator")
        #expect(me["operator"]?["email"]?.string == "n@host.example")
        let log = try await place.scene.log()
        #expect(log.suffix(3) == ["operator.create", "operator_link.create", "operator_session.create"])
        let all = await place.admin.send(.get, "/api/operator/operators").json["data"]?.array ?? []
        #expect(all.first { $0["email"]?.string == "n@host.example" }?["status"]?.string == "active")
        #expect(await browser.send(.get, "/api/operator/providers").status == 403)
    }

    @Test("an operator links their own subject, freshly and from a session of theirs")
    func linking() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let (mira, own) = try await place.scene.signedIn()
        place.person("m-1")
        let begun = await own.send(.post, "/api/operator/links/main", ["returnTo": "/operators"])
        let url = try #require(begun.json["url"]?.string, "\(begun.text)")
        #expect(try await place.comeBack(own, from: url) == "/operators?sso=linked")
        #expect(try await place.lastEntry().action == "operator_link.create")
        let browser = place.scene.browser()
        #expect(try await place.signIn(browser) == "/?sso=success")
        #expect(await place.me(browser).json["operator"]?["id"]?.string == "\(mira.id)")

        // Somebody else's it is not any more.
        let (_, other) = try await place.scene.signedIn()
        let second = await other.send(.post, "/api/operator/links/main", [:])
        let taken = try await place.comeBack(other, from: try #require(second.json["url"]?.string))
        #expect(taken == "/?sso=error&sso_error=linked_to_another")
        #expect(await place.name("m-1", place.chief).slug == "operator-link-taken")

        // A session that has ended links nothing.
        place.person("m-9")
        let third = await other.send(.post, "/api/operator/links/main", [:])
        #expect(await other.send(.post, "/api/operator/logout").status == 204)
        #expect(
            try await place.comeBack(other, from: try #require(third.json["url"]?.string)).hasSuffix("session_failed"))

        let link = try #require(
            await own.send(.get, "/api/operator/links").json["data"]?.array?.first?["id"]?.string)
        let foreign = try await place.scene.signedIn().browser
        #expect(await foreign.send(.delete, "/api/operator/links/\(link)").slug == "operator-link-not-found")
        #expect(await own.send(.delete, "/api/operator/links/\(link)").status == 204)
        #expect(await place.me(browser).status == 401, "what came by it ends")
        #expect(await place.me(own).status == 200)
    }

    @Test("what opens a door for others wants a proof of the last ten minutes; a provider's old one is none")
    func fresh() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let old = JSONValue.integer(place.time.now.milliseconds / 1000 - 3600)
        await place.name("c-1", place.chief)
        place.person("c-1", ["auth_time": old])
        let browser = place.scene.browser()
        #expect(try await place.signIn(browser) == "/?sso=success")
        #expect(
            await browser.send(.put, "/api/operator/providers/main", ["priority": 1]).slug == "fresh-session-required")
        // Asked anew, the provider asks the person; what it says of an hour ago is not believed.
        #expect(try await place.signIn(browser, "?fresh=true").hasPrefix("/login?sso=error"))
        place.person("c-1", ["auth_time": .integer(place.time.now.milliseconds / 1000)])
        let before = browser.cookies["pulse_operator_session"]
        #expect(try await place.signIn(browser, "?fresh=true") == "/?sso=success")
        #expect(await browser.send(.put, "/api/operator/providers/main", ["priority": 1]).status == 200)
        let replaced = place.scene.browser()
        replaced.cookies["pulse_operator_session"] = before
        #expect(await place.me(replaced).status == 401, "the new session is instead of the old one")

        place.time.advance(by: .seconds(601))
        for (method, path, body) in [
            (.post, "/api/operator/providers", ["type": "oidc"]), (.delete, "/api/operator/providers/main", nil),
            (.put, "/api/operator/sign-in", ["passwordLogin": true]), (.post, "/api/operator/links/main", [:]),
            (
                .post, "/api/operator/operators/\(place.chief.id)/links", ["providerId": "main", "subject": "x"]
            ),
        ] as [(Endpoint.Method, String, JSONValue?)] {
            let answer = await place.admin.send(method, path, body)
            #expect(answer.slug == "fresh-session-required" || answer.status == 400, "\(path) \(answer.text)")
        }
        #expect(await place.me(place.admin).json["method"]?.string == "password+totp")
    }

    @Test("a reset forgets subjects, too, and a shut account opens by none")
    func shut() async throws {
        let place = try await SignOnCase()
        await place.addOIDC()
        let mira = try await place.scene.person()
        let browser = try await place.cameBy("m-1", mira)
        #expect(await place.admin.send(.post, "/api/operator/operators/\(mira.id)/disable").status == 204)
        #expect(await place.me(browser).status == 401)
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("account_disabled"))
        #expect(await place.admin.send(.post, "/api/operator/operators/\(mira.id)/enable").status == 204)
        #expect(try await place.signIn(browser) == "/?sso=success")
        #expect(await place.admin.send(.post, "/api/operator/operators/\(mira.id)/reset").status == 200)
        #expect(await place.me(browser).status == 401)
        #expect(try await place.signIn(place.scene.browser()).hasSuffix("not_linked"))
    }
}
