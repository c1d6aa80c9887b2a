import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Mail
import OperatorKit
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

@Suite(.postgres) struct RecoveryTests {
    private func recovery(_ scene: OperatorCase) -> Recovery {
        Recovery(
            staff: scene.staff, links: scene.door.context.links, publicURL: "https://pulse.example.com",
            time: scene.door.time)
    }

    private func only(
        link: Bool = false, makeOwner: Bool = false, resetSecondStep: Bool = false
    ) -> Recovery.Measures {
        Recovery.Measures(link: link, makeOwner: makeOwner, resetSecondStep: resetSecondStep)
    }

    @Test("a link sets a new password once, within half an hour, and ends all sessions")
    func link() async throws {
        let scene = try OperatorCase()
        let user = try await Given.person(email: "ana@nordwind.example")
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org)
        let old = try await scene.door.browser(of: user)
        let done = try await recovery(scene).recover(
            "\(org)", person: "Ana@nordwind.example", only(link: true), reason: "her phone is in the sea")
        let text = try #require(done.link?.reveal())
        #expect(text.hasPrefix("https://pulse.example.com/reset-password?token=rp1_"))
        let token = try #require(text.split(separator: "=").last.map(String.init))
        let body: JSONValue = ["token": .string(token), "password": "nine calm grey herons 8"]
        let browser = scene.door.browser()
        #expect(await browser.send(.post, "/api/public/password-reset/complete", body).status == 200)
        #expect(await scene.door.browser().send(.post, "/api/public/password-reset/complete", body).status == 400)
        #expect(await old.send(.get, "/api/me").status == 401)
        let login = await browser.send(
            .post, "/api/login", ["username": "ana@nordwind.example", "password": "nine calm grey herons 8"])
        #expect(login.status == 200)
        #expect(try await scene.trail(of: org).first == "organisation.recover system")
        #expect(try await scene.log() == ["organisation.recover"])
        #expect(done.letters.map(\.to.text) == ["ana@nordwind.example"])
    }

    @Test("a member becomes an owner, and hears of it with the others")
    func owner() async throws {
        let scene = try OperatorCase()
        let (_, org) = try await Given.member()
        let user = try await Given.person(email: "ben@nordwind.example")
        try await Given.membership(of: user, in: org, as: .viewer)
        let slug = try #require(
            try await TestDatabase.current.superuser.firstGlobally("SELECT slug FROM pulse.orgs WHERE id = \(org)") {
                try $0.next(String.self)
            })
        let done = try await recovery(scene).recover(
            slug, person: "ben@nordwind.example", only(makeOwner: true), reason: "the founder has died")
        #expect(done.link == nil)
        #expect(done.letters.count == 2)
        #expect(done.letters.allSatisfy { $0.text.contains("ben@nordwind.example") })
        let browser = try await scene.door.browser(of: user)
        let members = await browser.send(.get, "/api/orgs/\(org)")
        #expect(members.json["role"]?.string == "owner")
        let reason = try await TestDatabase.current.app.first(
            in: org, "SELECT after FROM audit_entries WHERE action = 'organisation.recover'"
        ) { try $0.next(String.self) }
        #expect(reason?.contains("the founder has died") == true)
        #expect(reason?.contains("\"owner\"") == true)
    }

    @Test("the second step is switched off, and the next sign-in has one step")
    func secondStep() async throws {
        let scene = try OperatorCase()
        let hash = try await FrontDoor.passwords.hash(Secret("correct horse battery"))
        let user = try await Given.person(email: "ana@nordwind.example", passwordHash: hash)
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org)
        let browser = try await scene.door.browser(of: user)
        let begun = await browser.send(.post, "/api/security/totp")
        let secret = Secret(OperatorCase.base32(try #require(begun.json["secret"]?.string)))
        let code = TimeCode.code(at: TimeCode.step(at: scene.door.time.now), secret: secret)
        #expect(await browser.send(.post, "/api/security/totp/confirm", ["code": .string(code)]).status == 200)
        let login: JSONValue = ["username": "ana@nordwind.example", "password": "correct horse battery"]
        #expect(await scene.door.browser().send(.post, "/api/login", login).slug == "second-factor-required")
        _ = try await recovery(scene).recover(
            "\(org)", person: "ana@nordwind.example", only(resetSecondStep: true), reason: "her phone is in the sea")
        #expect(await scene.door.browser().send(.post, "/api/login", login).status == 200)
    }

    @Test("what cannot be done is refused with a sentence, and nothing is done")
    func refused() async throws {
        let scene = try OperatorCase()
        let recovery = recovery(scene)
        let user = try await Given.person(email: "ana@nordwind.example")
        let org = try await Given.organisation("Nordwind")
        try await Given.membership(of: user, in: org)
        _ = try await Given.person(email: "stranger@example.org")
        func refusal(_ place: String, _ person: String, _ measures: Recovery.Measures) async -> RecoveryRefusal? {
            do {
                _ = try await recovery.recover(place, person: person, measures, reason: "why")
                return nil
            } catch { return error as? RecoveryRefusal }
        }
        let ana = "ana@nordwind.example"
        #expect(await refusal("\(org)", ana, only()) == .nothingToDo)
        #expect(await refusal("nowhere", ana, only(link: true)) == .noOrganisation("nowhere"))
        #expect(
            await refusal("\(org)", "stranger@example.org", only(link: true))
                == .noMember("stranger@example.org", in: "Nordwind"))
        #expect(await refusal("\(org)", ana, only(link: true, makeOwner: true)) == .ownerAlready(ana))
        #expect(await refusal("\(org)", ana, only(resetSecondStep: true)) == .noSecondStep(ana))
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'abuse' WHERE id = \(org)")
        #expect(await refusal("\(org)", ana, only(link: true)) == .suspended("Nordwind"))
        #expect(try await scene.trail(of: org).isEmpty)
        #expect(try await scene.log().isEmpty)
        let links = try await TestDatabase.current.superuser.firstGlobally("SELECT count(*) FROM pulse.email_links") {
            try $0.next(Int.self)
        }
        #expect(links == 0)
    }
}
