import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import VerifiedDomains

@Suite(.postgres) struct DomainRouteTests {
    let scene: DomainCase

    init() throws { scene = try DomainCase() }

    @Test("a domain is claimed, proven, shown and given up, each step with its entry") func life() async throws {
        let owner = try await scene.owner()
        let made = await owner.browser.send(.post, DomainCase.path, ["domain": "Example.COM"])
        #expect(made.status == 201 && made.json["state"] == "pending" && made.json["domain"] == "example.com")
        #expect(made.json["record"]?["name"] == "_pulse-challenge.example.com")
        let value = try #require(made.json["record"]?["value"]?.string)
        #expect(value.hasPrefix("pulse-domain-verification=") && value.utf8.count == 48)

        let early = await owner.browser.send(.post, "\(DomainCase.path)/example.com/verify")
        #expect(early.status == 409 && early.slug == "domain-not-proven")
        scene.zone["_pulse-challenge.example.com"] = .unanswered
        let silent = await owner.browser.send(.post, "\(DomainCase.path)/example.com/verify")
        #expect(silent.status == 409 && silent.slug == "domain-lookup-failed")
        scene.zone["_pulse-challenge.example.com"] = .found(["v=spf1 -all", value])
        let proven = await owner.browser.send(.post, "\(DomainCase.path)/EXAMPLE.com/verify")
        #expect(proven.status == 200 && proven.json["state"] == "verified", "\(proven.text)")
        #expect(proven.json["nextCheckAt"]?.string != nil)
        #expect(await owner.browser.send(.post, "\(DomainCase.path)/example.com/verify").status == 200, "again is fine")

        #expect(await owner.browser.send(.get, DomainCase.path).json["data"]?.array?.count == 1)
        #expect(await owner.browser.send(.get, "\(DomainCase.path)/example.com").json["state"] == "verified")
        #expect(await owner.browser.send(.delete, "\(DomainCase.path)/example.com").status == 204)
        #expect(await owner.browser.send(.delete, "\(DomainCase.path)/example.com").slug == "domain-not-found")
        #expect(
            try await scene.actions(in: owner.org)
                == ["domain.create", "domain.verify", "domain.verify", "domain.delete"])
    }

    @Test(
        "what cannot be somebody's own domain is refused with its field",
        arguments: ["gmail.com", "co.uk", "nonsense", "a@b.de"])
    func refused(domain: String) async throws {
        let owner = try await scene.owner()
        let answer = await owner.browser.send(.post, DomainCase.path, ["domain": .string(domain)])
        #expect(answer.status == 400 && answer.json["field"] == "domain")
    }

    @Test("a domain is claimed once by an organisation, and at most fifty of them") func bounds() async throws {
        let owner = try await scene.owner()
        for number in 1...DomainStore.limit {
            let made = await owner.browser.send(.post, DomainCase.path, ["domain": .string("d\(number).example.com")])
            #expect(made.status == 201)
        }
        let more = await owner.browser.send(.post, DomainCase.path, ["domain": "more.example.com"])
        #expect(more.slug == "domain-limit")
        #expect(await owner.browser.send(.delete, "\(DomainCase.path)/d1.example.com").status == 204)
        #expect(
            await owner.browser.send(.post, DomainCase.path, ["domain": "d2.example.com"]).slug == "domain-exists")
    }

    @Test("another organisation may claim what is verified, sees nothing of it, and is told only after its own proof")
    func foreign() async throws {
        let (ours, theirs) = (try await scene.owner(), try await scene.owner())
        try await scene.verified("example.com", by: ours)
        #expect(await theirs.browser.send(.get, DomainCase.path).json["data"] == [])
        #expect(await theirs.browser.send(.get, "\(DomainCase.path)/example.com").slug == "domain-not-found")
        for verb in [Endpoint.Method.delete, .patch] {
            let answer = await theirs.browser.send(
                verb, "\(DomainCase.path)/example.com", verb == .patch ? ["isEnforced": false] : nil)
            #expect(answer.slug == "domain-not-found")
        }
        let claimed = await theirs.browser.send(.post, DomainCase.path, ["domain": "example.com"])
        #expect(claimed.status == 201 && claimed.json["state"] == "pending")
        let unproven = await theirs.browser.send(.post, "\(DomainCase.path)/example.com/verify")
        #expect(unproven.slug == "domain-not-proven", "whose it is, nobody learns")
        let value = try #require(claimed.json["record"]?["value"]?.string)
        scene.zone["_pulse-challenge.example.com"] = .found([value])
        let proven = await theirs.browser.send(.post, "\(DomainCase.path)/example.com/verify")
        #expect(proven.status == 409 && proven.slug == "domain-taken")
        #expect(await ours.browser.send(.get, "\(DomainCase.path)/example.com").json["state"] == "verified")
    }

    @Test("a thousand organisations prove one domain at once: one has it") func race() async throws {
        let (count, domain) = (1000, "race.example.com")
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.orgs (id, slug, name, created_at)
            SELECT gen_random_uuid(), 'race-' || n, 'Race', \(Given.start) FROM generate_series(1, \(Int32(count))) n
            """)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.sso_domains (org_id, domain, token, created_at)
            SELECT id, \(domain), 'token', \(Given.start) FROM pulse.orgs WHERE slug LIKE 'race-%'
            """)
        let orgs = try await TestDatabase.current.superuser.rowsGlobally(
            "SELECT id FROM pulse.orgs WHERE slug LIKE 'race-%'"
        ) { try $0.next(OrgID.self) }
        let store = DomainStore(database: TestDatabase.current.app)
        let verdicts = try await withThrowingTaskGroup(of: DomainStore.Verdict.self) { group in
            var verdicts: [DomainStore.Verdict] = []
            for (index, org) in orgs.enumerated() {
                // No more at once than the pool serves while the rest of the tests run beside it.
                if index >= 24, let one = try await group.next() { verdicts.append(one) }
                group.addTask {
                    try await store.database.asOrg(org) {
                        try await store.verify(domain, nextCheck: Given.start, at: Given.start, in: $0)
                    }
                }
            }
            for try await one in group { verdicts.append(one) }
            return verdicts
        }
        #expect(verdicts.count { $0 == .won } == 1 && verdicts.count { $0 == .taken } == count - 1)
        let winners = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT count(*) FROM pulse.sso_domains WHERE domain = \(domain) AND state = 'verified'"
        ) { try $0.next(Int.self) }
        #expect(orgs.count == count && winners == 1)
    }

    @Test("who asks for the same name at the same moment shares one question") func shared() async throws {
        let gate = SlowZone()
        let shared = SharedLookups(gate)
        async let first = shared.texts(at: "a")
        await gate.untilAsked()
        async let second = shared.texts(at: "a")
        async let third = shared.texts(at: "a")
        while await shared.waiting < 3 { await Task.yield() }
        gate.answer(.found(["x"]))
        #expect(await [first, second, third] == [.found(["x"]), .found(["x"]), .found(["x"])])
        #expect(gate.asked == 1)
    }

    @Test("each change wants the person, not only their cookie") func fresh() async throws {
        let owner = try await scene.owner()
        try await scene.verified("example.com", by: owner)
        scene.door.time.advance(by: .seconds(700))
        let calls: [(Endpoint.Method, String, JSONValue?)] = [
            (.post, "", ["domain": "other.example.com"]), (.post, "/example.com/verify", nil),
            (.patch, "/example.com", ["isEnforced": false]), (.delete, "/example.com", nil),
        ]
        for (method, path, body) in calls {
            let answer = await owner.browser.send(method, DomainCase.path + path, body)
            #expect(answer.slug == "fresh-session-required", "\(method) \(path): \(answer.text)")
        }
    }
}
