import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Portability

@Suite(.postgres) struct RoundTripTests {
    /// Lines without what has to differ: ids that no two organisations may have in common.
    private func comparable(_ rows: [String: [String]], _ tables: [PortableTable]) -> [String: [String]] {
        var result = rows
        for table in tables {
            guard case .whole = table.handling else {
                result[table.name] = nil
                continue
            }
            for column in table.columns where column.isRenewed {
                result[table.name] = result[table.name]?.map { line in
                    line.replacing(/"([a-z_]+)":"[0-9a-f-]{36}"/) { match in
                        match.1 == column.name ? "\"\(column.name)\":\"…\"" : String(match.0)
                    }
                }
            }
        }
        return result
    }

    @Test("everything goes out and comes in again without a difference, table by table, and once more")
    func roundTrip() async throws {
        let place = try await PortabilityCase()
        let planted = try await PlantedRows.plant(in: place.org, of: place.owner)
        let tables = try await PortableTable.all(in: TestDatabase.current.app)
        let before = try await place.count(in: place.org)
        for table in tables { #expect(before[table.name] ?? 0 > 0, "nothing is in \(table.name)") }

        let first = await place.export()
        #expect(first.status == 200)
        #expect(first.headers["content-disposition"]?.hasSuffix(".tar.gz\"") == true)
        let archive = try Unpacked(first.bytes)
        let rows = try archive.rows(as: place.org)
        for table in tables {
            // The export leaves an entry of its own.
            let expected = (before[table.name] ?? 0) + (table.name == "audit_entries" ? 1 : 0)
            if case .staysBehind = table.handling {
                #expect(rows[table.name] == nil)
            } else {
                #expect(rows[table.name]?.count == expected, "\(table.name)")
            }
        }

        let second = try await place.fresh()
        let report = await place.take(first.bytes, into: second)
        #expect(report.status == 200, "\(report.text)")
        #expect(report.json["differences"]?.int == 0, "\(report.text)")
        #expect(report.json["people"]?["members"]?.int == 2)
        let again = try Unpacked(await place.export(second).bytes)
        let (was, is_) = (comparable(rows, tables), comparable(try again.rows(as: place.org), tables))
        for table in tables {
            var expected = was[table.name]
            if table.name == "prior_trails" { expected = is_[table.name] }
            #expect(is_[table.name] == expected, "\(table.name) differs")
        }
        // The trail of before is kept to the byte.
        let kept = try await TestDatabase.current.app.rows(
            in: second,
            "SELECT line FROM prior_trails WHERE kind = 'entries' AND source_org = \(place.org) ORDER BY seq"
        ) { try $0.next(String.self) }
        #expect(Set(kept) == Set(rows["audit_entries"] ?? []))

        let third = try await place.fresh()
        let secondBytes = again.packed
        #expect(await place.take(secondBytes, into: third).json["differences"]?.int == 0)
        let last = comparable(try Unpacked(await place.export(third).bytes).rows(as: place.org), tables)
        for table in tables where table.name != "prior_trails" {
            #expect(last[table.name] == is_[table.name], "\(table.name) differs")
        }
        #expect(planted.stranger != place.org)
    }

    @Test("no hash of a credential and no sealed value is in an archive, and all of them are named to be entered again")
    func secrets() async throws {
        let place = try await PortabilityCase()
        _ = try await PlantedRows.plant(in: place.org, of: place.owner)
        let answer = await place.export()
        let text = try Unpacked(answer.bytes).files.map { String(decoding: $0.bytes, as: UTF8.self) }.joined()
        for table in try await PortableTable.all(in: TestDatabase.current.app) {
            for secret in table.secrets {
                let values = try await TestDatabase.current.superuser.rowsGlobally(
                    SQL(
                        unsafeSQL:
                            "SELECT encode(\(secret), 'hex') FROM pulse.\(table.name) WHERE \(secret) IS NOT NULL")
                ) { try $0.next(String.self) }
                for value in values { #expect(!text.contains(value), "\(table.name).\(secret)") }
            }
        }
        let report = await place.take(answer.bytes, into: try await place.fresh()).json
        let again = (report["enterAgain"]?.array ?? []).compactMap { $0["what"]?.string }
        #expect(
            Set(again).isSuperset(of: ["agents", "api_tokens", "audit_streams", "enrollment_tokens", "invitations"]))
    }

    @Test("the credentials of an organisation open nothing in the one that was made from it")
    func credentials() async throws {
        let place = try await PortabilityCase()
        let agent = try await Given.agent(in: place.org)
        let target = try await place.fresh()
        #expect(await place.take(await place.export().bytes, into: target).status == 200)
        let org = try await TestDatabase.current.app.firstGlobally(
            "SELECT org_id FROM admit_agent(\(agent.token.hash), \(["active"]))"
        ) { try $0.next(OrgID?.self) }
        #expect(org == place.org)
        #expect(try await place.count(in: target)["agents"] == 1)
    }

    @Test("samples whose time is over are counted, and are no difference")
    func expired() async throws {
        let place = try await PortabilityCase()
        let superuser = TestDatabase.current.superuser
        try await superuser.executeGlobally(
            """
            INSERT INTO pulse.history_chunks SELECT \(place.org), gen_random_uuid(), 3, date_trunc('day', now()), 1, 1, '\\x00'
            """)
        var archive = try Unpacked(await place.export().bytes)
        let file = "tables/history_chunks/000001.jsonl"
        archive[file] = archive[file].replacing(/"t0":"[^"]*"/, with: "\"t0\":\"2020-01-01T00:00:00+00:00\"")
        try archive.sign()
        let report = await place.take(archive.packed, into: try await place.fresh())
        #expect(report.json["expired"]?.int == 1, "\(report.text)")
        #expect(report.json["differences"]?.int == 0)
    }
}
