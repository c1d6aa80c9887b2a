import AuditTrail
import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import OperatorKit
import Postgres
import TestKit
import Testing

@testable import OperatorPlane

@Suite(.postgres) struct OperatorLogTests {
    @Test("the log is filtered by operator, organisation, action and time, newest first, page by page")
    func filters() async throws {
        let scene = try OperatorCase()
        let (admin, browser) = try await scene.signedIn(.operatorAdmin)
        let (other, otherBrowser) = try await scene.signedIn()
        let org = try await Given.organisation()
        #expect(await otherBrowser.send(.get, "/api/operator/orgs/\(org)").status == 200)
        func actions(_ query: String) async -> [String] {
            let answer = await browser.send(.get, "/api/operator/audit?\(query)")
            return answer.json["data"]?.array?.compactMap { $0["action"]?.string } ?? []
        }
        #expect(
            await actions("operator=\(other.id)") == [
                "organisation.read", "operator_session.create", "operator.set_up",
            ])
        #expect(await actions("org=\(org)") == ["organisation.read"])
        #expect(await actions("org=\(org)&action=organisation.suspend").isEmpty)
        #expect(await actions("action=operator_session.create&operator=\(admin.id)").count == 1)
        #expect(await actions("to=\(Given.start)").isEmpty)
        let first = await browser.send(.get, "/api/operator/audit?action=operator.create&limit=1")
        let cursor = try #require(first.json["nextCursor"]?.string)
        #expect(await actions("action=operator.create&limit=1&cursor=\(cursor)") == ["operator.create"])
        for (field, value) in [("operator", "x"), ("org", "x"), ("action", "x.y"), ("from", "x"), ("cursor", "x")] {
            let answer = await browser.send(.get, "/api/operator/audit?\(field)=\(value)")
            #expect(answer.json["field"]?.string == field)
        }
    }

    @Test(
        "a row changed, taken out or cut off shows",
        arguments: [
            ("UPDATE pulse.operator_log SET note = 'else' WHERE seq = 2", 2),
            ("UPDATE pulse.operator_log SET actor = 'operator:x' WHERE seq = 3", 3),
            ("DELETE FROM pulse.operator_log WHERE seq = 1", 1), ("DELETE FROM pulse.operator_log WHERE seq = 3", 3),
        ])
    func tampering(sql: String, broken: Int64) async throws {
        let scene = try OperatorCase()
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        let good = await browser.send(.get, "/api/operator/audit/verify")
        #expect(good.json["intact"]?.bool == true)
        #expect(good.json["entries"] == .integer(3))
        try await TestDatabase.current.superuser.executeGlobally(SQL(unsafeSQL: sql))
        let bad = await browser.send(.get, "/api/operator/audit/verify")
        #expect(bad.json["intact"]?.bool == false)
        #expect(bad.json["brokenSeq"] == .integer(broken))
    }

    /// Entries 2 and 3 as somebody would write them who can do everything in the database: under hashes that fit.
    private static let rewritten: SQL = """
        DO $$
        DECLARE
            entry pulse.operator_log%ROWTYPE;
            link bytea := (SELECT hash FROM pulse.operator_log WHERE seq = 1);
        BEGIN
            FOR entry IN SELECT * FROM pulse.operator_log WHERE seq > 1 ORDER BY seq LOOP
                entry.note := 'as if it had been so';
                link := sha256(link || pulse.operator_log_bytes(entry));
                UPDATE pulse.operator_log SET note = entry.note, hash = link WHERE seq = entry.seq;
            END LOOP;
            UPDATE pulse.operator_log_head SET hash = link;
        END $$
        """

    @Test(
        "a log written anew under hashes that fit, or cut off with its head, does not fit what was signed",
        arguments: [
            (rewritten, 3),
            (
                """
                UPDATE pulse.operator_log_head SET (seq, hash) =
                    (SELECT l.seq, l.hash FROM pulse.operator_log l WHERE l.seq = 2)
                """, 3
            ),
            ("UPDATE pulse.operator_log_checkpoints SET hash = sha256('x')", 3),
            ("UPDATE pulse.operator_log_checkpoints SET public_key = sha256('x')", 3),
            ("UPDATE pulse.operator_log_checkpoints SET at = at + interval '1 hour'", 3),
            ("UPDATE pulse.operator_log_checkpoints SET seq = 9", 4),
        ] as [(SQL, Int64)])
    func signed(tampering: SQL, broken: Int64) async throws {
        let scene = try OperatorCase()
        let keeper = OperatorLogKeeper(scene.context, logger: .silent)
        _ = try await scene.person(.operatorAdmin)
        _ = try await scene.accounts.create("third@host.example", name: "Third", role: .operator)
        #expect(try await keeper.sign())
        #expect(try await !keeper.sign(), "nothing is new")
        let auditor = OperatorLogAuditor(keys: scene.context.keys)
        let good = try await scene.staff.asNobody { try await auditor.verify(in: $0) }
        #expect(good.brokenSeq == nil && good.entries == 3 && good.checkpoints == 1 && good.newest?.seq == 3)
        try await TestDatabase.current.superuser.executeGlobally(tampering)
        let bad = try await scene.staff.asNobody { try await auditor.verify(in: $0) }
        #expect(bad.brokenSeq == broken)
        // What is there is evidence: no new signature makes it good.
        await #expect(throws: BrokenLog.self) { try await keeper.sign() }
    }

    @Test("checkpoints go on where the last one stood, and verifying tells the newest")
    func checkpoints() async throws {
        let scene = try OperatorCase()
        let keeper = OperatorLogKeeper(scene.context, logger: .silent)
        let (_, browser) = try await scene.signedIn(.operatorAdmin)
        #expect(try await keeper.sign())
        #expect(await browser.send(.get, "/api/operator/audit").status == 200)
        #expect(try await keeper.sign())
        let told = await browser.send(.get, "/api/operator/audit/verify")
        #expect(told.json["intact"]?.bool == true)
        #expect(told.json["checkpoints"] == .integer(2))
        #expect(told.json["checkpoint"]?["seq"] == .integer(4))
        #expect(told.json["checkpoint"]?["keyId"]?.string == scene.context.keys.signing.verifying.id)
        for (role, database) in [("app", TestDatabase.current.app), ("worker", TestDatabase.current.worker)] {
            await #expect(throws: (any Error).self, "\(role)") {
                try await database.executeGlobally("SELECT seq FROM operator_log_checkpoints")
            }
        }
        await #expect(throws: (any Error).self) {
            try await scene.staff.executeGlobally("DELETE FROM operator_log_checkpoints")
        }
    }
}
