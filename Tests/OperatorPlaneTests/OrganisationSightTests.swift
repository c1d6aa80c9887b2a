import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

@Suite(.postgres) struct OrganisationSightTests {
    private func slugs(_ answer: Browser.Answer) -> [String] {
        answer.json["data"]?.array?.compactMap { $0["displayName"]?.string } ?? []
    }

    @Test("an organisation is found by part of its name or slug, its id, and a member's whole address")
    func search() async throws {
        let scene = try OperatorCase()
        let (_, browser) = try await scene.signedIn()
        let north = try await Given.organisation("Nordwind AG")
        let south = try await Given.organisation("Südwind")
        let user = try await Given.person(email: "Ana@nordwind.example")
        try await Given.membership(of: user, in: north)
        for (query, found) in [
            ("q=ordwin", ["Nordwind AG"]), ("q=NORDWIND", ["Nordwind AG"]), ("q=\(south)", ["Südwind"]),
            ("q=ana@nordwind.example", ["Nordwind AG"]), ("q=ana@nordwind", []),
            ("q=org-", ["Südwind", "Nordwind AG"]),
            ("q=%25", []), ("status=suspended", []), ("status=active&limit=1", ["Südwind"]),
        ] {
            let answer = await browser.send(.get, "/api/operator/orgs?\(query)")
            #expect(Set(slugs(answer)).isSubset(of: ["Nordwind AG", "Südwind"]))
            if query.hasSuffix("limit=1") {
                #expect(slugs(answer).count == 1)
            } else {
                #expect(Set(slugs(answer)) == Set(found), "\(query)")
            }
        }
        let first = await browser.send(.get, "/api/operator/orgs?limit=1")
        let cursor = try #require(first.json["nextCursor"]?.string)
        let second = await browser.send(.get, "/api/operator/orgs?limit=1&cursor=\(cursor)")
        #expect(Set(slugs(first) + slugs(second)) == ["Nordwind AG", "Südwind"])
        #expect(second.json["nextCursor"] == nil)
        #expect(await browser.send(.get, "/api/operator/orgs?status=lost").json["field"]?.string == "status")
        #expect(await browser.send(.get, "/api/operator/orgs?cursor=lost").json["field"]?.string == "cursor")
    }

    @Test("each look leaves an entry with the organisations it showed, and with no other")
    func entries() async throws {
        let scene = try OperatorCase()
        let (_, browser) = try await scene.signedIn()
        let (shown, hidden) = (try await Given.organisation("Nordwind"), try await Given.organisation("Südstern"))
        #expect(await browser.send(.get, "/api/operator/orgs?q=nordwind").status == 200)
        #expect(await browser.send(.get, "/api/operator/orgs/\(shown)").status == 200)
        #expect(try await scene.trail(of: shown) == ["operator.search operator", "operator.read operator"])
        #expect(try await scene.trail(of: hidden).isEmpty)
        #expect(try await scene.log().suffix(2) == ["organisation.search", "organisation.read"])
    }

    @Test("what an organisation uses is counted, and nothing of another's")
    func usage() async throws {
        let scene = try OperatorCase()
        let (_, browser) = try await scene.signedIn()
        let (ours, theirs) = (try await Given.member(), try await Given.member())
        for (org, count) in [(ours.org, 2), (theirs.org, 5)] {
            for number in 0..<count {
                let agent = try await Given.agent(in: org)
                try await TestDatabase.current.superuser.executeGlobally(
                    """
                    WITH one AS (INSERT INTO pulse.resources (org_id, id, connection_id, type, source, name, name_key, status,
                                     facts, first_seen_at, changed_at)
                        VALUES (\(org), gen_random_uuid(), \(agent.id), 'agent', 'agent', 'a', 'a', 'online', '', now(), now())),
                    two AS (INSERT INTO pulse.history_heads (org_id, resource_id, t0, piece, written_at, n, codec, data)
                        VALUES (\(org), gen_random_uuid(), now(), \(number), now(), 1, 1, 'twelve bytes'))
                    INSERT INTO pulse.agent_streams (org_id, agent_id, stream, seen_at)
                    VALUES (\(org), \(agent.id), 's', \(Given.start))
                    """)
            }
        }
        let answer = await browser.send(.get, "/api/operator/orgs/\(ours.org)")
        let usage = try #require(answer.json["usage"])
        #expect(usage["members"] == .integer(1))
        #expect(usage["machines"] == .integer(2))
        #expect(usage["resources"] == .integer(2))
        #expect(usage["historyRows"] == .integer(2))
        #expect(usage["historyBytes"] == .integer(24))
        #expect(usage["pendingInvitations"] == .integer(0))
        #expect(usage["lastReportAt"]?.string == "\(Given.start)")
        #expect(answer.json["owners"]?.array?.first?["userId"]?.string == "\(ours.user)")
        #expect(answer.json["supportAccess"] == nil)
        for nowhere in ["\(OrgID.new(at: Given.start))", "not-an-id"] {
            #expect(await browser.send(.get, "/api/operator/orgs/\(nowhere)").slug == "organisation-not-found")
        }
    }

    @Test("an operator_admin suspends with a reason and restores; both stand in both logs")
    func suspension() async throws {
        let scene = try OperatorCase()
        let (user, org) = try await Given.member()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        let owner = try await scene.door.browser(of: user)
        #expect(await owner.send(.get, "/api/orgs/\(org)/members").status == 200)
        let path = "/api/operator/orgs/\(org)"
        #expect(await browser.send(.post, path + "/suspend", ["reason": "abuse"]).json["field"]?.string == "note")
        let odd = await browser.send(.post, path + "/suspend", ["reason": "mood", "note": "n"])
        #expect(odd.json["field"]?.string == "reason")
        let done = await browser.send(.post, path + "/suspend", ["reason": "abuse", "note": "sends spam"])
        #expect(done.json["status"]?.string == "suspended")
        #expect(done.json["suspendReason"]?.string == "abuse")
        #expect(await owner.send(.get, "/api/orgs/\(org)/members").slug == "org-suspended")
        let twice = await browser.send(.post, path + "/suspend", ["reason": "abuse", "note": "again"])
        #expect(twice.slug == "organisation-state")
        let restored = await browser.send(.post, path + "/restore", ["note": "all is well"])
        #expect(restored.json["status"]?.string == "active")
        #expect(await owner.send(.get, "/api/orgs/\(org)/members").status == 200)
        #expect(
            try await scene.trail(of: org) == [
                "organisation.suspend operator", "organisation.unsuspend operator",
            ])
        let log = await browser.send(.get, "/api/operator/audit?org=\(org)&action=organisation.suspend")
        #expect(log.json["data"]?.array?.compactMap { $0["note"]?.string } == ["sends spam"])
        let me = await browser.send(.get, "/api/operator/me")
        #expect(log.json["data"]?.array?.first?["operatorId"] == me.json["operator"]?["id"])
    }

    @Test("what an operator may not do leaves nothing behind")
    func refused() async throws {
        let scene = try OperatorCase()
        let org = try await Given.organisation()
        let (_, browser) = try await scene.signedIn()
        let suspend = await browser.send(
            .post, "/api/operator/orgs/\(org)/suspend", ["reason": "abuse", "note": "no right to"])
        #expect(suspend.slug == "permission-denied")
        #expect(await browser.send(.get, "/api/operator/audit").slug == "permission-denied")
        #expect(await browser.send(.get, "/api/operator/operators").slug == "permission-denied")
        #expect(try await scene.trail(of: org).isEmpty)
    }
}
