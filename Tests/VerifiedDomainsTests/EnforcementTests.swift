import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import VerifiedDomains

@Suite(.postgres) struct EnforcementTests {
    private static let one = "\(DomainCase.path)/example.com"
    let scene: DomainCase

    init() throws { scene = try DomainCase() }

    @Test("enforcement wants a verified domain, an enabled provider and a code, and says which is missing")
    func needs() async throws {
        let owner = try await scene.owner(email: "ana@example.com")
        _ = await owner.browser.send(.post, DomainCase.path, ["domain": "example.com"])
        func missing() async -> String? {
            let answer = await owner.browser.send(.patch, Self.one, ["isEnforced": true])
            return answer.status == 409 && answer.slug == "enforcement-incomplete"
                ? answer.json["missing"]?.string : nil
        }
        #expect(await missing() == "verified-domain,provider,break-glass")
        #expect(await owner.browser.send(.delete, Self.one).status == 204)
        try await scene.verified("example.com", by: owner)
        #expect(await missing() == "provider,break-glass")
        try await scene.provider(in: owner.org, enabled: false)
        #expect(await missing() == "provider,break-glass", "one that is off is none")
        try await TestDatabase.current.superuser.executeGlobally("UPDATE pulse.sso_providers SET is_enabled = true")
        #expect(await missing() == "break-glass")
        #expect(try await scene.mustSSO(owner.user, in: owner.org) == false)
        #expect(await owner.browser.send(.post, DomainCase.glass).status == 201)
        let done = await owner.browser.send(.patch, Self.one, ["isEnforced": true])
        #expect(done.json["isEnforced"] == true && done.json["lacks"] == [] && done.json["members"] == 1)
        #expect(try await scene.actions(in: owner.org).last == "domain.update")
    }

    @Test("a code of somebody who is no owner any more does not count") func formerOwner() async throws {
        let owner = try await scene.owner(email: "ana@example.com")
        let second = try await scene.owner(of: owner.org)
        try await scene.verified("example.com", by: owner)
        try await scene.provider(in: owner.org)
        #expect(await second.browser.send(.post, DomainCase.glass).status == 201)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET role = 'admin' WHERE user_id = \(second.user)")
        let answer = await owner.browser.send(.patch, Self.one, ["isEnforced": true])
        #expect(answer.json["missing"] == "break-glass")
    }

    @Test("it acts on the next request of members of that domain, and of nobody else; off again it lets them in")
    func flip() async throws {
        let owner = try await scene.owner(email: "ana@example.com")
        let other = try await scene.owner(email: "ben@elsewhere.example", of: owner.org)
        try await scene.verified("example.com", by: other)
        try await scene.provider(in: owner.org)
        #expect(await other.browser.send(.post, DomainCase.glass).status == 201)
        #expect(await owner.browser.send(.get, DomainCase.path).status == 200)
        #expect(await other.browser.send(.patch, Self.one, ["isEnforced": true]).status == 200)
        let refused = await owner.browser.send(.get, DomainCase.path)
        #expect(refused.status != 200, "\(refused.text)")
        #expect(try await scene.mustSSO(owner.user, in: owner.org) == true)
        #expect(await other.browser.send(.get, DomainCase.path).status == 200)
        #expect(await other.browser.send(.patch, Self.one, ["isEnforced": false]).status == 200)
        #expect(await owner.browser.send(.get, DomainCase.path).status == 200)
    }

    @Test("members are meant whichever way the domain of their address is written") func otherForm() async throws {
        let owner = try await scene.owner(email: "ana@Bücher.de")
        let other = try await scene.owner(email: "ben@elsewhere.example", of: owner.org)
        try await scene.verified("xn--bcher-kva.de", by: other)
        try await scene.provider(in: owner.org)
        #expect(await other.browser.send(.post, DomainCase.glass).status == 201)
        let path = "\(DomainCase.path)/xn--bcher-kva.de"
        let done = await other.browser.send(.patch, path, ["isEnforced": true])
        #expect(done.json["members"] == 1, "\(done.text)")
        #expect(try await scene.mustSSO(owner.user, in: owner.org) == true)
        for email in ["cleo@bücher.de", "dan@XN--Bcher-kva.de"] {
            let next = try await scene.owner(email: email, of: owner.org)
            #expect(try await scene.mustSSO(next.user, in: owner.org) == true, "\(email)")
        }
    }

    @Test("who joins an enforced domain has to come by single sign-on too; a domain given up lets all in")
    func joining() async throws {
        let owner = try await scene.owner(email: "ben@elsewhere.example")
        try await scene.verified("example.org", by: owner)
        try await scene.enforced("example.com", by: owner)
        let other = try await scene.owner(email: "other@example.org", of: owner.org)
        #expect(try await scene.mustSSO(other.user, in: owner.org) == false, "verified is not enforced")
        let late = try await scene.owner(email: "Late@Example.COM", of: owner.org)
        #expect(try await scene.mustSSO(late.user, in: owner.org) == true)
        let elsewhere = try await scene.owner(email: "also@example.com")
        #expect(
            try await scene.mustSSO(elsewhere.user, in: elsewhere.org) == false, "another organisation's is its own")
        #expect(await owner.browser.send(.delete, Self.one).status == 204)
        #expect(try await scene.mustSSO(late.user, in: owner.org) == false)
    }
}
