import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Mail
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct PasswordTests {
    private let old = "correct horse battery"
    private let new = "nine calm grey herons"

    private func signedIn(_ door: FrontDoor, at address: String = "192.0.2.10") async throws -> Browser {
        let browser = door.browser(at: address)
        let answer = await logIn(browser, old)
        try #require(answer.status == 200)
        return browser
    }

    private func logIn(_ browser: Browser, _ password: String) async -> Browser.Answer {
        await browser.send(.post, "/api/login", ["email": "ana@example.org", "password": .string(password)])
    }

    private func member(hasPassword: Bool = true) async throws -> (user: UserID, org: OrgID) {
        let hash = hasPassword ? try await FrontDoor.passwords.hash(Secret(old)) : nil
        let user = try await Given.person(email: "ana@example.org", passwordHash: hash)
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org)
        return (user, org)
    }

    private func change(_ browser: Browser, from old: String?, to new: String) async -> Browser.Answer {
        var body: [String: JSONValue] = ["newPassword": .string(new)]
        if let old { body["currentPassword"] = .string(old) }
        return await browser.send(.post, "/api/security/change-password", .object(body))
    }

    private func actions(in org: OrgID) async throws -> [String] {
        try await TestDatabase.current.app.rows(in: org, "SELECT action FROM audit_entries ORDER BY at, id") {
            try $0.next(String.self)
        }
    }

    @Test("a changed password works at once, the old one no more; other sessions end, links too, and mail tells of it")
    func changes() async throws {
        let (_, org) = try await member()
        let door = try FrontDoor()
        let (here, there) = (try await signedIn(door), try await signedIn(door, at: "192.0.2.11"))
        await here.send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        let link = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        let answer = await change(here, from: old, to: new)
        #expect(answer.json == ["success": true, "revokedSessions": 1])
        #expect(await here.send(.get, "/api/me").status == 200)
        #expect(await there.send(.get, "/api/me").status == 401)
        let opened = await door.browser().send(.post, "/api/public/magic-link/verify", ["token": .string(link)])
        #expect(opened.slug == "invalid-magic-link")
        #expect(await logIn(door.browser(at: "192.0.2.12"), old).status == 401)
        #expect(await logIn(door.browser(at: "192.0.2.12"), new).status == 200)
        #expect(
            door.mail.all.contains {
                $0.subject.hasPrefix("Your password was changed") && $0.text.contains("192.0.2.10")
            })
        #expect(try await actions(in: org).filter { $0 == "password.change" }.count == 1)
    }

    @Test(
        "a password that is no good is refused with its reason, and nothing changes",
        arguments: [
            "short", "ana@example.org", "passwordpassword", "password1234", "aaaaaaaaaaaaaaaa",
            String(repeating: "x", count: 1025),
        ])
    func weak(password: String) async throws {
        _ = try await member()
        let door = try FrontDoor()
        let answer = await change(try await signedIn(door), from: old, to: password)
        #expect(answer.status == 400)
        #expect(answer.slug == "invalid-field")
        #expect(answer.json["field"]?.string == "newPassword")
        #expect(await logIn(door.browser(), old).status == 200)
    }

    @Test("whoever holds only the cookie has five tries at the password, then none for 15 minutes")
    func wrongCurrent() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let browser = try await signedIn(door)
        for _ in 1...5 { #expect(await change(browser, from: "wrong horse battery", to: new).slug == "wrong-password") }
        #expect(await change(browser, from: old, to: new).slug == "account-locked")
        #expect(await browser.send(.post, "/api/security/step-up", ["password": .string(old)]).slug == "account-locked")
        door.time.advance(by: .seconds(900))
        #expect(await change(browser, from: old, to: new).status == 200)
    }

    @Test("the present password may be left out only where there is none, and only with a fresh session")
    func firstPassword() async throws {
        _ = try await member(hasPassword: false)
        let door = try FrontDoor()
        let browser = door.browser()
        await browser.send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        let link = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        #expect(await browser.send(.post, "/api/public/magic-link/verify", ["token": .string(link)]).status == 200)
        door.time.advance(by: .seconds(600))
        #expect(await change(browser, from: nil, to: new).slug == "fresh-session-required")
        door.time.advance(by: .seconds(-1))
        #expect(await change(browser, from: nil, to: new).status == 200)
        #expect(await change(browser, from: nil, to: old).json["field"]?.string == "currentPassword")
        #expect(await logIn(door.browser(), new).status == 200)
    }

    @Test("a session is fresh for ten minutes after signing in or confirming it")
    func stepUp() async throws {
        let (_, org) = try await member()
        let door = try FrontDoor()
        let browser = try await signedIn(door)
        #expect(await browser.send(.get, "/api/security/account").json["freshUntil"]?.string != nil)
        door.time.advance(by: .seconds(3600))
        let stale = await browser.send(.get, "/api/security/account").json
        #expect(stale["freshUntil"]?.string == nil)
        #expect(stale["stepUpMethods"]?[0]?.string == "password")
        let wrong = await browser.send(.post, "/api/security/step-up", ["password": "wrong horse battery"])
        #expect(wrong.slug == "wrong-password")
        let confirmed = await browser.send(.post, "/api/security/step-up", ["password": .string(old)])
        #expect(confirmed.json["freshUntil"]?.string == "\(door.time.now + .seconds(600))")
        #expect(try await actions(in: org).last == "session.confirm")
    }

    private func reset(_ door: FrontDoor, _ token: String, _ password: String) async -> Browser.Answer {
        await door.browser().send(
            .post, "/api/public/password-reset/complete", ["token": .string(token), "password": .string(password)])
    }

    private func ask(_ door: FrontDoor, _ email: String = "ana@example.org") async -> Browser.Answer {
        await door.browser().send(.post, "/api/public/password-reset/request", ["email": .string(email)])
    }

    @Test("a mailed link sets a new password once; every session ends")
    func resets() async throws {
        let (_, org) = try await member()
        let door = try FrontDoor()
        let browser = try await signedIn(door)
        #expect(await ask(door).status == 200)
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "rp1_"))
        let check = await door.browser().send(.post, "/api/public/password-reset/check", ["token": .string(token)])
        #expect(check.json == ["email": "ana@example.org"])
        #expect(await reset(door, token, "passwordpassword").json["field"]?.string == "password")
        #expect(await reset(door, token, new).json == ["success": true])
        #expect(await browser.send(.get, "/api/me").status == 401)
        #expect(await reset(door, token, old).slug == "reset-link-invalid")
        #expect(await logIn(door.browser(), new).status == 200)
        #expect(await logIn(door.browser(), old).status == 401)
        #expect(door.mail.all.contains { $0.subject.hasPrefix("Your password was set anew") })
        #expect(try await actions(in: org).filter { $0 == "password.reset" }.count == 1)
    }

    @Test("a reset link lives 30 minutes and ends with a newer one", arguments: [(1799, 200), (1800, 400)])
    func resetExpires(seconds: Int, status: Int) async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = await ask(door)
        let older = try #require(door.mail.token(to: "ana@example.org", prefix: "rp1_"))
        _ = await ask(door)
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "rp1_"))
        #expect(await reset(door, older, new).slug == "reset-link-invalid")
        door.time.advance(by: .seconds(seconds))
        #expect(await reset(door, token, new).status == status)
    }

    @Test("known, unknown and too eager addresses get one answer; a sign-in link does not set a password")
    func resetAlike() async throws {
        _ = try await member()
        let door = try FrontDoor()
        var bodies: Set<String> = []
        for _ in 0..<5 { bodies.insert((await ask(door)).text) }
        bodies.insert((await ask(door, "nobody@example.org")).text)
        #expect(bodies.count == 1)
        #expect(door.mail.count(to: "ana@example.org") == 3)
        #expect(door.mail.count(to: "nobody@example.org") == 0)
        await door.browser().send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        let link = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        for token in [link, "rp1_" + link.dropFirst(4), "", "rp1_"] {
            #expect(await reset(door, token, new).slug == "reset-link-invalid")
        }
    }

    @Test("the database sets a password by no other link than one that is for that")
    func resetByKind() async throws {
        let (user, _) = try await member()
        let door = try FrontDoor()
        await door.browser().send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        _ = await ask(door)
        for (kind, changes) in [("login", false), ("reset", true)] {
            let hash = try #require(
                try await TestDatabase.current.superuser.firstGlobally(
                    "SELECT token_hash FROM pulse.email_links WHERE kind = \(kind) AND used_at IS NULL"
                ) { try $0.next([UInt8].self) })
            let whose = try await TestDatabase.current.app.firstGlobally(
                "SELECT user_id FROM reset_password(\(hash), 'no hash', \(door.time.now))"
            ) { try $0.next(UserID.self) }
            #expect(whose == (changes ? user : nil), "\(kind)")
        }
    }
}
