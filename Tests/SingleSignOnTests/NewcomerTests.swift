import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import SingleSignOn

/// Who becomes whom by a provider's word.
@Suite(.postgres) struct NewcomerTests {
    @Test("an open provider makes members, and the same subject is the same member ever after")
    func opens() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        place.person("ana-1", email: "ana@elsewhere.example")
        let browser = place.door.browser()
        let answer = try await place.signIn(browser, returnTo: "/inventory")
        #expect(answer.status == 303)
        #expect(answer.headers["location"] == "/inventory?oidc=success")
        let user = try await place.user(of: browser)
        #expect(await browser.send(.get, "/api/try/org").json["role"]?.string == "viewer")

        // Another address, the same subject.
        place.person("ana-1", email: "ana.new@elsewhere.example")
        let again = place.door.browser()
        _ = try await place.signIn(again)
        #expect(try await place.user(of: again) == user)
        // The same address, another subject.
        place.person("ana-2", email: "ana@elsewhere.example")
        let other = place.door.browser()
        _ = try await place.signIn(other)
        #expect(try await place.user(of: other) != user)
        let entries = try await place.count(
            "SELECT count(*) FROM pulse.audit_entries WHERE org_id = \(place.org) AND action = 'sso.login'")
        #expect(entries == 3)
    }

    @Test("a closed provider lets nobody new in, and the log says why")
    func closed() async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", ["jit": false])
        place.person("bo-1", email: "bo@elsewhere.example")
        let browser = place.door.browser()
        let answer = try await place.signIn(browser)
        #expect(answer.headers["location"] == "/?oidc=error&oidc_error=not_a_member")
        #expect(browser.cookies["pulse_session"] == nil)
        let attempt = try await place.lastAttempt()
        #expect(attempt["reason"]?.string == "not_a_member")
        #expect(attempt["told"]?["subject"]?.string == "bo-1")
        let refusals = try await place.count(
            "SELECT count(*) FROM pulse.audit_entries WHERE org_id = \(place.org) AND action = 'sso.refuse'")
        #expect(refusals == 1)
    }

    @Test(
        "a domain is the same whichever way it is written: to whom it is offered, and whose account it is",
        arguments: ["ana@bücher.de", "ana@xn--bcher-kva.de"])
    func otherForm(address: String) async throws {
        let place = try await SSOCase()
        try await place.verify("xn--bcher-kva.de")
        await place.addOIDC("main", ["jit": false])
        for typed in ["ana@bücher.de", "ana@Xn--bcher-kva.de"] {
            let offers = await place.door.browser().send(.post, "/api/public/sso/discover", ["email": .string(typed)])
            #expect(offers.json["providers"]?.array?.count == 1, "\(offers.text)")
        }
        let ana = try await Given.person(email: address == "ana@bücher.de" ? "ana@xn--bcher-kva.de" : "ana@bücher.de")
        try await Given.membership(of: ana, in: place.org, as: .viewer)
        place.person("ana-1", email: address)
        let browser = place.door.browser()
        let answer = try await place.signIn(browser)
        #expect(answer.headers["location"] == "/?oidc=success")
        #expect(try await place.user(of: browser) == ana)
    }

    @Test("an address of a domain that is claimed and not verified is nobody's, whoever's account it names")
    func unverified() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let victim = try await Given.person()
        try await Given.membership(of: victim, in: place.org, as: .admin)
        let email = try await place.email(of: victim)
        try await place.verify(String(email.drop { $0 != "@" }.dropFirst()))
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.sso_domains SET state = 'pending' WHERE org_id = \(place.org)")
        place.person("eve-1", email: email, groups: [], ["email_verified": true])
        let browser = place.door.browser()
        let offered = await browser.send(.post, "/api/public/sso/discover", ["email": .string(email)])
        #expect(offered.json["providers"]?.array?.isEmpty == true, "\(offered.text)")
        _ = try await place.signIn(browser)
        #expect(try await place.user(of: browser) != victim)
        #expect(await browser.send(.get, "/api/try/org").json["role"]?.string == "viewer")
    }

    @Test("an address of a domain that another organisation has verified is nobody's either")
    func verifiedElsewhere() async throws {
        let (place, other) = (try await SSOCase(), try await SSOCase())
        await place.addOIDC()
        let victim = try await Given.person(email: "vi@\(other.slug).example")
        try await Given.membership(of: victim, in: place.org, as: .admin)
        try await other.verify("\(other.slug).example")
        place.person("eve-2", email: try await place.email(of: victim), groups: [], ["email_verified": true])
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(try await place.user(of: browser) != victim)
    }

    @Test("the database says whose an address is in domains of this organisation alone, and verified ones")
    func memberOfAddress() async throws {
        let (place, other) = (try await SSOCase(), try await SSOCase())
        let (ours, theirs) = ("\(place.slug).example", "\(other.slug).example")
        var members: [String: UserID] = [:]
        for domain in [ours, theirs] {
            let email = "mo@\(domain)"
            members[email] = try await Given.person(email: email)
            try await Given.membership(of: try #require(members[email]), in: place.org)
        }
        try await place.verify(ours)
        try await other.verify(theirs)
        func told(_ email: String) async throws -> UserID? {
            try await TestDatabase.current.app.first(in: place.org, "SELECT member_of_address(\(email))") {
                try $0.next(UserID?.self)
            } ?? nil
        }
        #expect(try await told("mo@\(ours)") == members["mo@\(ours)"])
        #expect(try await told("mo@\(theirs)") == nil)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.sso_domains SET state = 'pending' WHERE org_id = \(place.org)")
        #expect(try await told("mo@\(ours)") == nil)
    }

    @Test("the member of a verified domain is linked, unless the provider calls the address unverified")
    func verified() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let member = try await Given.person()
        try await Given.membership(of: member, in: place.org, as: .editor)
        let email = try await place.email(of: member)
        try await place.verify(String(email.drop { $0 != "@" }.dropFirst()))

        place.person("x-1", email: email, groups: [], ["email_verified": false])
        let doubtful = place.door.browser()
        _ = try await place.signIn(doubtful)
        #expect(try await place.user(of: doubtful) != member)

        place.person("x-2", email: email.uppercased())
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(try await place.user(of: browser) == member)
        #expect(await browser.send(.get, "/api/try/org").json["role"]?.string == "editor")
    }

    @Test("a person of a verified domain who has an account elsewhere gets that account, and only this organisation")
    func newcomerOfDomain() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        let (stranger, elsewhere) = try await Given.member(as: .owner)
        let email = try await place.email(of: stranger)
        try await place.verify(String(email.drop { $0 != "@" }.dropFirst()))
        place.person("y-1", email: email)
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(try await place.user(of: browser) == stranger)
        let there = await browser.send(.get, "/api/try/org", nil, headers: ["x-pulse-org-id": "\(elsewhere)"])
        #expect(there.status == 404)
        let list = await browser.send(.get, "/api/me").json["organizations"]?.array ?? []
        #expect(list.compactMap { $0["id"]?.string } == ["\(place.org)"])
    }

    @Test("groups give roles at each login anew, and what was given by hand stays")
    func mapping() async throws {
        let place = try await SSOCase()
        await place.addOIDC(
            "main", ["groupRoleMappings": ["Pulse Admins": "admin", "looking": "viewer"], "defaultRole": "custom"])
        let browser = place.door.browser()
        for (groups, role) in [
            (["pulse admins"], "admin"), (["LOOKING "], "viewer"), (["looking", "pulse admins"], "admin"),
            ([], "custom"),
        ] {
            place.person("z-1", email: "z@elsewhere.example", groups: groups)
            _ = try await place.signIn(browser)
            #expect(await browser.send(.get, "/api/me").json["organization"]?["role"]?.string == role, "\(groups)")
        }
        let member = try await Given.person()
        try await Given.membership(of: member, in: place.org, as: .owner)
        let email = try await place.email(of: member)
        try await place.verify(String(email.drop { $0 != "@" }.dropFirst()))
        place.person("z-2", email: email, groups: ["looking"])
        let owner = place.door.browser()
        _ = try await place.signIn(owner)
        #expect(await owner.send(.get, "/api/try/org").json["role"]?.string == "owner")
    }

    @Test(
        "whom a provider may let in is limited by address, domain and group",
        arguments: [
            (["allowedEmails": ["ana@good.example"]], "email_restricted"),
            (["allowedDomains": ["@Good.example"]], "domain_restricted"),
            (["allowedGroups": ["staff"]], "group_restricted"),
        ] as [([String: JSONValue], String)])
    func restricted(more: [String: JSONValue], code: String) async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", more)
        place.person("r-1", email: "Ana@Good.example", groups: ["Staff"])
        let good = try await place.signIn(place.door.browser())
        #expect(good.headers["location"] == "/?oidc=success")
        place.person("r-2", email: "ana@sub.good.example", groups: ["staffing"])
        let bad = try await place.signIn(place.door.browser())
        #expect(bad.headers["location"] == "/?oidc=error&oidc_error=\(code)")
        place.person("r-3", email: nil)
        let mute = try await place.signIn(place.door.browser())
        #expect(mute.headers["location"] == "/?oidc=error&oidc_error=\(code)")
    }

    @Test("somebody signed in says which subject they are, and is one person in two organisations")
    func linking() async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", ["jit": false])
        let person = try await Given.person()
        try await Given.membership(of: person, in: place.org, as: .viewer)
        let (_, elsewhere) = try await Given.member(as: .owner)
        try await Given.membership(of: person, in: elsewhere, as: .viewer)
        let browser = try await place.door.browser(of: person)
        let choice: Headers = ["x-pulse-org-id": "\(place.org)"]
        let begun = await browser.send(.post, "/api/sso/links/main", ["returnTo": "/me"], headers: choice)
        place.person("l-1", email: "whatever@elsewhere.example")
        let back = try await place.comeBack(
            browser, from: try #require(begun.json["url"]?.string), to: "/api/oidc/\(place.slug)/main")
        #expect(back.headers["location"] == "/me?sso=linked")
        let bound = place.door.browser()
        _ = try await place.signIn(bound)
        #expect(try await place.user(of: bound) == person)
        // Another member cannot have the same subject.
        let other = try await Given.person()
        try await Given.membership(of: other, in: place.org, as: .viewer)
        let second = try await place.door.browser(of: other)
        let wanted = await second.send(.post, "/api/sso/links/main", [:], headers: choice)
        let refused = try await place.comeBack(
            second, from: try #require(wanted.json["url"]?.string), to: "/api/oidc/\(place.slug)/main")
        #expect(refused.headers["location"] == "/?oidc=error&oidc_error=linked_to_another")
    }

    @Test("whom the directory put here is found by its names, where its token names the provider")
    func directory() async throws {
        let place = try await SSOCase()
        await place.addOIDC("main", ["jit": false])
        let member = try await Given.person()
        try await Given.membership(of: member, in: place.org, as: .editor)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.scim_users (org_id, id, user_name_key, is_active, shown_name, resource, user_id, created_at,
                                          updated_at)
            VALUES (\(place.org), \(UserID.new(at: place.time.now)), 'dora@corp.example', true, 'Dora', '{}', \(member),
                    \(place.time.now), \(place.time.now))
            """)
        place.person("d-1", email: "Dora@corp.example")
        let early = try await place.signIn(place.door.browser())
        #expect(early.headers["location"]?.hasSuffix("not_a_member") == true)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.scim_tokens (org_id, id, name, provider_id, hint, token_hash, created_by, created_at)
            VALUES (\(place.org), \(UserID.new(at: place.time.now)), 'x', 'main', 'x', '\\x01', 'x', \(place.time.now))
            """)
        let browser = place.door.browser()
        _ = try await place.signIn(browser)
        #expect(try await place.user(of: browser) == member)
    }

    @Test("while a domain is enforced the last provider that is on neither goes nor is switched off")
    func lastProvider() async throws {
        let place = try await SSOCase()
        await place.addOIDC()
        try await place.verify("example.com", isEnforced: true)
        func change(_ id: String, isOn: Bool) async -> Browser.Answer {
            await place.admin.send(.put, "/api/security/sso/providers/\(id)", ["enabled": .bool(isOn)])
        }
        func remove(_ id: String) async -> Browser.Answer {
            await place.admin.send(.delete, "/api/security/sso/providers/\(id)")
        }
        #expect(await change("main", isOn: false).slug == "sso-provider-needed")
        #expect(await remove("main").slug == "sso-provider-needed")
        await place.addOIDC("second")
        #expect(await change("main", isOn: false).status == 200)
        #expect(await remove("second").slug == "sso-provider-needed")
        #expect(await remove("main").status == 204)
        try await TestDatabase.current.superuser.executeGlobally("UPDATE pulse.sso_domains SET is_enforced = false")
        #expect(await remove("second").status == 204)
    }
}
