import AgentProtocol
import Bus
import Compression
import FoundationEssentials
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Ingest

@Suite(.postgres) struct ReportIntakeTests {
    let database = TestDatabase.current
    let bus = LocalBus()
    let time = ManualTime()

    private var intake: ReportIntake { ReportIntake(database.app, bus: bus, time: time, version: "test") }

    private func request(
        _ report: HostReport, from agent: AgentID, in org: OrgID, gzip: Bool = true
    ) -> APIRequest {
        var writer = JSONWriter()
        report.encode(to: &writer)
        return request(writer.bytes, from: agent, in: org, gzip: gzip)
    }

    private func request(_ body: [UInt8], from agent: AgentID, in org: OrgID, gzip: Bool = false) -> APIRequest {
        APIRequest(
            method: .post, headers: gzip ? ["content-encoding": "gzip"] : [:], body: gzip ? Gzip.compress(body) : body,
            admitted: Caller(principal: .agent(agent), org: org))
    }

    private func report(_ number: Int, stream: String = "s", machine: String? = nil) -> HostReport {
        var report = HostReport()
        report.host.hostname = "web-1"
        report.host.machineID = machine
        report.metrics.cpuUsagePercent = Double(number % 100)
        report.timestamp = time.now
        report.sequenceID = "v1:\(stream):\(number)"
        return report
    }

    private func logged(_ org: OrgID) async throws -> Int {
        try await database.app.first(in: org, "SELECT count(*) FROM ingest_log") { try $0.next(Int.self) } ?? -1
    }

    @Test("a report is committed once, however often and in which encoding it comes") func once() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        for gzip in [true, false, true] {
            let reply = try await intake.report(request(report(1), from: agent, in: org, gzip: gzip))
            #expect(reply.agentID == agent.description)
        }
        #expect(try await logged(org) == 1)
    }

    @Test("concurrent copies of one report leave one row") func concurrent() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        try await withThrowingTaskGroup(of: Void.self) { group in
            for turn in 0..<40 {
                group.addTask {
                    _ = try await intake.report(request(report(1 + turn % 4), from: agent, in: org))
                }
            }
            try await group.waitForAll()
        }
        #expect(try await logged(org) == 4)
    }

    @Test("a backlog beside live reports is taken whole, and its repeats are counted") func backlog() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        _ = try await intake.report(request(report(500), from: agent, in: org))
        var writer = JSONWriter()
        Backfill(reports: (1...100).map { report($0) }).encode(to: &writer)
        let first = try await intake.backfill(request(writer.bytes, from: agent, in: org))
        #expect(first == BackfillReply(accepted: 100, duplicates: 0))
        let second = try await intake.backfill(request(writer.bytes, from: agent, in: org))
        #expect(second == BackfillReply(accepted: 0, duplicates: 100))
        #expect(try await logged(org) == 101)
        let ranges = try await database.app.first(
            in: org, "SELECT count(*) FROM agent_streams, unnest(accepted)"
        ) { try $0.next(Int.self) }
        #expect(ranges == 2)
    }

    private func streams(_ org: OrgID) async throws -> Set<String> {
        Set(try await database.app.rows(in: org, "SELECT stream FROM agent_streams") { try $0.next(String.self) })
    }

    @Test(
        "streams of an agent that begins new ones do not pile up; its newest are known for as long as its queue reaches"
    )
    func manyStreams() async throws {
        let org = try await Given.organisation()
        let (agent, other) = (try await Given.agent(in: org).id, try await Given.agent(in: org).id)
        _ = try await intake.report(request(report(1, stream: "theirs"), from: other, in: org))
        for number in 0..<100 {
            time.advance(by: .seconds(1))
            _ = try await intake.report(request(report(1, stream: "s\(number)"), from: agent, in: org))
        }
        #expect(try await streams(org).count <= 65)
        // A repeat in one of them is still one.
        let before = try await logged(org)
        for number in 90..<100 {
            time.advance(by: .seconds(1))
            _ = try await intake.report(request(report(1, stream: "s\(number)"), from: agent, in: org))
        }
        #expect(try await logged(org) == before)
        time.advance(by: .seconds(27 * 3600))
        _ = try await intake.report(request(report(1, stream: "new"), from: agent, in: org))
        #expect(try await streams(org) == Set((93..<100).map { "s\($0)" } + ["new", "theirs"]))
    }

    @Test("a number that no counter gets to is taken as a report without one") func lastNumber() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        for number in [Int.max - 1, Int.max, Int.max - 1] {
            _ = try await intake.report(request(report(number), from: agent, in: org))
        }
        #expect(try await logged(org) == 2)
    }

    @Test("an agent that was away for long goes on in its stream: what it sent before is not taken again")
    func awayForLong() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        _ = try await intake.report(request(report(1), from: agent, in: org))
        time.advance(by: .seconds(90 * 86_400))
        for number in [1, 2] { _ = try await intake.report(request(report(number), from: agent, in: org)) }
        #expect(try await logged(org) == 2)
    }

    @Test("what is committed is told to the shard, once") func hints() async throws {
        let org = try await Given.organisation(shard: 17)
        let agent = try await Given.agent(in: org).id
        let heard = bus.subscribe(to: .reports(shard: 17), capacity: 8)
        for _ in 0..<2 { _ = try await intake.report(request(report(1), from: agent, in: org)) }
        heard.cancel()
        var reports: [AcceptedReport] = []
        for await case .payload(let hint) in heard { reports.append(try #require(AcceptedReport(hint: hint))) }
        #expect(reports.map(\.org) == [org])
        #expect(reports.first?.agent == agent)
        #expect(reports.first.flatMap { AcceptedReport(hint: $0.hint) } == reports.first)
    }

    @Test("another machine's report is refused and leaves nothing") func otherMachine() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let problem = await #expect(throws: Problem.self) {
            _ = try await intake.report(request(report(1, machine: "not-this-one"), from: agent, in: org))
        }
        #expect(problem?.slug == "agent-identity-mismatch")
        #expect(try await logged(org) == 0)
    }

    @Test("a removed agent is told so, and another organisation's agent does not exist") func foreign() async throws {
        let org = try await Given.organisation()
        let theirs = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let problem = await #expect(throws: Problem.self) {
            _ = try await intake.report(request(report(1), from: agent, in: theirs))
        }
        #expect(problem?.slug == "agent-revoked")
        try await database.superuser.executeGlobally("UPDATE pulse.agents SET revoked_at = now() WHERE id = \(agent)")
        let removed = await #expect(throws: Problem.self) {
            _ = try await intake.report(request(report(2), from: agent, in: org))
        }
        #expect(removed?.slug == "agent-revoked")
        #expect(try await logged(org) == 0)
    }

    @Test(
        "a bad body is answered with what is wrong with it",
        arguments: [
            ("{", "invalid-json", 400), ("[]", "invalid-json", 400),
            ("{\"host\":{\"hostname\":7}}", "invalid-json", 400),
            ("{\"host\":{}}", "invalid-report", 400),
            ("{\"host\":{\"hostname\":\"a\"},\"metrics\":{\"cpuUsagePercent\":NaN}}", "invalid-json", 400),
        ])
    func badBodies(body: String, slug: String, status: Int) async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        var problem: Problem?
        do {
            _ = try await intake.report(request(Array(body.utf8), from: agent, in: org))
        } catch let error as any Explained {
            problem = error.problem
        }
        #expect(problem?.slug == slug)
        #expect(problem?.status == status)
    }

    @Test("a body that unfolds to more than a report may have is refused") func bomb() async throws {
        let org = try await Given.organisation()
        let agent = try await Given.agent(in: org).id
        let body = [UInt8](repeating: 0x20, count: ReportLimits.decodedBytes + 1)
        let problem = await #expect(throws: Problem.self) {
            _ = try await intake.report(request(body, from: agent, in: org, gzip: true))
        }
        #expect(problem?.slug == "report-too-large")
    }

    @Test("another organisation sees nothing of the log or the streams", arguments: ["ingest_log", "agent_streams"])
    func isolation(table: String) async throws {
        let ours = try await Given.organisation()
        let theirs = try await Given.organisation()
        let agent = try await Given.agent(in: ours).id
        _ = try await intake.report(request(report(1), from: agent, in: ours))
        let count = SQL(unsafeSQL: "SELECT count(*) FROM \(table)")
        #expect(try await database.app.first(in: ours, count) { try $0.next(Int.self) } == 1)
        #expect(try await database.app.first(in: theirs, count) { try $0.next(Int.self) } == 0)
        #expect(try await database.app.firstGlobally(count) { try $0.next(Int.self) } == 0)
    }
}
