import FoundationEssentials
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@Suite(.postgres) struct DatabaseTests {
    let database = TestDatabase.current

    @Test("every bound type comes back as it went") func roundTrip() async throws {
        let id = OrgID.new(at: SystemTime().now)
        let at = Timestamp(milliseconds: -1_234_567)
        let bytes: [UInt8] = [0, 255, 10]
        let texts: [String?] = ["a", nil, ""]
        let sql: SQL = """
            SELECT \(true), \(Int64.min), \(Int32(7)), \(Int16(-3)), \(1.5), \("naïve"), \(id), \(at), \(bytes),
                   \([1, 2, 3]), \(texts), \([bytes, []]), \(Int?.none), \("")
            """
        _ = try await database.app.rowsGlobally(sql) { row in
            try #expect(row.next(Bool.self))
            try #expect(row.next(Int64.self) == .min)
            try #expect(row.next(Int32.self) == 7)
            try #expect(row.next(Int16.self) == -3)
            try #expect(row.next(Double.self) == 1.5)
            try #expect(row.next(String.self) == "naïve")
            try #expect(row.next(OrgID.self) == id)
            try #expect(row.next(Timestamp.self) == at)
            try #expect(row.next([UInt8].self) == bytes)
            try #expect(row.next([Int].self) == [1, 2, 3])
            try #expect(row.next([String?].self) == texts)
            try #expect(row.next([[UInt8]].self) == [bytes, []])
            try #expect(row.next(Int?.self) == nil)
            try #expect(row.next(String.self) == "")
        }
    }

    @Test("a fragment's parameters are renumbered where it is put") func fragments() async throws {
        let condition: SQL = "x > \(1) AND x < \(4)"
        let sql: SQL = "SELECT x FROM unnest(\([0, 1, 2, 3, 4])) AS x WHERE x <> \(3) AND \(condition)"
        #expect(try await database.app.rowsGlobally(sql) { try $0.next(Int.self) } == [2])
    }

    @Test("the setting of one organisation never reaches another statement") func settingEnds() async throws {
        let orgs = (0..<20).map { _ in OrgID.new(at: SystemTime().now) }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for turn in 0..<400 {
                let org = orgs[turn % orgs.count]
                group.addTask {
                    let seen = try await database.app.first(
                        in: org, "SELECT current_setting('pulse.org_id', true)"
                    ) { try $0.next(String.self) }
                    #expect(seen == org.description)
                    // One in four fails on purpose; its neighbours in the pipeline do not notice.
                    if turn % 4 == 0 {
                        await #expect(throws: DatabaseError.self) {
                            try await database.app.execute(in: org, "SELECT 1 / \(0)")
                        }
                    }
                    let none = try await database.app.firstGlobally(
                        "SELECT coalesce(current_setting('pulse.org_id', true), '')"
                    ) { try $0.next(String.self) }
                    #expect(none == "")
                }
            }
            try await group.waitForAll()
        }
    }

    @Test("a batch is one transaction: all or nothing") func batchIsAtomic() async throws {
        let org = OrgID.new(at: SystemTime().now)
        let insert: SQL = "INSERT INTO org_heads VALUES (\(org), 1, 1, now())"
        await #expect(throws: DatabaseError.self) {
            try await database.app.batch(in: org, [insert, "SELECT 1 / 0"])
        }
        #expect(try await heads(of: org) == 0)
        _ = try await database.app.batch(in: org, [insert, "SELECT 1"])
        #expect(try await heads(of: org) == 1)
    }

    @Test("a transaction commits what it returned from and nothing it threw out of") func transactions() async throws {
        let org = OrgID.new(at: SystemTime().now)
        struct Stop: Error {}
        await #expect(throws: Stop.self) {
            try await database.app.asOrg(org) { transaction in
                try await transaction.execute("INSERT INTO org_heads VALUES (\(org), 1, 1, now())")
                throw Stop()
            }
        }
        #expect(try await heads(of: org) == 0)
        try await database.app.asOrg(org) { transaction in
            transaction.atCommit("UPDATE org_heads SET seq = 7 WHERE epoch = 1")
            try await transaction.execute("INSERT INTO org_heads VALUES (\(org), 1, 1, now())")
            await #expect(throws: DatabaseError.self) {
                try await transaction.savepoint { try await $0.execute("SELECT 1 / 0") }
            }
        }
        let seq = try await database.app.first(in: org, "SELECT seq FROM org_heads") { try $0.next(Int.self) }
        #expect(seq == 7)
    }

    @Test("statements that are all known before are one transaction, also within one that is under way")
    func known() async throws {
        let org = OrgID.new(at: SystemTime().now)
        let insert: SQL = "INSERT INTO org_heads VALUES (\(org), 1, 1, now())"
        let raise: SQL = "UPDATE org_heads SET seq = seq + 1 WHERE epoch = 1"
        await #expect(throws: DatabaseError.self) {
            try await database.app.asOrg(org, [insert, "SELECT 1 / 0"])
        }
        #expect(try await heads(of: org) == 0)
        try await database.app.asOrg(org, [insert, raise])
        struct Stop: Error {}
        do {
            try await database.app.asOrg(org) { transaction in
                let seq = try await database.app.joining(transaction) {
                    try await database.app.asOrg(org, [raise])
                    try? await database.app.asOrg(org, [raise, "SELECT 1 / 0"])
                    return try await database.app.first(in: org, "SELECT seq FROM org_heads") { try $0.next(Int.self) }
                }
                #expect(seq == 3, "what failed is undone, what was before it is not")
                throw Stop()
            }
        } catch is Stop {}
        let seq = try await database.app.first(in: org, "SELECT seq FROM org_heads") { try $0.next(Int.self) }
        #expect(seq == 2)
    }

    @Test("a statement that takes too long is cancelled on the server, its neighbours are not") func timeouts()
        async throws
    {
        let org = OrgID.new(at: SystemTime().now)
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                await #expect(throws: DatabaseError.timeout) {
                    try await database.app.execute(in: org, "SELECT pg_sleep(20)", timeout: .milliseconds(200))
                }
            }
            for number in 0..<50 {
                group.addTask {
                    let answer = try await database.app.first(in: org, "SELECT \(number)", timeout: .seconds(20)) {
                        try $0.next(Int.self)
                    }
                    #expect(answer == number)
                }
            }
            try await group.waitForAll()
        }
        // The cancel request travels by a connection of its own, so the server may still be about to hear it.
        var left: Int?
        for _ in 0..<500 where left != 0 {
            left = try await database.superuser.firstGlobally(
                """
                SELECT count(*) FROM pg_stat_activity, pg_sleep(0.02)
                WHERE datname = \(database.name) AND query LIKE '%pg_sleep(20)%' AND state = 'active'
                  AND pid <> pg_backend_pid()
                """
            ) { try $0.next(Int.self) }
        }
        #expect(left == 0)
    }

    @Test("a cancelled task gets its answer at once and its statement ends") func cancellation() async throws {
        let task = Task {
            try await database.app.executeGlobally("SELECT pg_sleep(20)", timeout: .seconds(30))
        }
        task.cancel()
        await #expect(throws: DatabaseError.self) { try await task.value }
    }

    @Test("connections that the server ends come back, and what was in flight is told so") func reconnect() async throws
    {
        let end: SQL =
            "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = \(database.name) AND usename = 'pulse_app'"
        #expect(try await database.app.firstGlobally("SELECT 1") { try $0.next(Int.self) } == 1)
        try await database.superuser.executeGlobally(end)
        var answer: Int?
        for _ in 0..<200 where answer == nil {
            answer = try? await database.app.firstGlobally("SELECT 2") { try $0.next(Int.self) }
        }
        #expect(answer == 2)
    }

    @Test("a transaction whose session has ended does not go on in the next one") func cutOff() async throws {
        let org = OrgID.new(at: SystemTime().now)
        func sessions() async throws -> Set<Int> {
            Set(
                try await database.superuser.rowsGlobally(
                    "SELECT pid FROM pg_stat_activity WHERE datname = \(database.name) AND usename = 'pulse_app'"
                ) { Int(try $0.next(Int32.self)) })
        }
        let error = await #expect(throws: DatabaseError.self) {
            try await database.app.asOrg(org) { transaction in
                let mine = try await transaction.first("SELECT pg_backend_pid()") { Int(try $0.next(Int32.self)) } ?? 0
                let before = try await sessions()
                try await database.superuser.executeGlobally("SELECT pg_terminate_backend(\(Int32(mine)))")
                let patience = SystemTime().monotonic + .seconds(30)
                var now = try await sessions()
                while now.contains(mine) || now.count < before.count, SystemTime().monotonic < patience {
                    now = try await sessions()
                }
                #expect(!now.contains(mine) && now.count == before.count, "another session is there instead")
                // Needs no organisation: alone in a session that knows nothing of BEGIN, it would stand at once.
                try await transaction.execute("SELECT pg_notify('cut', 'off')")
            }
        }
        #expect(error?.problem.status == 503)
        // What comes after is not disturbed.
        #expect(try await database.app.asOrg(org) { try await $0.first("SELECT 3") { try $0.next(Int.self) } } == 3)
    }

    @Test("a database that is not there is a 503 that says when to come back") func unavailable() async throws {
        var configuration = DatabaseConfiguration(url: Secret("postgres://x@127.0.0.1:1/x"))
        configuration.unavailableAfter = .milliseconds(50)
        let nowhere = Database(configuration, logger: .init(label: "test"))
        defer { nowhere.close() }
        let error = await #expect(throws: DatabaseError.self) { _ = try await nowhere.executeGlobally("SELECT 1") }
        #expect(error?.problem.status == 503)
        #expect(error?.problem.retryAfterSeconds != nil)
    }

    @Test("what the server refuses keeps its state and constraint") func serverErrors() async throws {
        let org = OrgID.new(at: SystemTime().now)
        let insert: SQL = "INSERT INTO org_heads VALUES (\(org), 1, 1, now())"
        try await database.app.execute(in: org, insert)
        let error = await #expect(throws: DatabaseError.self) { try await database.app.execute(in: org, insert) }
        #expect(error?.sqlState == SQLState.uniqueViolation)
        let other = OrgID.new(at: SystemTime().now)
        let refused = await #expect(throws: DatabaseError.self) { try await database.app.execute(in: other, insert) }
        #expect(refused?.sqlState == SQLState.insufficientPrivilege)
        #expect(refused?.problem.status == 500)
    }

    @Test("two changes that wait for each other: one stands, and the other is told to come again") func deadlock()
        async throws
    {
        let orgs = [OrgID.new(at: SystemTime().now), OrgID.new(at: SystemTime().now)]
        let (first, second) = (AsyncStream.makeStream(of: Void.self), AsyncStream.makeStream(of: Void.self))
        // Each holds its own before it wants the other's.
        func lock(_ own: Int, _ other: Int, tell: AsyncStream<Void>.Continuation, hear: AsyncStream<Void>) async
            -> DatabaseError?
        {
            do {
                try await database.app.asNobody(timeout: .seconds(20)) { transaction in
                    try await transaction.execute(
                        "SELECT pg_advisory_xact_lock(hashtextextended(\("\(orgs[own])"), 0))")
                    tell.yield()
                    for await _ in hear { break }
                    try await transaction.execute(
                        "SELECT pg_advisory_xact_lock(hashtextextended(\("\(orgs[other])"), 0))")
                }
                return nil
            } catch { return error as? DatabaseError }
        }
        async let one = lock(0, 1, tell: first.continuation, hear: second.stream)
        async let two = lock(1, 0, tell: second.continuation, hear: first.stream)
        let errors = [await one, await two].compactMap(\.self)
        #expect(errors.map(\.sqlState) == [SQLState.deadlockDetected])
        #expect(errors.first?.problem.slug == "database-conflict")
        #expect((errors.first?.problem.status, errors.first?.problem.retryAfterSeconds) == (503, 1))
    }

    @Test("a snapshot takes out one organisation as of its moment, every row as JSON") func snapshot() async throws {
        let (ours, theirs) = (OrgID.new(at: SystemTime().now), OrgID.new(at: SystemTime().now))
        let odd = "back\\slash, \"quote\", line\nbreak, tab\t, ümlaut \u{1F427}"
        for (org, kind) in [(ours, odd), (theirs, "theirs")] {
            try await database.app.execute(
                in: org,
                """
                INSERT INTO resources
                SELECT \(org), gen_random_uuid(), gen_random_uuid(), 'agent', 'agent', \(kind), 'n' || n, 'online', '',
                       now(), now()
                FROM generate_series(1, 3000) n
                """)
        }
        let rows = try await database.app.snapshot(of: ours) { snapshot in
            var rows: [[UInt8]] = []
            try await snapshot.copy("org_heads") { rows.append($0) }
            #expect(rows.isEmpty)
            try await database.app.execute(in: ours, "DELETE FROM resources")
            try await snapshot.copy("resources") { rows.append($0) }
            return rows
        }
        #expect(rows.count == 3000)
        struct Row: Decodable { let name: String }
        let names = try rows.map { try JSONDecoder().decode(Row.self, from: Data($0)).name }
        #expect(Set(names) == [odd])
        await #expect(throws: DatabaseError.self) {
            try await database.app.snapshot(of: ours) { try await $0.copy("users") { _ in } }
        }
    }

    @Test("a listener hears of its connection first and then what is said") func listening() async throws {
        let heard = AsyncStream.makeStream(of: Listener.Event.self)
        let listener = Task {
            await database.app.listen(to: ["pulse_test"]).run { heard.continuation.yield($0) }
        }
        var events = heard.stream.makeAsyncIterator()
        #expect(await events.next() == .connected)
        try await database.app.executeGlobally("SELECT pg_notify('pulse_test', 'hello')")
        #expect(await events.next() == .notified(channel: "pulse_test", payload: "hello"))
        listener.cancel()
    }

    private func heads(of org: OrgID) async throws -> Int {
        try await database.app.first(in: org, "SELECT count(*) FROM org_heads") { try $0.next(Int.self) } ?? -1
    }
}
