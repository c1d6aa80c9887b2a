import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct MagicLinkTests {
    private func ask(_ door: FrontDoor, _ email: String = "ana@example.org") async -> Browser.Answer {
        await door.browser().send(.post, "/api/public/magic-link/request", ["email": .string(email)])
    }

    private func member() async throws -> (user: UserID, org: OrgID) {
        let user = try await Given.person(email: "ana@example.org")
        let org = try await Given.organisation()
        try await Given.membership(of: user, in: org)
        return (user, org)
    }

    private func open(_ browser: Browser, _ token: String, json: Bool = true) async -> Browser.Answer {
        await browser.send(
            .get, "/api/public/magic-link/verify?token=\(token)", headers: json ? ["accept": "application/json"] : [:])
    }

    @Test("a link signs its person in, once")
    func once() async throws {
        let (user, org) = try await member()
        let door = try FrontDoor()
        #expect(await ask(door).status == 200)
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        let browser = door.browser()
        let answer = await open(browser, token)
        #expect(answer.json["success"]?.bool == true)
        #expect(answer.json["userId"]?.string == "\(user)")
        #expect(answer.json["orgId"]?.string == "\(org)")
        #expect(await browser.send(.get, "/api/me").status == 200)
        let again = await open(door.browser(), token)
        #expect(again.status == 400)
        #expect(again.slug == "invalid-magic-link")
    }

    @Test("the browser that asked goes straight in, once")
    func askingBrowser() async throws {
        _ = try await member()
        let door = try FrontDoor()
        let browser = door.browser()
        await browser.send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        let kept = browser.cookies
        let good = await open(browser, token, json: false)
        #expect(good.status == 307)
        #expect(good.headers["location"] == "/")
        #expect(browser.cookies["pulse_session"] != nil && browser.cookies["pulse_link"] == nil)
        browser.cookies = kept
        let bad = await open(browser, token, json: false)
        #expect(bad.status == 307)
        #expect(bad.headers["location"] == "/login?error=magic_link_invalid")
        #expect(bad.setCookies.isEmpty)
    }

    @Test("what merely looks at a link uses nothing up; the page's button does")
    func lookers() async throws {
        let (user, _) = try await member()
        let door = try FrontDoor()
        let asker = door.browser()
        await asker.send(.post, "/api/public/magic-link/request", ["email": "ana@example.org"])
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        let stranger = door.browser()
        await stranger.send(.post, "/api/public/magic-link/request", ["email": "nobody@example.org"])
        let prefetch: Headers = ["sec-purpose": "prefetch;prerender"]
        let looks = [
            await open(door.browser(), token, json: false), await open(stranger, token, json: false),
            await asker.send(.get, "/api/public/magic-link/verify?token=\(token)", headers: prefetch),
        ]
        for look in looks {
            #expect(look.headers["location"] == "/magic-link?token=\(token)")
            #expect(look.setCookies.isEmpty)
        }
        let pressed = door.browser()
        let answer = await pressed.send(.post, "/api/public/magic-link/verify", ["token": .string(token)])
        #expect(answer.json["userId"]?.string == "\(user)")
        #expect(answer.json["csrfToken"]?.string == pressed.cookies["pulse_csrf"])
        #expect(await pressed.send(.get, "/api/me").status == 200)
        let again = await pressed.send(.post, "/api/public/magic-link/verify", ["token": .string(token)])
        #expect(again.slug == "invalid-magic-link")
    }

    @Test("a newer link ends the older one")
    func newerLink() async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = await ask(door)
        let older = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        _ = await ask(door)
        let newer = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        #expect(await open(door.browser(), older).slug == "invalid-magic-link")
        #expect(await open(door.browser(), newer).status == 200)
    }

    @Test("a link works for 15 minutes", arguments: [(899, 200), (900, 400)])
    func expires(seconds: Int, status: Int) async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = await ask(door)
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        door.time.advance(by: .seconds(seconds))
        #expect(await open(door.browser(), token).status == status)
    }

    @Test("of many who open one link at once exactly one gets in")
    func race() async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = await ask(door)
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                nonisolated(unsafe) let browser = door.browser()  // each task has a browser of its own
                group.addTask {
                    await browser.send(
                        .get, "/api/public/magic-link/verify?token=\(token)", headers: ["accept": "application/json"]
                    ).status
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
        #expect(statuses.count { $0 == 400 } == 7)
    }

    @Test("known, unknown and too eager addresses get the same answer for the same work; only the first gets mail")
    func alike() async throws {
        _ = try await member()
        let door = try FrontDoor()
        var bodies: Set<String> = []
        for _ in 0..<5 { bodies.insert((await ask(door)).text) }
        bodies.insert((await ask(door, "nobody@example.org")).text)
        #expect(bodies.count == 1)
        #expect(door.mail.count(to: "ana@example.org") == 3)
        #expect(door.mail.count(to: "nobody@example.org") == 0)
        let rows = try await TestDatabase.current.superuser.rowsGlobally(
            "SELECT email, count(*), count(used_at) FROM pulse.email_links GROUP BY email ORDER BY email"
        ) { (try $0.next(String.self), try $0.next(Int.self), try $0.next(Int.self)) }
        #expect(rows.map(\.1) == [5, 1])
        // Of the three that were mailed the newest still works.
        #expect(rows.map(\.2) == [4, 1])
        door.time.advance(by: .seconds(3600))
        _ = await ask(door)
        #expect(door.mail.count(to: "ana@example.org") == 4)
    }

    @Test("what is not a sign-in link of ours opens nothing")
    func nonsense() async throws {
        _ = try await member()
        let door = try FrontDoor()
        for token in ["", "ml1_", "ml1_nonsense", "su1_AAAA", String(repeating: "A", count: 3000)] {
            #expect(await open(door.browser(), token).slug == "invalid-magic-link")
        }
        #expect(await door.browser().send(.get, "/api/public/magic-link/verify").status == 307)
    }

    @Test("rows slipped into the table open nothing without the installation's key")
    func foreignKey() async throws {
        _ = try await member()
        let door = try FrontDoor()
        _ = await ask(door)
        let token = try #require(door.mail.token(to: "ana@example.org", prefix: "ml1_"))
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.email_links SET token_hash = sha256(\(Array(token.utf8)))")
        #expect(await open(door.browser(), token).status == 400)
    }
}
