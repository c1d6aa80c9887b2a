import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Identity

@Suite(.postgres) struct LoginTests {
    private let password = "correct horse battery"

    private func member(_ email: String = "ana@example.org") async throws -> (user: UserID, org: OrgID) {
        let hash = try await FrontDoor.passwords.hash(Secret(password))
        let user = try await Given.person(email: email, passwordHash: hash)
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org)
        return (user, org)
    }

    private func attempt(_ browser: Browser, _ password: String, as email: String = "ana@example.org") async
        -> Browser.Answer
    {
        await browser.send(.post, "/api/login", ["username": .string(email), "password": .string(password)])
    }

    @Test("the right password signs in: body, cookies, profile", arguments: [false, true])
    func signsIn(isSecure: Bool) async throws {
        let (user, org) = try await member()
        let browser = try FrontDoor().browser()
        browser.isSecure = isSecure
        let answer = await attempt(browser, password, as: " ANA@example.org ")
        #expect(answer.status == 200)
        #expect(answer.json["userId"]?.string == "\(user)")
        #expect(answer.json["email"]?.string == "ana@example.org")
        #expect(answer.json["organizations"]?[0]?["id"]?.string == "\(org)")
        #expect(answer.json["csrfToken"]?.string == browser.cookies["pulse_csrf"])
        #expect(browser.cookies["pulse_org_id"] == "\(org)")
        let name = isSecure ? "__Host-pulse_session" : "pulse_session"
        let session = answer.setCookies.first { $0.hasPrefix("\(name)=pse_") }
        #expect(session?.contains("; HttpOnly") == true)
        #expect(session?.contains("SameSite=Lax") == true)
        #expect(session?.contains("; Secure") == isSecure)
        for readable in ["pulse_csrf", "pulse_org_id"] {
            #expect(answer.setCookies.first { $0.hasPrefix(readable) }?.contains("HttpOnly") == false)
        }
        let me = await browser.send(.get, "/api/me")
        #expect(me.status == 200)
        #expect(me.json["user"]?["email"]?.string == "ana@example.org")
        #expect(me.json["organization"]?["id"]?.string == "\(org)")
        #expect(me.json["organization"]?["role"]?.string == "owner")
        #expect(me.json["csrfToken"]?.string == browser.cookies["pulse_csrf"])
        #expect(me.json["permissions"]?.array?.contains("manage:agents") == true)
    }

    @Test("wrong password, unknown address, account without password and nonsense are one answer")
    func refusalsAlike() async throws {
        _ = try await member()
        _ = try await Given.person(email: "link@example.org")
        let door = try FrontDoor()
        var bodies: Set<String> = []
        for (index, name) in ["ana@example.org", "nobody@example.org", "link@example.org", "x\u{0}y", ""].enumerated() {
            let answer = await attempt(door.browser(at: "192.0.2.\(index)"), "wrong horse battery", as: name)
            #expect(answer.status == 401)
            #expect(answer.slug == "invalid-credentials")
            #expect(answer.json["attempts"]?.string == "1")
            #expect(answer.json["remaining"]?.string == "4")
            #expect(answer.json["maxAttempts"]?.string == "5")
            bodies.insert(answer.text)
        }
        #expect(bodies.count == 1)
    }

    @Test("five failures of one name lock it for 15 minutes, whatever the password and wherever it comes from")
    func lockByName() async throws {
        _ = try await member()
        let door = try FrontDoor()
        for number in 1...5 {
            let answer = await attempt(door.browser(at: "192.0.2.\(number)"), "wrong horse battery")
            #expect(answer.status == 401)
            #expect(answer.json["remaining"]?.string == "\(5 - number)")
        }
        let locked = await attempt(door.browser(at: "198.51.100.1"), password)
        #expect(locked.status == 403)
        #expect(locked.slug == "account-locked")
        #expect(locked.json["code"]?.string == "account_locked")
        #expect(locked.json["remainingMinutes"]?.string == "15")
        #expect(locked.headers["retry-after"] == "900")
        door.time.advance(by: .seconds(899))
        #expect(await attempt(door.browser(), password).status == 403)
        door.time.advance(by: .seconds(1))
        #expect(await attempt(door.browser(), password).status == 200)
    }

    @Test("five failures from one network lock it for everybody's names, loopback apart")
    func lockByAddress() async throws {
        _ = try await member()
        let door = try FrontDoor()
        for number in 1...5 {
            _ = await attempt(door.browser(), "wrong horse battery", as: "user\(number)@example.org")
        }
        #expect(await attempt(door.browser(), password).slug == "account-locked")
        #expect(await attempt(door.browser(at: "192.0.2.99"), password).status == 200)
        for number in 1...9 {
            _ = await attempt(door.browser(at: "127.0.0.1"), "wrong horse battery", as: "user\(number)@example.net")
        }
        #expect(await attempt(door.browser(at: "127.0.0.1"), password).status == 200)
    }

    @Test("a good sign-in forgets the failures before it")
    func forgets() async throws {
        _ = try await member()
        let door = try FrontDoor()
        for round in 0..<3 {
            for number in 0..<4 {
                _ = await attempt(door.browser(at: "203.0.113.\(round * 4 + number)"), "wrong horse battery")
            }
            #expect(await attempt(door.browser(at: "198.51.100.\(round)"), password).status == 200)
        }
    }

    @Test("many guesses at once do not get more than five tries")
    func concurrentGuesses() async throws {
        let (user, _) = try await member()
        let door = try FrontDoor()
        await withDiscardingTaskGroup { group in
            for number in 0..<20 {
                let browser = door.browser(at: "192.0.2.\(number)")
                nonisolated(unsafe) let mine = browser  // each task has a browser of its own
                group.addTask {
                    await mine.send(
                        .post, "/api/login", ["username": "ana@example.org", "password": "wrong horse battery"])
                }
            }
        }
        let store = LoginStore(database: TestDatabase.current.app)
        let who = LoginSubject(name: Digests.sha256("login-name:ana@example.org"), address: nil)
        // The right password whose check began before the lock fell comes too late.
        let passed = try await TestDatabase.current.app.asNobody {
            try await store.pass(user, who, byDevice: false, renewedHash: nil, at: door.time.now, in: $0)
        }
        #expect(!passed)
        #expect(await attempt(door.browser(), password).slug == "account-locked")
    }

    @Test("a hash of an older cost is renewed by the next good sign-in")
    func renewal() async throws {
        let old = PasswordHasher(cost: PasswordCost(memoryKiB: 128, passes: 1, lanes: 1))
        let user = try await Given.person(email: "ana@example.org", passwordHash: try await old.hash(Secret(password)))
        let door = try FrontDoor()
        func stored() async throws -> String? {
            try await TestDatabase.current.superuser.firstGlobally(
                "SELECT password_hash FROM pulse.users WHERE id = \(user)"
            ) { try $0.next() }
        }
        #expect(try await stored()?.contains("m=128,") == true)
        #expect(await attempt(door.browser(), password).status == 200)
        #expect(try await stored()?.contains("m=64,") == true)
        #expect(await attempt(door.browser(), password).status == 200)
    }

    @Test(
        "a body that cannot be read is named",
        arguments: [
            ("", "invalid-json"), ("{", "invalid-json"), ("[]", "invalid-json"),
            (#"{"username":1,"password":"x"}"#, "invalid-json"),
            (#"{"username":"a@b.c"}"#, "invalid-json"), (#"{"password":"x"}"#, "invalid-json"),
            (#"{"username":"a@b.c","password":"x","rememberMe":"yes"}"#, "invalid-json"),
            ("{\"username\":\"a@b.c\",\"password\":\"\\ud800\"}", "invalid-json"),
        ])
    func badBodies(body: String, slug: String) async throws {
        let answer = await (try FrontDoor()).browser().send(.post, "/api/login", bytes: Array(body.utf8))
        #expect(answer.status == 400)
        #expect(answer.slug == slug)
    }

    @Test("the session a browser comes with ends when it signs in: nobody can plant one")
    func fixation() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let victim = door.browser()
        #expect(await attempt(victim, password).status == 200)
        let attacker = door.browser()
        attacker.cookies = victim.cookies
        #expect(await attacker.send(.get, "/api/me").status == 200)
        #expect(await attempt(victim, password).status == 200)
        #expect(victim.cookies["pulse_session"] != attacker.cookies["pulse_session"])
        #expect(await attacker.send(.get, "/api/me").status == 401)
    }

    @Test("remembered sessions live 30 days unused, others one")
    func remember() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let (brief, long) = (door.browser(), door.browser())
        let body: JSONValue = ["email": "ana@example.org", "password": .string(password), "rememberMe": true]
        let answer = await long.send(.post, "/api/login", body)
        #expect(answer.setCookies.first { $0.hasPrefix("pulse_session") }?.contains("Max-Age=2592000") == true)
        let shortLived = await attempt(brief, password)
        #expect(shortLived.setCookies.first { $0.hasPrefix("pulse_session") }?.contains("Max-Age") == false)
        door.time.advance(by: .seconds(29 * 86_400))
        #expect(await brief.send(.get, "/api/me").status == 401)
        #expect(await long.send(.get, "/api/me").status == 200)
        door.time.advance(by: .seconds(86_400))
        #expect(await long.send(.get, "/api/me").status == 401)
    }

    @Test("signing out ends the session on the server and in the browser")
    func logout() async throws {
        let (_, org) = try await member()
        let browser = try FrontDoor().browser()
        #expect(await attempt(browser, password).status == 200)
        let kept = browser.cookies
        browser.csrf = .some(nil)
        #expect(await browser.send(.post, "/api/logout").slug == "csrf-failed")
        browser.csrf = .none
        let answer = await browser.send(.post, "/api/logout")
        #expect(answer.json["success"]?.bool == true)
        #expect(Set(browser.cookies.keys) == ["pulse_device"])
        browser.cookies = kept
        #expect(await browser.send(.get, "/api/me").status == 401)
        let actions = try await TestDatabase.current.app.rows(
            in: org, "SELECT action FROM audit_entries ORDER BY action"
        ) { try $0.next(String.self) }
        #expect(actions == ["session.create", "session.end"])
    }
}
