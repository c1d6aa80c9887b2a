import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Fleet

@Suite(.postgres) struct FleetIsolationTests {
    @Test("another organisation neither sees nor touches agents and tokens, and is told what a stranger is told")
    func isolation() async throws {
        let fleet = try FleetCase()
        let (ours, org) = try await fleet.owner()
        let (theirs, _) = try await fleet.owner()
        let enrolled = await fleet.enroll(try await fleet.ticket(ours).token).json
        let open = try await fleet.ticket(ours)
        let agent = try #require(enrolled["agentId"]?.string)
        for (path, count) in [("/api/agents", 1), ("/api/agents/enrollment-tokens", 2)] {
            #expect(await ours.send(.get, path).json["data"]?.array?.count == count)
            #expect(await theirs.send(.get, path).json["data"] == [])
            #expect(
                await theirs.send(.get, path, headers: ["x-pulse-org-id": "\(org)"]).slug == "organisation-not-found")
        }
        for (kind, id) in [("agents", agent), ("agents/enrollment-tokens", open.id)] {
            let foreign = await theirs.send(.delete, "/api/\(kind)/\(id)")
            let unknown = await theirs.send(.delete, "/api/\(kind)/\(AgentID.new(at: fleet.door.time.now))")
            let malformed = await theirs.send(.delete, "/api/\(kind)/nonsense")
            #expect(foreign.status == 404)
            #expect(foreign.text == unknown.text && unknown.text == malformed.text)
        }
        #expect(await fleet.report(try #require(enrolled["runtimeToken"]?.string)).status == 200)
        #expect(await fleet.enroll(open.token, machine: "machine-2").status == 200)
    }

    @Test("without an organisation the tables are empty to the product", arguments: ["agents", "enrollment_tokens"])
    func bare(table: String) async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        #expect(await fleet.enroll(try await fleet.ticket(browser).token).status == 200)
        let seen = try await TestDatabase.current.app.firstGlobally(SQL(unsafeSQL: "SELECT count(*) FROM \(table)")) {
            try $0.next(Int.self)
        }
        #expect(seen == 0)
    }

    @Test("one machine may belong to two organisations, as two agents")
    func sharedMachine() async throws {
        let fleet = try FleetCase()
        let (ours, _) = try await fleet.owner()
        let (theirs, _) = try await fleet.owner()
        let first = await fleet.enroll(try await fleet.ticket(ours).token).json
        let second = await fleet.enroll(try await fleet.ticket(theirs).token).json
        #expect(first["agentId"] != second["agentId"])
        #expect(await fleet.report(try #require(first["runtimeToken"]?.string)).status == 200)
    }

    @Test("only roles that manage agents make and revoke tokens", arguments: Role.allCases)
    func roles(role: Role) async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner(as: role)
        let made = await browser.send(.post, "/api/agents/enrollment-tokens", [:])
        #expect(made.status == (role.allows(.manageAgents) ? 201 : 403))
        #expect(await browser.send(.get, "/api/agents").status == (role.allows(.readMonitoring) ? 200 : 403))
    }

    @Test(
        "names that are not one plain line of 64 bytes are refused",
        arguments: ["a\nb", "a\u{0}", String(repeating: "x", count: 65)])
    func badNames(name: String) async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let answer = await browser.send(.post, "/api/agents/enrollment-tokens", ["name": .string(name)])
        #expect(answer.json["field"]?.string == "name")
    }
}
