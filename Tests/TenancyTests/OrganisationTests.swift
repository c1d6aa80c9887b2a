import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import Tenancy
import TestKit
import Testing

@Suite(.postgres) struct OrganisationTests {
    private func door() throws -> FrontDoor { try FrontDoor { OrganisationRoutes($0.context).endpoints } }

    private func signedIn(_ door: FrontDoor, as user: UserID) async throws -> Browser {
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash)
        let browser = door.browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return browser
    }

    @Test("a new organisation has its creator as owner, a slug of its own and an entry in its trail")
    func create() async throws {
        let door = try door()
        let (user, first) = try await Given.member(as: .viewer)
        let browser = try await signedIn(door, as: user)
        door.time.advance(by: .seconds(1))
        let made = await browser.send(.post, "/api/orgs", ["displayName": " Süd & West GmbH "])
        #expect(made.status == 201)
        #expect(made.json["slug"]?.string == "sued-west-gmbh")
        #expect(made.json["displayName"]?.string == "Süd & West GmbH")
        #expect(made.json["role"]?.string == "owner")
        #expect(made.json["status"]?.string == "active")
        door.time.advance(by: .seconds(1))
        let again = await browser.send(.post, "/api/orgs", ["displayName": "Süd & West GmbH"])
        #expect(again.json["slug"]?.string == "sued-west-gmbh-2")
        let list = await browser.send(.get, "/api/orgs").json["data"]?.array ?? []
        #expect(list.map { $0["role"]?.string } == ["viewer", "owner", "owner"])
        let org = try #require(made.json["id"]?.string.flatMap { OrgID($0) })
        let counts = try await [org, first].asyncMap { org in
            try await TestDatabase.current.app.first(in: org, "SELECT count(*) FROM audit_entries") {
                try $0.next(Int.self)
            }
        }
        #expect(counts == [1, 0])
    }

    @Test(
        "names that do not fit are refused",
        arguments: ["", "ab", "a/b/c", "a\u{0}bc", String(repeating: "ü", count: 33)])
    func badNames(name: String) async throws {
        let browser = try await signedIn(try door(), as: Given.person())
        let answer = await browser.send(.post, "/api/orgs", ["displayName": .string(name)])
        #expect(answer.slug == "invalid-field")
        #expect(answer.json["field"]?.string == "displayName")
    }

    @Test("names of other scripts, and many of one name, still get slugs of their own")
    func slugs() async throws {
        let door = try door()
        let browser = try await signedIn(door, as: Given.person())
        var slugs: Set<String> = []
        for name in ["你好世界", "你好世界", "---", "Nordwind der Nordwinde im Norden und noch weiter oben"] {
            let made = await browser.send(.post, "/api/orgs", ["displayName": .string(name)])
            #expect(made.status == 201, "\(made.text)")
            slugs.insert(made.json["slug"]?.string ?? "")
        }
        for _ in 0..<25 {
            slugs.insert((await browser.send(.post, "/api/orgs", ["displayName": "Same"])).json["slug"]?.string ?? "")
        }
        #expect(slugs.count == 29)
        #expect(slugs.allSatisfy { Slug($0) != nil })
    }

    @Test("fifty organisations are enough for one owner")
    func limit() async throws {
        let door = try door()
        let user = try await Given.person()
        for _ in 0..<50 { try await Given.membership(of: user, in: Given.organisation()) }
        let browser = try await signedIn(door, as: user)
        #expect(await browser.send(.post, "/api/orgs", ["displayName": "One more"]).slug == "organisation-limit")
    }

    @Test("switching sets the cookie that later requests follow")
    func switching() async throws {
        let door = try door()
        let (user, first) = try await Given.member()
        let second = try await Given.organisation("Südwind")
        try await Given.membership(of: user, in: second, as: .viewer)
        let browser = try await signedIn(door, as: user)
        for org in [second, first] {
            let answer = await browser.send(.post, "/api/orgs/\(org)/switch")
            #expect(answer.status == 200)
            #expect(answer.json["organization"]?["id"]?.string == "\(org)")
            #expect(browser.cookies["pulse_org_id"] == "\(org)")
            #expect(await browser.send(.get, "/api/me").json["organization"]?["id"]?.string == "\(org)")
        }
    }

    @Test("foreign, unknown and malformed organisations cannot be switched to, and look alike; suspended says so")
    func switchRefused() async throws {
        let door = try door()
        let (user, _) = try await Given.member()
        let browser = try await signedIn(door, as: user)
        let foreign = try await Given.organisation()
        let shut = try await Given.organisation(state: "suspended")
        var bodies: Set<String> = []
        for org in ["\(foreign)", "\(shut)", "\(OrgID.new(at: Given.start))", "nonsense"] {
            let answer = await browser.send(.post, "/api/orgs/\(org)/switch")
            #expect(answer.status == 404)
            bodies.insert(answer.text)
        }
        #expect(bodies.count == 1)
        try await Given.membership(of: user, in: shut)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET suspension = 'abuse' WHERE id = \(shut)")
        #expect(await browser.send(.post, "/api/orgs/\(shut)/switch").slug == "org-suspended")
        #expect(browser.cookies["pulse_org_id"] == nil)
        // For billing: its people go in to pay, export or delete.
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET suspension = 'billing' WHERE id = \(shut)")
        let billing = await browser.send(.post, "/api/orgs/\(shut)/switch")
        #expect(billing.json["organization"]?["status"]?.string == "suspended")
        #expect(billing.json["organization"]?["suspendReason"]?.string == "billing")
    }

    @Test("whoever listens hears of a new organisation when it is there")
    func notified() async throws {
        let door = try door()
        let (heard, ear) = AsyncStream.makeStream(of: Listener.Event.self)
        let database = TestDatabase.current.app
        let listening = Task { await database.listen(to: ["pulse_orgs"]).run { ear.yield($0) } }
        defer { listening.cancel() }
        var events = heard.makeAsyncIterator()
        #expect(await events.next() == .connected)
        let browser = try await signedIn(door, as: Given.person())
        let made = await browser.send(.post, "/api/orgs", ["displayName": "Nordwind"])
        let id = try #require(made.json["id"]?.string)
        #expect(await events.next() == .notified(channel: "pulse_orgs", payload: "\(id) 1"))
    }
}

extension Array {
    fileprivate func asyncMap<Value>(_ body: (Element) async throws -> Value) async rethrows -> [Value] {
        var values: [Value] = []
        for element in self { values.append(try await body(element)) }
        return values
    }
}
