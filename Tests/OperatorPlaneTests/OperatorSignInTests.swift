import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

@Suite(.postgres) struct OperatorSignInTests {
    @Test("a new account is set up by its link, once, and then signs in with all three of its proofs")
    func setUp() async throws {
        let scene = try OperatorCase()
        let link = try await scene.accounts.create("Mira@Host.example", name: "Mira", role: .operatorAdmin)
        let token = try OperatorCase.token(of: link)
        #expect(link.address.reveal().hasPrefix("https://ops.example.com/setup#token=osu_"))
        let person = OperatorCase.Person(
            id: link.id, email: "mira@host.example", secret: try await scene.setUp(token))
        let again = await scene.browser().send(.post, "/api/operator/setup/begin", ["token": .string(token)])
        #expect(again.slug == "setup-link-invalid")

        let browser = scene.browser()
        let answer = await scene.signIn(person, in: browser)
        #expect(answer.status == 200)
        #expect(answer.json["operator"]?["role"]?.string == "operator_admin")
        #expect(answer.setCookies.first?.contains("HttpOnly") == true)
        #expect(answer.setCookies.first?.contains("SameSite=Strict") == true)
        let me = await browser.send(.get, "/api/operator/me")
        #expect(me.json["operator"]?["displayName"]?.string == "Mira")
        #expect(me.json["csrfToken"] == answer.json["csrfToken"])
        #expect(try await scene.log() == ["operator.create", "operator.set_up", "operator_session.create"])
    }

    @Test("stranger, wrong password, wrong code, used code, shut and unfinished account are told the same")
    func sameAnswer() async throws {
        let scene = try OperatorCase()
        let person = try await scene.person()
        let shut = try await scene.person()
        try await scene.accounts.disable(shut.id, true)
        let unfinished = OperatorCase.Person(
            id: try await scene.accounts.create("later@host.example", name: "Later", role: .operator).id,
            email: "later@host.example", secret: person.secret)
        let stranger = OperatorCase.Person(id: person.id, email: "nobody@host.example", secret: person.secret)
        let code = person.code(at: scene.door.time.now)
        #expect(await scene.signIn(person, in: scene.browser(at: "127.0.0.1"), code: code).status == 200)
        var answers: [Browser.Answer] = []
        for (who, password, code) in [
            (stranger, OperatorCase.password, code), (person, "another password", nil),
            (person, OperatorCase.password, "000000"), (person, OperatorCase.password, code),
            (shut, OperatorCase.password, nil), (unfinished, OperatorCase.password, nil),
        ] {
            // Loopback is not counted as an address, so each is counted by its name alone.
            let browser = scene.browser(at: "127.0.0.1")
            answers.append(await scene.signIn(who, in: browser, password: password, code: code))
            #expect(browser.cookies.isEmpty)
        }
        #expect(answers.allSatisfy { $0.status == 401 && $0.slug == "invalid-credentials" })
        #expect(Set(answers.map { $0.json["detail"]?.string }).count == 1)
        #expect(Set(answers.map { $0.json["title"]?.string }).count == 1)
    }

    @Test("of two sign-ins with one code at once, one gets in")
    func oneCode() async throws {
        let scene = try OperatorCase()
        let person = try await scene.person()
        async let first = scene.signIn(person, in: scene.browser(at: "127.0.0.1")).status
        async let second = scene.signIn(person, in: scene.browser(at: "127.0.0.1")).status
        #expect(await [first, second].sorted() == [200, 401])
    }

    @Test("five failures lock the name for a quarter of an hour, whatever comes then, and no customer of that name")
    func throttled() async throws {
        let scene = try OperatorCase()
        let person = try await scene.person(email: "both@example.org")
        for _ in 1...5 {
            #expect(await scene.signIn(person, in: scene.browser(), password: "wrong and wrong").status == 401)
        }
        let locked = await scene.signIn(person, in: scene.browser())
        #expect(locked.slug == "account-locked")
        #expect(locked.status == 403)
        let hash = try await FrontDoor.passwords.hash(Secret("a customer's own password"))
        _ = try await Given.person(email: "both@example.org", passwordHash: hash)
        let customer = await scene.door.browser(at: "192.0.2.20").send(
            .post, "/api/login", ["username": "both@example.org", "password": "a customer's own password"])
        #expect(customer.status == 200)
        scene.door.time.advance(by: .seconds(901))
        #expect(await scene.signIn(person, in: scene.browser()).status == 200)
    }

    @Test("a session ends half an hour after its last use, and twelve hours after it began")
    func limits() async throws {
        let scene = try OperatorCase()
        let (person, browser) = try await scene.signedIn()
        for _ in 1...28 {
            scene.door.time.advance(by: .seconds(1500))
            #expect(await browser.send(.get, "/api/operator/me").status == 200)
        }
        scene.door.time.advance(by: .seconds(1300))
        #expect(await browser.send(.get, "/api/operator/me").status == 401)
        let other = scene.browser()
        #expect(await scene.signIn(person, in: other).status == 200)
        scene.door.time.advance(by: .seconds(1801))
        #expect(await other.send(.get, "/api/operator/me").status == 401)
    }

    @Test("what changes something wants the session's own token, and signing out ends the session")
    func csrf() async throws {
        let scene = try OperatorCase()
        let (_, browser) = try await scene.signedIn()
        let own = browser.csrf
        for forged in [nil, "pcs_forged", BearerToken.new(.csrf).text.reveal()] as [String?] {
            browser.csrf = .some(forged)
            #expect(await browser.send(.post, "/api/operator/logout", [:]).slug == "csrf-failed")
        }
        browser.csrf = own
        let cookies = browser.cookies
        #expect(await browser.send(.post, "/api/operator/logout", [:]).status == 204)
        browser.cookies = cookies
        #expect(await browser.send(.get, "/api/operator/me").status == 401)
        #expect(try await scene.log().last == "operator_session.end")
    }

    @Test("a weak password and a wrong code leave the link as it was")
    func refusedSetup() async throws {
        let scene = try OperatorCase()
        let link = try await scene.accounts.create("mira@host.example", name: "Mira", role: .operator)
        let token = try OperatorCase.token(of: link)
        let early = await scene.browser().send(
            .post, "/api/operator/setup/complete",
            ["token": .string(token), "password": .string(OperatorCase.password), "code": "123456"])
        #expect(early.slug == "setup-not-begun")
        let begun = await scene.browser().send(.post, "/api/operator/setup/begin", ["token": .string(token)])
        let secret = Secret(OperatorCase.base32(try #require(begun.json["secret"]?.string)))
        let code = TimeCode.code(at: TimeCode.step(at: scene.door.time.now), secret: secret)
        let wrong = TimeCode.code(at: TimeCode.step(at: scene.door.time.now) + 40, secret: secret)
        for (password, code, field) in [
            ("short", code, "password"), ("password1234", code, "password"), (OperatorCase.password, wrong, "code"),
        ] {
            let answer = await scene.browser().send(
                .post, "/api/operator/setup/complete",
                ["token": .string(token), "password": .string(password), "code": .string(code)])
            #expect(answer.status == 400)
            #expect(answer.json["field"]?.string == field)
        }
        _ = try await scene.setUp(token)
    }

    @Test("a reset ends sessions, password and authenticator, and a shut account ends at once")
    func reset() async throws {
        let scene = try OperatorCase()
        let (person, browser) = try await scene.signedIn()
        let link = try await scene.accounts.reset(person.id)
        #expect(await browser.send(.get, "/api/operator/me").status == 401)
        #expect(await scene.signIn(person, in: scene.browser()).status == 401)
        let renewed = OperatorCase.Person(
            id: person.id, email: person.email, secret: try await scene.setUp(try OperatorCase.token(of: link)))
        let another = scene.browser()
        #expect(await scene.signIn(renewed, in: another).status == 200)
        try await scene.accounts.disable(person.id, true)
        #expect(await another.send(.get, "/api/operator/me").status == 401)
    }

    @Test("an address has one account, and a link lives for a day")
    func oneAccount() async throws {
        let scene = try OperatorCase()
        let link = try await scene.accounts.create("mira@host.example", name: "Mira", role: .operator)
        await #expect(throws: Problem.self) {
            try await scene.accounts.create("MIRA@host.example", name: "Mira", role: .operator)
        }
        scene.door.time.advance(by: .seconds(86_401))
        let late = await scene.browser().send(
            .post, "/api/operator/setup/begin", ["token": .string(try OperatorCase.token(of: link))])
        #expect(late.slug == "setup-link-invalid")
    }
}
