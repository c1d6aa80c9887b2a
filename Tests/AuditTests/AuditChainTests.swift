import Audit
import Cryptography
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct AuditChainTests {
    private var app: Database { TestDatabase.current.app }

    private func record(_ number: Int = 0, through: Bool = true) -> AuditRecord {
        let user = UserID.new(at: Given.start)
        let actor: Principal =
            through ? .user(user, session: SessionID.new(at: Given.start)) : .system(job: "test-\(number)")
        return AuditRecord(
            AuditAction.allCases[number % AuditAction.allCases.count], of: "agent:\(number)", by: actor,
            from: AuditOrigin(
                requestID: "req-\(number)", address: "2001:db8::\(number)", userAgent: "Prüfung „\(number)“"))
    }

    private func entries(in org: OrgID) async throws -> [AuditEntryValue] {
        try await app.rows(
            in: org,
            """
            SELECT seq, id, at, actor, through, action, object, before, after, address, user_agent, request_id, hash
            FROM audit_entries ORDER BY seq
            """
        ) { row in
            AuditEntryValue(
                seq: try row.next(), id: try row.next(), at: try row.next(), actor: try row.next(),
                through: try row.next(), action: try row.next(), object: try row.next(), before: try row.next(),
                after: try row.next(), address: try row.next(), userAgent: try row.next(), requestID: try row.next(),
                hash: try row.next())
        }
    }

    @Test("the database and we compute the same chain, whatever is in the fields") func sameChain() async throws {
        let org = try await Given.organisation()
        let changes: [(JSONValue?, JSONValue?)] = [
            (nil, nil), (nil, ["name": "a\"b\\c\n"]), (["days": 1], ["days": 2]), (["名": "監査"], nil), ([:], [:]),
        ]
        for (number, change) in changes.enumerated() {
            let one = record(number, through: number % 2 == 0).changing(before: change.0, after: change.1)
            _ = try await app.batch(in: org, [one.append(at: Given.start + .milliseconds(number * 7 - 3))])
        }
        var (chain, previous) = (AuditChain(of: org), AuditChain.genesis(of: org))
        let stored = try await entries(in: org)
        #expect(stored.map(\.seq) == [1, 2, 3, 4, 5])
        for entry in stored {
            #expect(chain.hash(of: entry, after: previous) == entry.hash, "entry \(entry.seq)")
            previous = entry.hash
        }
        let head = try await app.first(in: org, "SELECT hash FROM audit_heads") { try $0.next([UInt8].self) }
        #expect(head == previous)
    }

    @Test("entries written at once are numbered without gaps and chained") func concurrent() async throws {
        let (org, other) = (try await Given.organisation(), try await Given.organisation())
        try await withThrowingTaskGroup(of: Void.self) { group in
            for number in 0..<60 {
                let place = number % 3 == 0 ? other : org
                group.addTask {
                    if number % 2 == 0 {
                        _ = try await app.batch(in: place, ["SELECT 1", record(number).append(at: Given.start)])
                    } else {
                        try await app.asOrg(place) { transaction in
                            transaction.atCommit(record(number).append(at: Given.start))
                            try await transaction.execute("SELECT 1")
                        }
                    }
                }
            }
            try await group.waitForAll()
        }
        for (place, count) in [(org, 40), (other, 20)] {
            var (chain, previous) = (AuditChain(of: place), AuditChain.genesis(of: place))
            let stored = try await entries(in: place)
            #expect(stored.map(\.seq) == Array(1...Int64(count)))
            for entry in stored {
                #expect(chain.hash(of: entry, after: previous) == entry.hash)
                previous = entry.hash
            }
        }
    }

    @Test("an entry that is rolled back leaves no gap") func rolledBack() async throws {
        let org = try await Given.organisation()
        await #expect(throws: (any Error).self) {
            _ = try await app.batch(in: org, [record().append(at: Given.start), "SELECT 1 / 0"])
        }
        _ = try await app.batch(in: org, [record().append(at: Given.start)])
        #expect(try await entries(in: org).map(\.seq) == [1])
    }

    @Test("number and hash of an entry are the database's, whatever its writer says") func forged() async throws {
        let org = try await Given.organisation()
        _ = try await app.batch(
            in: org,
            [
                """
                INSERT INTO audit_entries (org_id, id, at, actor, action, object, address, request_id, user_agent, seq, hash)
                VALUES (\(org), \(AuditEntryID.new(at: Given.start)), \(Given.start), 'user:1', 'agent.revoke', 'agent:1',
                        '-', '-', '-', 99, \([UInt8](repeating: 7, count: 32)))
                """
            ])
        let stored = try await entries(in: org)
        var chain = AuditChain(of: org)
        #expect(stored.map(\.seq) == [1])
        #expect(stored.first?.hash == chain.hash(of: try #require(stored.first), after: AuditChain.genesis(of: org)))
    }

    @Test(
        "those who serve cannot touch heads, checkpoints, names or old entries",
        arguments: [
            "UPDATE audit_heads SET seq = 0", "DELETE FROM audit_heads",
            "INSERT INTO audit_heads VALUES (gen_random_uuid(), 1, '', 1)",
            "UPDATE audit_checkpoints SET seq = 0", "DELETE FROM audit_checkpoints",
            "UPDATE audit_people SET display_name = 'x'", "DELETE FROM audit_people",
            "SELECT audit_prune(gen_random_uuid(), 1, gen_random_uuid(), now())",
            "SELECT audit_mark(gen_random_uuid(), NULL)",
            "SELECT audit_checkpoint(gen_random_uuid(), 1, '', now(), '', '', true)",
            "ALTER TABLE audit_entries DISABLE TRIGGER ALL", "DROP TRIGGER before_insert ON audit_entries",
        ])
    func appendOnly(statement: String) async throws {
        let org = try await Given.organisation()
        _ = try await app.batch(in: org, [record().append(at: Given.start)])
        let error = await #expect(throws: DatabaseError.self) {
            try await app.execute(in: org, SQL(unsafeSQL: statement))
        }
        #expect(error?.sqlState == SQLState.insufficientPrivilege)
    }

    @Test("the chain of one organisation does not begin like another's") func genesis() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        #expect(AuditChain.genesis(of: ours) != AuditChain.genesis(of: theirs))
    }
}
