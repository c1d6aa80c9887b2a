import Cryptography
import Foundation
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Mail

@Suite(.postgres) struct ProfileTests {
    private func signedIn(_ door: FrontDoor, as user: UserID) async throws -> Browser {
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash, at: door.time.now)
        let browser = door.browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return browser
    }

    @Test("sessions are listed newest first, one is the present one, and each can be ended")
    func sessions() async throws {
        let door = try FrontDoor()
        let user = try await Given.person()
        let first = try await signedIn(door, as: user)
        door.time.advance(by: .seconds(10))
        let second = try await signedIn(door, as: user)
        let list = await second.send(.get, "/api/sessions").json["data"]?.array ?? []
        #expect(list.count == 2)
        #expect(list.map { $0["current"]?.bool } == [true, false])
        #expect(list[0]["address"]?.string == "192.0.2.1")
        let other = try #require(list[1]["id"]?.string)
        #expect(await second.send(.delete, "/api/sessions/\(other)").status == 204)
        #expect(await first.send(.get, "/api/me").status == 401)
        #expect(await second.send(.delete, "/api/sessions/\(other)").slug == "not-found")
        #expect(await second.send(.delete, "/api/sessions/nonsense").slug == "not-found")
    }

    @Test("all others end at once, the present one stays")
    func revokeOthers() async throws {
        let door = try FrontDoor()
        let user = try await Given.person()
        let others = [try await signedIn(door, as: user), try await signedIn(door, as: user)]
        let mine = try await signedIn(door, as: user)
        #expect(await mine.send(.post, "/api/sessions/revoke-others").json["revoked"]?.int == 2)
        for other in others { #expect(await other.send(.get, "/api/me").status == 401) }
        #expect(await mine.send(.get, "/api/me").status == 200)
    }

    @Test("one person neither sees nor ends another's sessions")
    func isolation() async throws {
        let door = try FrontDoor()
        let ana = try await signedIn(door, as: Given.person())
        let ben = try await signedIn(door, as: Given.person())
        let sessions = await ana.send(.get, "/api/sessions").json["data"]?.array ?? []
        #expect(sessions.count == 1)
        let id = try #require(sessions[0]["id"]?.string)
        #expect(await ben.send(.delete, "/api/sessions/\(id)").status == 404)
        #expect(await ben.send(.post, "/api/sessions/revoke-others").json["revoked"]?.int == 0)
        #expect(await ana.send(.get, "/api/me").status == 200)
    }

    @Test("a new name shows in the profile and in every organisation's member list, with an entry in the trail")
    func rename() async throws {
        let door = try FrontDoor()
        let (user, org) = try await Given.member()
        let browser = try await signedIn(door, as: user)
        let answer = await browser.send(.patch, "/api/me", ["displayName": "  Ana Petrović  "])
        #expect(answer.json["user"]?["displayName"]?.string == "Ana Petrović")
        let copy = try await TestDatabase.current.app.first(in: org, "SELECT display_name FROM members") {
            try $0.next(String.self)
        }
        #expect(copy == "Ana Petrović")
        let entry = try await TestDatabase.current.app.first(
            in: org, "SELECT actor, action, object, request_id, user_agent FROM audit_entries"
        ) { row in try (0..<5).map { _ in try row.next(String.self) } }
        #expect(entry == ["user:\(user)", "user.update", "user:\(user)", "req-test", "Test Browser"])
    }

    @Test(
        "names that are not one plain line are refused, naming the field",
        arguments: ["", "   ", "a\nb", "a\u{0}b", "x\u{202E}y", String(repeating: "ü", count: 65)])
    func badNames(name: String) async throws {
        let door = try FrontDoor()
        let browser = try await signedIn(door, as: Given.person())
        let answer = await browser.send(.patch, "/api/me", ["displayName": .string(name)])
        #expect(answer.slug == "invalid-field")
        #expect(answer.json["field"]?.string == "displayName")
    }

    @Test("someone of several organisations sees all of them, and none chosen until they choose")
    func several() async throws {
        let door = try FrontDoor()
        let (user, first) = try await Given.member()
        let second = try await Given.organisation("Südwind", state: "suspended")
        try await Given.membership(of: user, in: second, as: .viewer)
        let browser = try await signedIn(door, as: user)
        let undecided = await browser.send(.get, "/api/me").json
        #expect(undecided["organization"] == .null)
        #expect(undecided["organizations"]?.array?.count == 2)
        #expect(undecided["permissions"] == [])
        browser.cookies["pulse_org_id"] = "\(first)"
        #expect(await browser.send(.get, "/api/me").json["organization"]?["id"]?.string == "\(first)")
        browser.cookies["pulse_org_id"] = "\(second)"
        let suspended = await browser.send(.get, "/api/me").json
        // For billing: it is told, so that its people find the way back. For anything else it is not.
        #expect(suspended["organization"]?["id"]?.string == "\(second)")
        #expect(suspended["organization"]?["status"]?.string == "suspended")
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET suspension = 'abuse' WHERE id = \(second)")
        #expect(await browser.send(.get, "/api/me").json["organization"] == .null)
        #expect(suspended["organizations"]?.array?.contains { $0["status"]?.string == "suspended" } == true)
    }

    @Test("who has left the organisation they were in works on in another one of theirs, or in none")
    func fallingBack() async throws {
        let door = try FrontDoor()
        let (user, gone) = try await Given.member()
        let browser = try await signedIn(door, as: user)
        browser.cookies["pulse_org_id"] = "\(gone)"
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally("DELETE FROM pulse.members WHERE org_id = \(gone)")
        #expect(await browser.send(.get, "/api/me").json["organization"] == .null)
        let shut = try await Given.organisation("Shut", state: "suspended")
        try await Given.membership(of: user, in: shut)
        #expect(await browser.send(.get, "/api/me").json["organization"] == .null)
        let other = try await Given.organisation("Other")
        try await Given.membership(of: user, in: other, as: .viewer)
        let me = await browser.send(.get, "/api/me").json
        #expect(me["organization"]?["id"]?.string == "\(other)")
        #expect(me["permissions"]?.array?.compactMap(\.string) == Role.viewer.permissions.map(\.description))
        #expect(browser.cookies["pulse_org_id"] == "\(other)")
        for cookie in ["nonsense", ""] {
            browser.cookies["pulse_org_id"] = cookie
            #expect(await browser.send(.get, "/api/me").json["organization"] == .null)
        }
    }

    @Test("what has ended is swept, what lives stays")
    func sweep() async throws {
        let door = try FrontDoor()
        let user = try await Given.person(email: "ana@example.org")
        let browser = try await signedIn(door, as: user)
        await door.browser().send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        await door.browser().send(.post, "/api/login", ["username": "ana@example.org", "password": "wrong"])
        let sweeper = IdentitySweeper(database: TestDatabase.current.app, time: door.time, logger: .silent)
        // One answer that was just kept, and more old ones than one call takes.
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.idempotency_keys (place, body_hash, answer, created_at)
            SELECT sha256(int4send(n)), '', '', CASE n WHEN 0 THEN \(door.time.now) ELSE \(door.time.now) - interval '25 hours' END
            FROM generate_series(0, 6000) n
            """)
        #expect(try await sweeper.sweep() == 6000)
        #expect(try await sweeper.sweep() == 0)
        #expect(await browser.send(.get, "/api/me").status == 200)
        door.time.advance(by: .seconds(2 * 86_400))
        // One session, one link, three counters (the link, the name, the network), and the kept answer.
        #expect(try await sweeper.sweep() == 6)
        #expect(try await sweeper.sweep() == 0)
    }

    @Test("passwords have 12 to 1024 bytes and are not the address")
    func passwordRule() {
        let good = ["twelve bytes", String(repeating: "x", count: 1024), "pässwörd…"]
        for password in good { #expect(throws: Never.self) { try check(password) } }
        for password in ["", "eleven byte", String(repeating: "x", count: 1025), "Ana.Maria@Example.org"] {
            let problem = #expect(throws: Problem.self) { try check(password) }
            #expect(problem?.field == "password")
        }
    }

    private func check(_ password: String) throws {
        try PasswordRule.check(Secret(password), email: "ana.maria@example.org")
    }

    @Test("development's outbox shows mails with working links and nothing of theirs as markup")
    func outbox() async throws {
        let path = "/tmp/pulse-outbox-\(UserID.new(at: SystemTime().now))"
        let outbox = OutboxDirectory(path: path)
        defer { try? FileManager.default.removeItem(atPath: path) }
        let door = try FrontDoor { _ in OutboxRoutes(outbox).endpoints }
        #expect(await door.browser().send(.get, "/dev/outbox").text.contains("No mail yet"))
        try await outbox.deliver(
            MIMEMessage(
                mail: OutgoingMail(
                    to: try #require(EmailAddress("ana@example.org")), subject: "<b>Hi</b>",
                    text: "Open\n\nhttps://x.example/?a=1&b=2\n", html: ""),
                sender: try #require(Mailbox("pulse@example.com")), date: door.time.now, id: "1@example.com"
            ).rendered())
        let list = await door.browser().send(.get, "/dev/outbox")
        #expect(list.headers["content-type"]?.hasPrefix("text/html") == true)
        #expect(list.text.contains("href=\"/dev/outbox/1\""))
        #expect(list.text.contains("&lt;b&gt;Hi"))
        let mail = await door.browser().send(.get, "/dev/outbox/1").text
        #expect(mail.contains("<a href=\"https://x.example/?a=1&amp;b=2\">"))
        for missing in ["2", "0", "-1", "x", "99999999999999999999"] {
            #expect(await door.browser().send(.get, "/dev/outbox/\(missing)").status == 404)
        }
    }
}
