import Audit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct AuditRecordTests {
    private let origin = AuditOrigin(requestID: "req-1", address: "192.0.2.1", userAgent: "test")

    private func record(_ action: AuditAction = .agentRevoke) -> AuditRecord {
        AuditRecord(
            action, of: "agent:1", by: .user(UserID.new(at: Given.start), session: SessionID.new(at: Given.start)),
            from: origin)
    }

    private func count(in org: OrgID) async throws -> Int? {
        try await TestDatabase.current.app.first(in: org, "SELECT count(*) FROM audit_entries") { try $0.next() }
    }

    @Test("an entry is written with its change, and seen by its organisation alone")
    func isolation() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        _ = try await TestDatabase.current.app.batch(in: ours, ["SELECT 1", record().append(at: Given.start)])
        #expect(try await count(in: ours) == 1)
        #expect(try await count(in: theirs) == 0)
        let bare = try await TestDatabase.current.app.firstGlobally("SELECT count(*) FROM audit_entries") {
            try $0.next(Int.self)
        }
        #expect(bare == 0)
    }

    @Test("a change that fails leaves no entry")
    func rolledBack() async throws {
        let org = try await Given.organisation()
        await #expect(throws: (any Error).self) {
            try await TestDatabase.current.app.asOrg(org) { transaction in
                transaction.atCommit(record().append(at: Given.start))
                try await transaction.execute("SELECT 1 / 0")
            }
        }
        #expect(try await count(in: org) == 0)
    }

    @Test("outside any organisation nothing is written")
    func nowhere() async throws {
        let written = try await TestDatabase.current.app.executeGlobally(record().append(at: Given.start))
        #expect(written == 0)
    }

    @Test(
        "the trail can be added to, not changed",
        arguments: ["UPDATE audit_entries SET action = 'x.y'", "DELETE FROM audit_entries", "TRUNCATE audit_entries"])
    func appendOnly(statement: String) async throws {
        let org = try await Given.organisation()
        _ = try await TestDatabase.current.app.batch(in: org, [record().append(at: Given.start)])
        let error = await #expect(throws: DatabaseError.self) {
            try await TestDatabase.current.app.execute(in: org, SQL(unsafeSQL: statement))
        }
        #expect(error?.sqlState == SQLState.insufficientPrivilege)
        #expect(try await count(in: org) == 1)
    }

    @Test("every action is noun.verb, and the table takes it", arguments: AuditAction.allCases)
    func actions(action: AuditAction) async throws {
        #expect(action.rawValue.split(separator: ".").count == 2)
        let org = try await Given.organisation()
        _ = try await TestDatabase.current.app.batch(in: org, [record(action).append(at: Given.start)])
        #expect(try await count(in: org) == 1)
    }

    @Test("what strangers send is one plain line", arguments: ["a\r\nb", "a\u{0}b", "x\u{202E}y"])
    func plain(text: String) async throws {
        let org = try await Given.organisation()
        let odd = AuditRecord(
            .agentEnroll, of: "agent:1", by: .system(job: "test"),
            from: AuditOrigin(requestID: text, address: text, userAgent: String(repeating: text, count: 300)))
        _ = try await TestDatabase.current.app.batch(in: org, [odd.append(at: Given.start)])
        let kept = try await TestDatabase.current.app.first(in: org, "SELECT user_agent FROM audit_entries") {
            try $0.next(String.self)
        }
        #expect(kept == "?")
    }
}
