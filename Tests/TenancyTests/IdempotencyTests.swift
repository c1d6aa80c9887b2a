import Cryptography
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import Tenancy
import TestKit
import Testing

@Suite(.postgres) struct IdempotencyTests {
    private let secret = Secret(Array("a secret key for tests, 32 bytes!".utf8))

    private func door(_ more: @escaping (FrontDoorParts) -> [Endpoint] = { _ in [] }) throws -> FrontDoor {
        try FrontDoor { parts in
            OrganisationRoutes(parts.context).endpoints + InvitationRoutes(parts.context).endpoints + more(parts)
        } idempotency: { [secret] context in
            IdempotentAnswers(database: context.database, secret: secret, time: context.time)
        }
    }

    private func organisations(of user: UserID) async throws -> Int? {
        try await TestDatabase.current.superuser.firstGlobally(
            "SELECT count(*) FROM pulse.members WHERE user_id = \(user)"
        ) { try $0.next() }
    }

    @Test("a thousand creations with one key make one organisation and are told one answer")
    func thousand() async throws {
        let door = try door()
        let user = try await Given.person()
        let cookies = try await door.browser(of: user).cookies
        let answers = await withTaskGroup(of: String.self) { group in
            for _ in 0..<1000 {
                let browser = door.browser()
                browser.cookies = cookies
                let caller = KeyedBrowser(browser)
                group.addTask { await caller.create("Nordwind", key: "one") }
            }
            return await group.reduce(into: Set<String>()) { $0.insert($1) }
        }
        #expect(answers.count == 1, "\(answers.prefix(3))")
        #expect(answers.first?.hasPrefix("201 ") == true)
        #expect(try await organisations(of: user) == 1)
    }

    @Test("the answer is told again by another process, for a day")
    func replay() async throws {
        let door = try door()
        let user = try await Given.person()
        let first = await KeyedBrowser(try await door.browser(of: user)).create("Nordwind", key: "k")
        let elsewhere = try self.door()
        let again = await KeyedBrowser(try await elsewhere.browser(of: user)).create("Nordwind", key: "k")
        #expect(first == again)
        elsewhere.time.advance(by: .seconds(86_401))
        let late = await KeyedBrowser(try await elsewhere.browser(of: user)).create("Nordwind", key: "k")
        #expect(late != first && late.hasPrefix("201 "))
        #expect(try await organisations(of: user) == 2)
    }

    @Test("a key belongs to its caller, its path and its body")
    func scope() async throws {
        let door = try door()
        let (user, other) = (try await Given.person(), try await Given.person())
        let mine = KeyedBrowser(try await door.browser(of: user))
        let first = await mine.create("Nordwind", key: "k")
        #expect(await mine.create("Südwind", key: "k").contains("idempotency-key-reused"))
        let theirs = await KeyedBrowser(try await door.browser(of: other)).create("Nordwind", key: "k")
        #expect(theirs.hasPrefix("201 ") && theirs != first)
        #expect(await mine.create("Nordwind", key: "k2") != first)
        #expect(await mine.create("Nordwind", key: "").contains("invalid-idempotency-key"))
    }

    @Test("the database itself tells a key that comes with another body, and keeps the answer to itself")
    func reused() async throws {
        let door = try door()
        _ = await KeyedBrowser(try await door.browser(of: Given.person())).create("Nordwind", key: "k")
        let kept = try #require(
            try await TestDatabase.current.superuser.firstGlobally(
                "SELECT place, body_hash FROM pulse.idempotency_keys"
            ) { (place: try $0.next([UInt8].self), body: try $0.next([UInt8].self)) })
        for (body, outcome) in [(kept.body, "stored"), (Digests.sha256(kept.body), "reused")] {
            let claim = try await TestDatabase.current.app.firstGlobally(
                "SELECT outcome, answer FROM claim_idempotency(\(kept.place), \(body), \(door.time.now))"
            ) { (outcome: try $0.next(String.self), answer: try $0.next([UInt8]?.self)) }
            #expect(claim?.outcome == outcome)
            #expect((claim?.answer == nil) == (outcome == "reused"))
        }
    }

    @Test("a creation that was refused is tried again, and leaves nothing behind")
    func refusal() async throws {
        let place = try await TenancyCase()
        let door = try door()
        let browser = try await door.browser(of: place.owner)
        let path = "\(place.path)/invitations"
        let user = try await Given.person(email: "ben@example.org")
        try await Given.membership(of: user, in: place.org, as: .viewer)
        let body: JSONValue = ["email": "ben@example.org", "role": "viewer"]
        let headers: Headers = ["idempotency-key": "k"]
        #expect(await browser.send(.post, path, body, headers: headers).slug == "already-member")
        try await TestDatabase.current.superuser.executeGlobally(
            "DELETE FROM pulse.members WHERE user_id = \(user)")
        #expect(await browser.send(.post, path, body, headers: headers).status == 201)
        #expect(await browser.send(.post, path, body, headers: headers).status == 201)
        #expect(door.mail.count(to: "ben@example.org") == 1)
        #expect(try await place.trail() == ["invitation.create"])
    }

    @Test("effect, audit entry and answer stand or fall together, and mail waits for them", arguments: [true, false])
    func together(fails: Bool) async throws {
        let place = try await TenancyCase()
        let door = try door()
        if fails {
            try await TestDatabase.current.superuser.executeGlobally(
                "REVOKE EXECUTE ON FUNCTION pulse.keep_idempotency FROM pulse_app")
        }
        let answer = await (try await door.browser(of: place.owner)).send(
            .post, "\(place.path)/invitations", ["email": "ben@example.org", "role": "viewer"],
            headers: ["idempotency-key": "k"])
        let count = try await TestDatabase.current.app.first(in: place.org, "SELECT count(*) FROM invitations") {
            try $0.next(Int.self)
        }
        #expect(answer.status == (fails ? 500 : 201))
        #expect(count == (fails ? 0 : 1))
        #expect(try await place.trail() == (fails ? [] : ["invitation.create"]))
        #expect(door.mail.all.count == (fails ? 0 : 1))
    }

    @Test("while another process is at it a connection is not held, and two seconds later the caller is told so")
    func busy() async throws {
        let door = try door()
        let user = try await Given.person()
        let mine = KeyedBrowser(try await door.browser(of: user))
        #expect(await mine.create("Nordwind", key: "k").hasPrefix("201 "))
        let place = try await TestDatabase.current.superuser.firstGlobally(
            "DELETE FROM pulse.idempotency_keys RETURNING place"
        ) { try $0.next([UInt8].self) }
        let held = try #require(place)
        try await TestDatabase.current.superuser.asNobody { transaction in
            _ = try await transaction.first(
                "SELECT outcome FROM pulse.claim_idempotency(\(held), \([UInt8]()), \(door.time.now))"
            ) { try $0.next(String.self) }
            async let answer = mine.create("Nordwind", key: "k")
            // Its pause is on our clock: each time it sleeps it holds no connection.
            for _ in 0..<40 {
                await door.time.untilSomebodySleeps()
                _ = try await TestDatabase.current.app.asNobody { try await $0.execute("SELECT 1") }
                door.time.advance(by: .milliseconds(50))
            }
            #expect(await answer.contains("idempotency-key-busy"))
        }
        #expect(await mine.create("Nordwind", key: "k").hasPrefix("201 "))
    }

    @Test("what is kept tells nobody anything without the key and the installation's secret")
    func sealed() async throws {
        let door = try door()
        let mine = KeyedBrowser(try await door.browser(of: Given.person()))
        _ = await mine.create("Nordwind", key: "k")
        let kept =
            try await TestDatabase.current.superuser.firstGlobally(
                "SELECT answer FROM pulse.idempotency_keys"
            ) { try $0.next([UInt8].self) } ?? []
        #expect(!kept.isEmpty)
        #expect(!String(decoding: kept, as: UTF8.self).contains("Nordwind"))
        let seen = try? await TestDatabase.current.app.firstGlobally("SELECT answer FROM idempotency_keys") {
            try $0.next([UInt8].self)
        }
        #expect(seen == nil)
    }
}

/// A browser in one task's hands, that creates with a key.
/// `@unchecked Sendable`: the test gives each to one task at a time.
struct KeyedBrowser: @unchecked Sendable {
    private let browser: Browser
    init(_ browser: Browser) { self.browser = browser }

    /// Status and body.
    func create(_ name: String, key: String) async -> String {
        let answer = await browser.send(
            .post, "/api/orgs", ["displayName": .string(name)], headers: ["idempotency-key": key])
        return "\(answer.status) \(answer.text)"
    }
}
