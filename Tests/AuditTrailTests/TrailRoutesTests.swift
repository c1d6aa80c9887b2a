import Audit
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuditTrail

@Suite(.postgres) struct TrailRoutesTests {
    private func seqs(_ answer: JSONValue) -> [Int] { (answer["data"]?.array ?? []).compactMap { $0["seq"]?.int } }

    @Test("entries are listed newest first, page by page, each once") func pages() async throws {
        let trail = try TrailCase()
        let (browser, _, org) = try await trail.member()
        try await trail.entries(7, in: org)
        var (found, cursor, pages): ([Int], String?, Int) = ([], nil, 0)
        repeat {
            let answer = await browser.send(.get, "/api/audit?limit=3" + (cursor.map { "&cursor=\($0)" } ?? ""))
            #expect(answer.status == 200)
            found += seqs(answer.json)
            cursor = answer.json["nextCursor"]?.string
            pages += 1
        } while cursor != nil
        #expect(found == [7, 6, 5, 4, 3, 2, 1])
        #expect(pages == 3)
    }

    @Test("an entry says who, through what, from where, what changed, and their name") func content() async throws {
        let trail = try TrailCase()
        let (browser, user, org) = try await trail.member()
        let session = SessionID.new(at: Given.start)
        try await trail.entries(2, in: org, by: .user(user, session: session))
        let entry = try #require(await browser.send(.get, "/api/audit").json["data"]?[0])
        #expect(entry["actor"]?.string == "user:\(user)")
        #expect(entry["actorName"]?.string == "Ana")
        #expect(entry["through"]?.string == "session:\(session)")
        #expect(entry["action"]?.string == "agent.revoke")
        #expect(entry["object"]?.string == "agent:1")
        #expect(entry["before"] == ["n": 1])
        #expect(entry["after"] == ["n": "x"])
        #expect(entry["address"]?.string == "192.0.2.1")
        #expect(entry["requestId"]?.string == "req-1")
        #expect(entry["hash"]?.string?.count == 64)
    }

    @Test("filters narrow the list, alone and together") func filters() async throws {
        let trail = try TrailCase()
        let (browser, user, org) = try await trail.member()
        try await trail.entries(3, in: org)
        try await trail.entries(2, in: org, by: .user(user, session: .new(at: Given.start)), action: .agentEnroll)
        try await trail.entries(1, in: org, action: .sessionEnd, at: Given.start + .seconds(100))
        for (query, wanted) in [
            ("actor=user:\(user)", [5, 4]), ("action=agent.enroll", [5, 4]), ("action=agent.", [5, 4, 3, 2, 1]),
            ("object=agent:2", [3]), ("from=2026-11-21T09:31:40Z", [6]), ("to=2026-11-21T09:30:01Z", [4, 1]),
            ("actor=user:\(user)&object=agent:0", [4]), ("actor=system:nobody", []),
            ("from=2026-11-21T09:30:01Z&to=2026-11-21T09:30:02Z", [5, 2]),
        ] {
            #expect(seqs(await browser.send(.get, "/api/audit?" + query).json) == wanted, "\(query)")
        }
    }

    @Test(
        "a filter that cannot be meant is refused by its name",
        arguments: [
            ("actor", "ana"), ("action", "agent.fly"), ("from", "yesterday"), ("to", "1"), ("cursor", "x"),
            ("cursor", "-1"), ("object", "agent"), ("limit", "many"),
        ])
    func badFilter(field: String, value: String) async throws {
        let trail = try TrailCase()
        let (browser, _, _) = try await trail.member()
        let answer = await browser.send(.get, "/api/audit?\(field)=\(value)")
        #expect(answer.status == 400)
        #expect(answer.json["field"]?.string == field)
        let twisted = await browser.send(.get, "/api/audit?from=2026-11-22T00:00:00Z&to=2026-11-21T00:00:00Z")
        #expect(twisted.status == 400)
    }

    @Test("another organisation's entries are not there, by list, by sum or by id") func isolation() async throws {
        let trail = try TrailCase()
        let (ours, _, org) = try await trail.member()
        let (theirs, _, _) = try await trail.member()
        try await trail.entries(3, in: org)
        let id = try #require(await ours.send(.get, "/api/audit").json["data"]?[0]?["id"]?.string)
        #expect(await ours.send(.get, "/api/audit/\(id)/verify").status == 200)
        #expect(seqs(await theirs.send(.get, "/api/audit").json).isEmpty)
        #expect(await theirs.send(.get, "/api/audit/summary").json["total"] == 0)
        let foreign = await theirs.send(.get, "/api/audit/\(id)/verify")
        let absent = await theirs.send(.get, "/api/audit/\(AuditEntryID.new(at: Given.start))/verify")
        let malformed = await theirs.send(.get, "/api/audit/x/verify")
        #expect(foreign.status == 404)
        #expect(foreign.bytes == absent.bytes)
        #expect(malformed.bytes == absent.bytes)
    }

    @Test("who may read the trail: owner, admin and auditor", arguments: Role.allCases)
    func roles(role: Role) async throws {
        let trail = try TrailCase()
        let (browser, _, _) = try await trail.member(as: role)
        let mayRead = [.owner, .admin, .auditor].contains(role)
        for path in ["", "/summary", "/actions", "/verify", "/checkpoints", "/settings", "/export"] {
            #expect(await browser.send(.get, "/api/audit" + path).status == (mayRead ? 200 : 403), "\(path)")
        }
        let mayManage = [.owner, .admin].contains(role)
        let put = await browser.send(.put, "/api/audit/settings", ["retentionDays": 60])
        #expect(put.status == (mayManage ? 200 : 403))
    }

    @Test("while a bill is open the trail can still be read and taken out, and nothing changed") func billing()
        async throws
    {
        let trail = try TrailCase()
        let org = try await Given.organisation(state: "suspended")
        let (browser, _, _) = try await trail.member(of: org)
        for path in ["", "/summary", "/verify", "/checkpoints", "/export"] {
            #expect(await browser.send(.get, "/api/audit" + path).status == 200, "\(path)")
        }
        #expect(await browser.send(.put, "/api/audit/settings", ["retentionDays": 60]).slug == "org-suspended")
    }

    @Test("the sum counts by action and actor, and says how the chain stands") func summary() async throws {
        let trail = try TrailCase()
        let (browser, user, org) = try await trail.member()
        try await trail.entries(3, in: org)
        try await trail.entries(2, in: org, by: .user(user, session: .new(at: Given.start)), action: .agentEnroll)
        let before = await browser.send(.get, "/api/audit/summary").json
        #expect(before["total"] == 5)
        #expect(
            before["actions"] == [
                ["action": "agent.revoke", "count": 3], ["action": "agent.enroll", "count": 2],
            ])
        #expect(before["actors"]?[1]?["actorName"]?.string == "Ana")
        #expect(before["chain"]?["state"]?.string == "unchecked")
        try await trail.keeper.sign()
        let after = await browser.send(.get, "/api/audit/summary").json
        #expect(after["chain"]?["state"]?.string == "intact")
        #expect(after["chain"]?["checkpoint"]?["seq"] == 5)
        #expect(after["retentionDays"] == 90)
    }

    @Test("how long entries are kept can be changed, and the change is in the trail", arguments: [0, 30, 3650])
    func retention(days: Int) async throws {
        let trail = try TrailCase()
        let (browser, _, _) = try await trail.member()
        let changed = await browser.send(.put, "/api/audit/settings", ["retentionDays": .integer(Int64(days))])
        #expect(changed.status == 200)
        #expect(await browser.send(.get, "/api/audit/settings").json == ["retentionDays": .integer(Int64(days))])
        let entry = await browser.send(.get, "/api/audit").json["data"]?[0]
        #expect(entry?["action"]?.string == "audit_settings.update")
        #expect(entry?["before"] == ["retentionDays": 90])
        #expect(entry?["after"] == ["retentionDays": .integer(Int64(days))])
    }

    @Test(
        "less than a month, more than ten years, or no number is refused",
        arguments: ["1", "29", "-1", "3651", "null", "\"x\""])
    func badRetention(days: String) async throws {
        let trail = try TrailCase()
        let (browser, _, _) = try await trail.member()
        let refused = await browser.send(
            .put, "/api/audit/settings", bytes: Array(#"{"retentionDays":\#(days)}"#.utf8))
        #expect(refused.status == 400)
        #expect(refused.json["field"]?.string == "retentionDays")
    }

    @Test("someone who has left can be forgotten; their entries stay and the chain holds") func forget() async throws {
        let trail = try TrailCase()
        let (browser, _, org) = try await trail.member()
        let (_, gone, _) = try await trail.member(as: .viewer, of: org)
        try await trail.entries(2, in: org, by: .user(gone, session: .new(at: Given.start)))
        #expect(await browser.send(.delete, "/api/audit/people/\(gone)").slug == "audit-person-is-member")
        try await trail.database.superuser.executeGlobally(
            "DELETE FROM pulse.members WHERE org_id = \(org) AND user_id = \(gone)")
        #expect(
            await browser.send(.get, "/api/audit?actor=user:\(gone)").json["data"]?[0]?["actorName"]?.string == "Ana")
        #expect(await browser.send(.delete, "/api/audit/people/\(gone)").status == 204)
        let entry = await browser.send(.get, "/api/audit?actor=user:\(gone)").json["data"]?[0]
        #expect(entry?["actor"]?.string == "user:\(gone)")
        #expect(entry?["actorName"] == nil)
        #expect(try await trail.auditor.verify(org).brokenSeq == nil)
        #expect(await browser.send(.delete, "/api/audit/people/\(UserID.new(at: Given.start))").status == 404)
    }
}
