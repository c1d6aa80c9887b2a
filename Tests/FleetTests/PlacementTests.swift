import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Fleet

@Suite(.postgres) struct PlacementTests {
    private func ticket(_ browser: Browser, _ body: JSONValue) async throws -> String {
        let made = await browser.send(.post, "/api/agents/enrollment-tokens", body)
        #expect(made.status == 201, "\(made.text)")
        return try #require(made.json["token"]?.string)
    }

    @Test("a token for several machines enrols that many, each with its site and tags")
    func severalUses() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let site = "\(SiteID.new(at: fleet.door.time.now))"
        let token = try await ticket(
            browser, ["name": "rack", "uses": 2, "tags": ["berlin", " web ", "berlin"], "siteId": .string(site)])
        for machine in ["m1", "m2"] { #expect(await fleet.enroll(token, machine: machine).status == 200) }
        #expect(await fleet.enroll(token, machine: "m3").slug == "enrollment-token-used")
        let agents = await browser.send(.get, "/api/agents").json["data"]?.array ?? []
        #expect(agents.count == 2)
        for agent in agents {
            #expect(agent["tags"] == ["berlin", "web"])
            #expect(agent["siteId"]?.string == site)
        }
        let listed = await browser.send(.get, "/api/agents/enrollment-tokens").json["data"]?[0]
        #expect(listed?["usedCount"] == 2 && listed?["uses"] == 2)
    }

    @Test("of many machines that use a token for three at once exactly three are enrolled")
    func race() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let token = try await ticket(browser, ["uses": 3])
        let statuses = await withTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                nonisolated(unsafe) let stranger = fleet.door.browser()  // each task has a browser of its own
                let body: JSONValue = ["hostname": "web", "machineId": .string("machine-\(number)")]
                group.addTask {
                    await stranger.send(
                        .post, "/api/agents/agent/enroll", body, headers: ["authorization": "Bearer \(token)"]
                    ).status
                }
            }
            return await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(statuses.count { $0 == 200 } == 3)
    }

    @Test("a token lives as long as it was told, and no longer")
    func lifetime() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let token = try await ticket(browser, ["uses": 5, "expiresInSeconds": 300])
        fleet.door.time.advance(by: .seconds(299))
        #expect(await fleet.enroll(token, machine: "m1").status == 200)
        fleet.door.time.advance(by: .seconds(1))
        #expect(await fleet.enroll(token, machine: "m2").slug == "enrollment-token-expired")
    }

    @Test("a removed agent stays removed until its machine is enrolled again, whatever its old token says")
    func removed() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let token = try await ticket(browser, ["uses": 2])
        let first = await fleet.enroll(token, machine: "m1").json
        let (id, old) = (try #require(first["agentId"]?.string), try #require(first["runtimeToken"]?.string))
        #expect(await browser.send(.delete, "/api/agents/\(id)").status == 204)
        for _ in 0..<3 {
            let answer = await fleet.report(old)
            #expect(answer.status == 401 && answer.json["code"] == "agent_revoked")
        }
        let again = await fleet.enroll(token, machine: "m1").json
        #expect(again["agentId"] != first["agentId"])
        #expect(await fleet.report(try #require(again["runtimeToken"]?.string)).status == 200)
        #expect(await fleet.report(old).slug == "agent-revoked")
    }

    @Test("site and tags of an agent can be changed, one without the other")
    func change() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let token = try await ticket(browser, ["tags": ["berlin"]])
        let id = try #require(await fleet.enroll(token).json["agentId"]?.string)
        let site = "\(SiteID.new(at: fleet.door.time.now))"
        let placed = await browser.send(.patch, "/api/agents/\(id)", ["siteId": .string(site)])
        #expect(placed.json["tags"] == ["berlin"] && placed.json["siteId"]?.string == site)
        let tagged = await browser.send(.patch, "/api/agents/\(id)", ["tags": ["paris"], "siteId": .null])
        #expect(tagged.json["tags"] == ["paris"] && tagged.json["siteId"] == nil)
        let (other, _) = try await fleet.owner()
        #expect(await other.send(.patch, "/api/agents/\(id)", ["tags": []]).slug == "agent-not-found")
    }

    @Test(
        "what does not fit is refused by its name",
        arguments: [
            (#"{"uses":0}"#, "uses"), (#"{"uses":1001}"#, "uses"), (#"{"expiresInSeconds":299}"#, "expiresInSeconds"),
            (#"{"expiresInSeconds":99999999999}"#, "expiresInSeconds"), (#"{"tags":[""]}"#, "tags"),
            (#"{"tags":["a\nb"]}"#, "tags"),
            (#"{"tags":["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17"]}"#, "tags"),
        ])
    func badBodies(body: String, field: String) async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let answer = await browser.send(.post, "/api/agents/enrollment-tokens", bytes: Array(body.utf8))
        #expect(answer.slug == "invalid-field" && answer.json["field"]?.string == field)
    }
}
