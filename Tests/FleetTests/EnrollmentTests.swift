import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Fleet

@Suite(.postgres) struct EnrollmentTests {
    @Test("a one-time token becomes a runtime token that opens the report route of its organisation")
    func enrolls() async throws {
        let fleet = try FleetCase()
        let (browser, org) = try await fleet.owner()
        let ticket = try await fleet.ticket(browser)
        let answer = await fleet.enroll(ticket.token)
        #expect(answer.status == 200)
        #expect(answer.json["orgId"]?.string == "\(org)")
        #expect(answer.json["reportInterval"]?.string == "10s")
        let agent = try #require(answer.json["agentId"]?.string)
        let token = try #require(answer.json["runtimeToken"]?.string)
        #expect(token.hasPrefix("prt_"))
        #expect(await fleet.report(token).text == "agent:\(agent)")

        let agents = await browser.send(.get, "/api/agents").json["data"]?.array ?? []
        #expect(agents.map { $0["id"]?.string } == [agent])
        #expect(agents[0]["hostname"]?.string == "web-1")
        #expect(agents[0]["machineId"]?.string == "machine-1")
        let tickets = await browser.send(.get, "/api/agents/enrollment-tokens").json["data"]?.array ?? []
        #expect(tickets.count == 1)
        #expect(tickets[0]["agentId"]?.string == agent)
        #expect(tickets[0]["usedAt"]?.string == "\(fleet.door.time.now)")
        let actions = try await TestDatabase.current.app.rows(
            in: org, "SELECT action FROM audit_entries ORDER BY action"
        ) { try $0.next(String.self) }
        #expect(actions == ["agent.enroll", "enrollment_token.create"])
    }

    @Test("no token is stored, listed or shown again")
    func secrets() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let ticket = try await fleet.ticket(browser)
        let runtime = try #require(await fleet.enroll(ticket.token).json["runtimeToken"]?.string)
        for path in ["/api/agents", "/api/agents/enrollment-tokens"] {
            let text = await browser.send(.get, path).text
            #expect(!text.contains(ticket.token) && !text.contains(runtime))
        }
        let rows = try await TestDatabase.current.superuser.rowsGlobally(
            "SELECT a::text FROM pulse.agents a UNION ALL SELECT t::text FROM pulse.enrollment_tokens t"
        ) { try $0.next(String.self) }
        #expect(rows.count == 2)
        #expect(!rows.contains { $0.contains(ticket.token) || $0.contains(runtime) })
    }

    @Test("used, expired, revoked and made-up tokens are refused, each with its own problem")
    func refusals() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let used = try await fleet.ticket(browser)
        #expect(await fleet.enroll(used.token).status == 200)
        let revoked = try await fleet.ticket(browser)
        #expect(await browser.send(.delete, "/api/agents/enrollment-tokens/\(revoked.id)").status == 204)
        let expired = try await fleet.ticket(browser)
        fleet.door.time.advance(by: .seconds(24 * 3600))
        let runtime = BearerToken.new(.runtime).text.reveal()
        let cases = [
            (used.token, 409, "enrollment-token-used"), (expired.token, 410, "enrollment-token-expired"),
            (revoked.token, 401, "enrollment-token-unknown"),
            (BearerToken.new(.enrollment).text.reveal(), 401, "enrollment-token-unknown"),
            (runtime, 401, "enrollment-token-unknown"), ("", 401, "enrollment-token-unknown"),
        ]
        for (token, status, slug) in cases {
            let answer = await fleet.enroll(token, machine: "machine-2")
            #expect(answer.status == status)
            #expect(answer.slug == slug)
        }
    }

    @Test("of many machines that use one token at once exactly one is enrolled")
    func race() async throws {
        let fleet = try FleetCase()
        let (browser, org) = try await fleet.owner()
        let ticket = try await fleet.ticket(browser)
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                nonisolated(unsafe) let stranger = fleet.door.browser()  // each task has a browser of its own
                let body: JSONValue = ["hostname": "web", "machineId": .string("machine-\(number)")]
                group.addTask {
                    await stranger.send(
                        .post, "/api/agents/agent/enroll", body, headers: ["authorization": "Bearer \(ticket.token)"]
                    ).status
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 1)
        #expect(statuses.count { $0 == 409 } == 7)
        let agents = try await TestDatabase.current.app.first(in: org, "SELECT count(*) FROM agents") {
            try $0.next(Int.self)
        }
        #expect(agents == 1)
    }

    @Test("a machine that enrols again keeps its agent, and its old token ends")
    func again() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let first = await fleet.enroll(try await fleet.ticket(browser).token).json
        let second = await fleet.enroll(try await fleet.ticket(browser).token, hostname: "renamed").json
        #expect(first["agentId"] == second["agentId"])
        #expect(await fleet.report(try #require(first["runtimeToken"]?.string)).slug == "invalid-token")
        #expect(await fleet.report(try #require(second["runtimeToken"]?.string)).status == 200)
        let agents = await browser.send(.get, "/api/agents").json["data"]?.array ?? []
        #expect(agents.map { $0["hostname"]?.string } == ["renamed"])
    }

    @Test("a removed agent is refused from its next request on, and its machine may enrol anew as another agent")
    func removed() async throws {
        let fleet = try FleetCase()
        let (browser, org) = try await fleet.owner()
        let enrolled = await fleet.enroll(try await fleet.ticket(browser).token).json
        let (id, token) = (
            try #require(enrolled["agentId"]?.string), try #require(enrolled["runtimeToken"]?.string)
        )
        #expect(await browser.send(.delete, "/api/agents/\(id)").status == 204)
        #expect(await fleet.report(token).slug == "agent-revoked")
        #expect(await browser.send(.delete, "/api/agents/\(id)").slug == "agent-not-found")
        #expect(await browser.send(.get, "/api/agents").json["data"] == [])
        let anew = await fleet.enroll(try await fleet.ticket(browser).token).json
        #expect(anew["agentId"]?.string != id)
        let generation = try await TestDatabase.current.superuser.firstGlobally(
            "SELECT generation FROM pulse.orgs WHERE id = \(org)"
        ) { try $0.next(Int.self) }
        #expect(generation == 4, "one, and one more for each of enrolling, removing and enrolling")
    }

    @Test("a suspended organisation enrols nobody")
    func suspended() async throws {
        let fleet = try FleetCase()
        let (browser, org) = try await fleet.owner()
        let ticket = try await fleet.ticket(browser)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.orgs SET state = 'suspended', suspension = 'billing' WHERE id = \(org)")
        #expect(await fleet.enroll(ticket.token).slug == "enrollment-suspended")
        #expect(await browser.send(.get, "/api/agents").slug == "org-suspended")
    }

    @Test(
        "bodies that bind no machine are refused",
        arguments: [
            ("", "invalid-json"), ("[]", "invalid-json"), ("{}", "missing-hostname"),
            (#"{"hostname":"web"}"#, "missing-machine-id"),
            (#"{"hostname":"web","machineId":"  "}"#, "missing-machine-id"),
            (#"{"hostname":"web","machineId":7}"#, "invalid-json"),
            ("{\"hostname\":\"we\\u0000b\",\"machineId\":\"m\"}", "invalid-field"),
            ("{\"hostname\":\"web\",\"machineId\":\"m\\u0000\"}", "invalid-field"),
            (#"{"hostname":"\#(String(repeating: "x", count: 300))","machineId":"m"}"#, "invalid-field"),
        ])
    func badBodies(body: String, slug: String) async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let ticket = try await fleet.ticket(browser)
        let answer = await fleet.door.browser().send(
            .post, "/api/agents/agent/enroll", bytes: Array(body.utf8),
            headers: ["authorization": "Bearer \(ticket.token)"])
        #expect(answer.status == 400)
        #expect(answer.slug == slug)
        #expect(await fleet.enroll(ticket.token).status == 200, "the refusal did not use the token up")
    }

    @Test("an agent that connections lead through is not removed, and says how many") func inUse() async throws {
        let fleet = try FleetCase()
        let (browser, org) = try await fleet.owner()
        let agent = try await Given.agent(in: org)
        let connection = ConnectionID.new(at: Given.start)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.connections (org_id, id, kind, name, name_key, host, port, trust, credential, cadence_seconds,
                                           is_enabled, agent_id, revision, created_at, changed_at)
            VALUES (\(org), \(connection), 'pve', 'lab', 'lab', decode(repeat('01', 45), 'hex'), 8006, 'system', 'none', 10, true, \(agent.id), 1,
                    now(), now())
            """)
        let refused = await browser.send(.delete, "/api/agents/\(agent.id)")
        #expect(refused.status == 409 && refused.slug == "agent-in-use")
        #expect(refused.json["connections"]?.string == "1")
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.connections SET agent_id = NULL WHERE id = \(connection)")
        #expect(await browser.send(.delete, "/api/agents/\(agent.id)").status == 204)
    }
}
