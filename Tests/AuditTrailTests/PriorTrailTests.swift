import Audit
import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuditTrail

/// A trail that came along in an archive.
@Suite(.postgres) struct PriorTrailTests {
    /// Rows as an import keeps them: as JSON, to the byte.
    private func bring(_ source: OrgID, to org: OrgID) async throws {
        for (table, seq) in [("audit_entries", "seq"), ("audit_checkpoints", "seq"), ("audit_heads", "seq")] {
            let kind = table.dropFirst("audit_".count)
            try await TestDatabase.current.superuser.executeGlobally(
                SQL(
                    unsafeSQL: """
                        INSERT INTO pulse.prior_trails (org_id, source_org, kind, seq, line)
                        SELECT '\(org)', org_id, '\(kind)', \(seq), row_to_json(t) FROM pulse.\(table) t
                        WHERE org_id = '\(source)'
                        """))
        }
    }

    /// Seven entries, signed at the fifth.
    private func moved(_ trail: TrailCase) async throws -> (source: OrgID, Browser, org: OrgID) {
        let source = try await Given.organisation()
        try await trail.entries(5, in: source)
        #expect(try await trail.keeper.sign() == 1)
        try await trail.entries(2, in: source, at: Given.start + .seconds(60))
        let (browser, _, org) = try await trail.member()
        try await bring(source, to: org)
        return (source, browser, org)
    }

    @Test("it is listed, read newest first, page by page, and proved by the keys that signed it")
    func whole() async throws {
        let trail = try TrailCase()
        let (source, browser, _) = try await moved(trail)
        let list = await browser.send(.get, "/api/audit/prior")
        #expect(list.json["data"]?[0]?["organizationId"]?.string == "\(source)")
        #expect(list.json["data"]?[0]?["entries"]?.int == 7)
        let path = "/api/audit/prior/\(source)"
        let first = await browser.send(.get, "\(path)?limit=4")
        let cursor = try #require(first.json["nextCursor"]?.string)
        let second = await browser.send(.get, "\(path)?limit=4&cursor=\(cursor)")
        let entries = [first, second].flatMap { $0.json["data"]?.array ?? [] }
        #expect(entries.map { $0["seq"]?.int } == [7, 6, 5, 4, 3, 2, 1])
        #expect(entries.last?["before"] == ["n": 0] && entries.last?["userAgent"]?.string == "=test, \"1\"")
        #expect(second.json["nextCursor"] == nil)
        let verdict = await browser.send(.get, "\(path)/verify").json
        #expect(verdict["verified"]?.bool == true, "\(verdict)")
        #expect(verdict["entries"]?.int == 7 && verdict["checkpoints"]?.int == 1)
        #expect(verdict["keyIds"] == [.string(trail.keys.signing.verifying.id)])
        #expect(verdict["isOurs"]?.bool == true)
    }

    @Test("what was signed elsewhere is proved too, and said not to be ours") func elsewhere() async throws {
        let trail = try TrailCase()
        let source = try await Given.organisation()
        try await trail.entries(3, in: source)
        let theirs = TrailKeys(secret: Secret(Array("the secret of another installation".utf8)))
        let keeper = TrailKeeper(
            store: trail.store, workers: trail.database.worker, keys: theirs, plan: .standard, time: trail.door.time,
            logger: .silent)
        #expect(try await keeper.sign() == 1)
        let (browser, _, org) = try await trail.member()
        try await bring(source, to: org)
        let verdict = await browser.send(.get, "/api/audit/prior/\(source)/verify").json
        #expect(verdict["verified"]?.bool == true && verdict["isOurs"]?.bool == false)
        #expect(verdict["keyIds"] == [.string(theirs.signing.verifying.id)])
    }

    @Test("after its first entries were pruned it hangs on their seal") func pruned() async throws {
        let trail = try TrailCase()
        let source = try await Given.organisation()
        try await trail.entries(6, in: source)
        try await trail.entries(2, in: source, at: Given.start + .seconds(100 * 86_400))
        trail.door.time.advance(by: .seconds(100 * 86_400 + 60))
        #expect(try await trail.keeper.prune() == 6)
        let (browser, _, org) = try await trail.member()
        try await bring(source, to: org)
        let path = "/api/audit/prior/\(source)/verify"
        let verdict = await browser.send(.get, path).json
        #expect(verdict["verified"]?.bool == true, "\(verdict)")
        #expect(verdict["firstSeq"]?.int == 7 && verdict["entries"]?.int == 3)
        try await TestDatabase.current.superuser.executeGlobally(
            "DELETE FROM pulse.prior_trails WHERE kind = 'checkpoints'")
        #expect(await browser.send(.get, path).json["brokenSeq"]?.int == 7)
    }

    @Test(
        "whatever is changed in it shows, and where",
        arguments: [
            ("UPDATE pulse.prior_trails SET line = replace(line, 'agent:2', 'agent:3') WHERE kind = 'entries'", 3),
            ("DELETE FROM pulse.prior_trails WHERE kind = 'entries' AND seq = 4", 4),
            ("DELETE FROM pulse.prior_trails WHERE kind = 'entries' AND seq = 7", 7),
            ("DELETE FROM pulse.prior_trails WHERE kind = 'entries' AND seq > 5", 6),
            (
                """
                UPDATE pulse.prior_trails SET line = jsonb_set(line::jsonb, '{hash}', '"\\\\x00"')
                WHERE kind = 'checkpoints'
                """, 5
            ),
            (
                """
                UPDATE pulse.prior_trails p SET line = jsonb_set(jsonb_set(line::jsonb, '{seq}', '4'), '{hash}',
                    (SELECT e.line::jsonb -> 'hash' FROM pulse.prior_trails e WHERE e.kind = 'entries' AND e.seq = 4))
                WHERE p.kind = 'heads'
                """, 5
            ),
            (
                """
                UPDATE pulse.prior_trails p SET line = jsonb_set(line::jsonb, '{hash}',
                    (SELECT e.line::jsonb -> 'hash' FROM pulse.prior_trails e WHERE e.kind = 'entries' AND e.seq = 6))
                WHERE p.kind = 'heads'
                """, 7
            ),
        ] as [(SQL, Int)])
    func tampered(sql: SQL, broken: Int) async throws {
        let trail = try TrailCase()
        let (source, browser, _) = try await moved(trail)
        try await TestDatabase.current.superuser.executeGlobally(sql)
        let verdict = await browser.send(.get, "/api/audit/prior/\(source)/verify").json
        #expect(verdict["verified"]?.bool == false, "\(verdict)")
        #expect(verdict["brokenSeq"]?.int == broken, "\(verdict)")
    }

    @Test("another organisation's is as absent as none, and so is what is no id") func isolation() async throws {
        let trail = try TrailCase()
        let (source, _, _) = try await moved(trail)
        let (stranger, _, _) = try await trail.member()
        #expect(await stranger.send(.get, "/api/audit/prior").json["data"]?.array?.isEmpty == true)
        for id in ["\(source)", "\(OrgID.new(at: Given.start))", "nonsense"] {
            for path in ["/api/audit/prior/\(id)", "/api/audit/prior/\(id)/verify"] {
                #expect(await stranger.send(.get, path).slug == "not-found", "\(path)")
            }
        }
        let (viewer, _, _) = try await trail.member(as: .viewer)
        #expect(await viewer.send(.get, "/api/audit/prior").slug == "permission-denied")
    }
}
