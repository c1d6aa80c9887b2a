import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Mail
import Postgres
import Tenancy
import TestKit
import Testing

@Suite(.postgres) struct SignUpTests {
    private let password = "correct horse battery"

    private func door(_ passwords: PasswordHasher = FrontDoor.passwords) throws -> FrontDoor {
        try FrontDoor(passwords: passwords) {
            SignUpRoutes($0.context).endpoints + OrganisationRoutes($0.context).endpoints
        }
    }

    private func ask(
        _ browser: Browser, _ email: String = "ana@example.org", _ name: String = "Nordwind Logistik"
    ) async -> Browser.Answer {
        await browser.send(.post, "/api/public/signup", ["email": .string(email), "organizationName": .string(name)])
    }

    private func token(_ door: FrontDoor, _ email: String = "ana@example.org") async throws -> String {
        #expect(await ask(door.browser(), email).status == 202)
        return try #require(door.mail.token(to: email, prefix: "su1_"))
    }

    private func complete(_ browser: Browser, _ token: String, _ password: String?) async -> Browser.Answer {
        var body: [String: JSONValue] = ["token": .string(token), "displayName": "Ana"]
        body["password"] = password.map { .string($0) }
        return await browser.send(.post, "/api/public/signup/complete", .object(body))
    }

    @Test("from an address to an organisation: mail, check, password, signed in as owner")
    func wholeWay() async throws {
        let door = try door()
        let token = try await token(door)
        let browser = door.browser()
        let check = await browser.send(.post, "/api/public/signup/check", ["token": .string(token)])
        #expect(
            check.json == [
                "email": "ana@example.org", "organizationName": "Nordwind Logistik", "existingAccount": false,
            ])
        let done = await complete(browser, token, password)
        #expect(done.status == 201)
        #expect(done.json["slug"]?.string == "nordwind-logistik")
        #expect(done.json["csrfToken"]?.string == browser.cookies["pulse_csrf"])
        let me = await browser.send(.get, "/api/me").json
        #expect(me["organization"]?["id"] == done.json["orgId"])
        #expect(me["organization"]?["displayName"]?.string == "Nordwind Logistik")
        #expect(me["organization"]?["role"]?.string == "owner")
        #expect(me["user"]?["displayName"]?.string == "Ana")
        let org = try #require(done.json["orgId"]?.string.flatMap { OrgID($0) })
        let entries = try await TestDatabase.current.app.rows(
            in: org, "SELECT action, object FROM audit_entries"
        ) { [try $0.next(String.self), try $0.next(String.self)] }
        #expect(entries == [["organisation.create", "organisation:\(org)"]])
        let login = await door.browser().send(
            .post, "/api/login", ["username": "ana@example.org", "password": .string(password)])
        #expect(login.status == 200)
    }

    @Test("a used link says so, an expired one too, and made-up ones are refused, at check and completion alike")
    func deadLinks() async throws {
        let door = try door()
        let used = try await token(door)
        #expect(await complete(door.browser(), used, password).status == 201)
        let expired = try await token(door, "ben@example.org")
        door.time.advance(by: .seconds(900))
        let stranger = BearerToken.new(.signup).text.reveal()
        let cases = [
            (used, "signup-link-used"), (expired, "signup-link-expired"), (stranger, "signup-link-invalid"),
            ("", "signup-link-invalid"), ("su1_", "signup-link-invalid"),
            ("ml1_" + used.dropFirst(4), "signup-link-invalid"),
            (String(repeating: "a", count: 5000), "signup-link-invalid"),
        ]
        for (token, slug) in cases {
            let check = await door.browser().send(.post, "/api/public/signup/check", ["token": .string(token)])
            #expect(check.status == 400)
            #expect(check.slug == slug)
            #expect(await complete(door.browser(), token, password).slug == slug)
        }
    }

    @Test("a link works until its last second")
    func lastSecond() async throws {
        let door = try door()
        let token = try await token(door)
        door.time.advance(by: .seconds(899))
        #expect(await complete(door.browser(), token, password).status == 201)
    }

    @Test("of many who complete one link at once exactly one wins, and one organisation exists")
    func race() async throws {
        let door = try door()
        let token = try await token(door)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 {
                nonisolated(unsafe) let browser = door.browser()  // each task has a browser of its own
                let body: JSONValue = ["token": .string(token), "password": .string(password)]
                group.addTask { await browser.send(.post, "/api/public/signup/complete", body).status }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 201 } == 1)
        #expect(statuses.count { $0 == 400 } == 7)
        let counts = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT (SELECT count(*) FROM pulse.orgs), (SELECT count(*) FROM pulse.users), (SELECT count(*) FROM pulse.members)"
        ) { row in try (0..<3).map { _ in try row.next(Int.self) } }
        #expect(counts == [1, 1, 1])
    }

    @Test("a newer link ends the older one of its mailbox, and no other mailbox's")
    func newerLink() async throws {
        let door = try door()
        let other = try await token(door, "ben@example.org")
        let (older, newer) = (try await token(door), try await token(door))
        #expect(await complete(door.browser(), older, password).slug == "signup-link-used")
        #expect(await complete(door.browser(), newer, password).status == 201)
        #expect(await complete(door.browser(), other, password).status == 201)
    }

    @Test("a mailed link alone does not open an account with two-step sign-in, and is not used up")
    func secondStep() async throws {
        let user = try await Given.person(email: "ana@example.org")
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.totp_secrets (user_id, secret, created_at, enabled_at)
            VALUES (\(user), \([UInt8](repeating: 1, count: 65)), now(), now())
            """)
        let door = try door()
        let link = try await token(door)
        let browser = door.browser()
        let refused = await complete(browser, link, password)
        #expect(refused.slug == "sign-in-first")
        #expect(refused.setCookies.isEmpty)
        try await TestDatabase.current.superuser.executeGlobally("DELETE FROM pulse.totp_secrets")
        #expect(await complete(browser, link, password).status == 201)
    }

    @Test("someone with an account gets another organisation; their password stays, whatever is sent")
    func existingAccount() async throws {
        let door = try door()
        #expect(await complete(door.browser(), try await token(door), password).status == 201)
        let second = try await token(door)
        let check = await door.browser().send(.post, "/api/public/signup/check", ["token": .string(second)])
        #expect(check.json["existingAccount"]?.bool == true)
        let browser = door.browser()
        #expect(await complete(browser, second, "another password 99").status == 201)
        #expect(await browser.send(.get, "/api/orgs").json["data"]?.array?.count == 2)
        let old = await door.browser().send(
            .post, "/api/login", ["username": "ana@example.org", "password": .string(password)])
        let new = await door.browser().send(
            .post, "/api/login", ["username": "ana@example.org", "password": "another password 99"])
        #expect(old.status == 200)
        #expect(new.status == 401)
        #expect(old.json["organizations"]?.array?.count == 2)
    }

    @Test("known, unknown and too eager addresses get the same answer after the same work")
    func alike() async throws {
        _ = try await Given.person(email: "known@example.org")
        let door = try door()
        var answers: Set<String> = []
        for number in 0..<5 {
            answers.insert((await ask(door.browser(at: "192.0.2.\(number)"), "eager@example.org")).text)
        }
        for (number, email) in ["known@example.org", "new@example.org"].enumerated() {
            let answer = await ask(door.browser(at: "198.51.100.\(number)"), email)
            #expect(answer.status == 202)
            answers.insert(answer.text)
        }
        #expect(answers.count == 1)
        #expect(door.mail.count(to: "eager@example.org") == 3)
        #expect(door.mail.count(to: "known@example.org") == 1)
        #expect(door.mail.count(to: "new@example.org") == 1)
        let rows = try await TestDatabase.current.superuser.rowsGlobally(
            "SELECT count(*) FROM pulse.email_links GROUP BY email ORDER BY email"
        ) { try $0.next(Int.self) }
        #expect(rows == [5, 1, 1])
        door.time.advance(by: .seconds(3600))
        #expect(await ask(door.browser(), "eager@example.org").status == 202)
        #expect(door.mail.count(to: "eager@example.org") == 4)
    }

    @Test("the sixth sign-up of a network within an hour is refused, an hour later taken; loopback is not counted")
    func byNetwork() async throws {
        let door = try door()
        for number in 1...5 { #expect(await ask(door.browser(), "user\(number)@example.org").status == 202) }
        let sixth = await ask(door.browser(), "user6@example.org")
        #expect(sixth.status == 429)
        #expect(sixth.slug == "rate-limited")
        #expect(sixth.headers["retry-after"] == "3600")
        #expect(door.mail.count(to: "user6@example.org") == 0)
        for number in 1...9 {
            #expect(await ask(door.browser(at: "127.0.0.1"), "local\(number)@example.org").status == 202)
        }
        door.time.advance(by: .seconds(3600))
        #expect(await ask(door.browser(), "user6@example.org").status == 202)
    }

    @Test(
        "bodies that do not fit are refused, naming the field",
        arguments: [
            (#"{"email":"not an address","organizationName":"Nordwind"}"#, "email"),
            (#"{"email":"a@b","organizationName":"Nordwind"}"#, "email"),
            (#"{"email":"a@@b.c","organizationName":"Nordwind"}"#, "email"),
            ("{\"email\":\"a\\u0000@b.c\",\"organizationName\":\"Nordwind\"}", "email"),
            (#"{"organizationName":"Nordwind"}"#, "email"), (#"{"email":"a@b.co"}"#, "organizationName"),
            (#"{"email":"a@b.co","organizationName":"ab"}"#, "organizationName"),
            (#"{"email":"a@b.co","org_name":"ab"}"#, "org_name"),
            (#"{"email":"a@b.co","organizationName":"a/b/c"}"#, "organizationName"),
            (#"{"email":"a@b.co","organizationName":"a\\b"}"#, "organizationName"),
            ("{\"email\":\"a@b.co\",\"organizationName\":\"abc\\u0000d\"}", "organizationName"),
            ("{\"email\":\"a@b.co\",\"organizationName\":\"abc\\nd\"}", "organizationName"),
            (#"{"email":"a@b.co","organizationName":7}"#, "organizationName"),
            (#"{"email":"a@b.co","organizationName":"\#(String(repeating: "x", count: 65))"}"#, "organizationName"),
        ])
    func badBodies(body: String, field: String) async throws {
        let door = try door()
        let answer = await door.browser().send(.post, "/api/public/signup", bytes: Array(body.utf8))
        #expect(answer.status == 400)
        #expect(answer.json["field"]?.string == field)
        #expect(door.mail.all.isEmpty)
    }

    @Test(
        "a new account needs a password that fits, and the link survives the refusal",
        arguments: [nil, "", "eleven byte", String(repeating: "x", count: 1025), "ANA.MARIA@example.org"])
    func badPasswords(bad: String?) async throws {
        let door = try door()
        let token = try await token(door, "ana.maria@example.org")
        let refused = await complete(door.browser(), token, bad)
        #expect(refused.slug == "invalid-field")
        #expect(refused.json["field"]?.string == "password")
        #expect(await complete(door.browser(), token, password).status == 201)
    }

    @Test("the mail names organisation and link, and markup in a name stays text")
    func letter() async throws {
        let door = try door()
        #expect(await ask(door.browser(), "ana@example.org", "<b>Ümläut & Co").status == 202)
        let mail = try #require(door.mail.all.last)
        #expect(mail.subject == "Set up <b>Ümläut & Co on Pulse")
        #expect(mail.text.contains("https://pulse.example.com/set-password?token=su1_"))
        #expect(mail.html.contains("&lt;b&gt;Ümläut &amp; Co"))
        #expect(!mail.html.contains("<b>"))
    }
}
