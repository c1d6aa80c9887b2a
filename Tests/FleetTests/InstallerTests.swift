import Cryptography
import Foundation
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Fleet

@Suite(.postgres) struct InstallerTests {
    @Test("the script is what the command's checksum says, and fetching it is noted")
    func script() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let made = await browser.send(.post, "/api/agents/enrollment-tokens", ["name": "web"]).json
        let id = try #require(made["id"]?.string)
        let sum = try #require(made["scriptSha256"]?.string)
        #expect(made["scriptUrl"]?.string == "https://pulse.example.com/install/\(id).sh")
        #expect(made["command"]?.string?.contains(sum) == true)
        #expect(made["command"]?.string?.contains(try #require(made["token"]?.string)) == true)
        func fetchedAt() async -> String? {
            await browser.send(.get, "/api/agents/enrollment-tokens").json["data"]?[0]?["installerFetchedAt"]?.string
        }
        #expect(await fetchedAt() == nil)
        fleet.door.time.advance(by: .seconds(60))
        let answer = await fleet.door.browser().send(.get, "/install/\(id).sh")
        #expect(answer.status == 200)
        #expect(answer.text.hasPrefix("#!/bin/sh\n"))
        #expect(answer.text.contains("https://pulse.example.com"))
        #expect(answer.text.hasSuffix(FleetCase.script))
        #expect(answer.headers["x-checksum-sha256"] == sum)
        #expect(Digests.sha256(answer.bytes).hex == sum)
        #expect(await fetchedAt() == "\(fleet.door.time.now)")
    }

    @Test("a script of no open token is not found")
    func missing() async throws {
        let fleet = try FleetCase()
        let (browser, _) = try await fleet.owner()
        let ticket = try await fleet.ticket(browser)
        #expect(await fleet.enroll(ticket.token).status == 200)
        for name in ["\(ticket.id).sh", "\(AgentID.new(at: fleet.door.time.now)).sh", "x.sh", ".sh", ticket.id, "../x"]
        {
            #expect(await fleet.door.browser().send(.get, "/install/\(name)").status == 404, "\(name)")
        }
    }

    @Test("the program comes with its checksum; there are two architectures, and no other path")
    func program() async throws {
        let fleet = try FleetCase()
        let browser = fleet.door.browser()
        for arch in ["?arch=amd64", "?arch=x86_64", ""] {
            let answer = await browser.send(.get, "/download/pulse-agent\(arch)")
            #expect(answer.status == 200)
            #expect(answer.headers["x-checksum-sha256"] == Digests.sha256(FleetCase.program).hex)
        }
        #expect(await browser.send(.get, "/download/pulse-agent?arch=arm64").slug == "installer-missing")
        for arch in ["../../etc/passwd", "mips", "amd64/../x"] {
            #expect(await browser.send(.get, "/download/pulse-agent?arch=\(arch)").json["field"]?.string == "arch")
        }
    }

    @Test("a changed program gets its new checksum")
    func changed() async throws {
        let fleet = try FleetCase()
        let browser = fleet.door.browser()
        #expect(await browser.send(.get, "/download/pulse-agent").status == 200)
        let newer = [UInt8](repeating: 8, count: 50_000)
        try Data(newer).write(to: URL(filePath: fleet.directory + "/pulse-agent-linux-amd64"))
        #expect(
            await browser.send(.get, "/download/pulse-agent").headers["x-checksum-sha256"] == Digests.sha256(newer).hex)
    }

    @Test("without a script to offer the command is for a machine that has the agent already")
    func noFiles() async throws {
        let fleet = try FleetCase()
        try FileManager.default.removeItem(atPath: fleet.directory + "/install.sh")
        let (browser, _) = try await fleet.owner()
        let answer = await browser.send(.post, "/api/agents/enrollment-tokens", [:])
        #expect(answer.status == 201)
        let (token, id) = (answer.json["token"]?.string ?? "?", answer.json["id"]?.string ?? "?")
        #expect(
            answer.json["command"]?.string
                == "sudo pulse-agent enroll --url 'https://pulse.example.com' --token \(token)")
        #expect(answer.json["scriptUrl"] == nil)
        #expect(await browser.send(.get, "/install/\(id).sh").slug == "installer-missing")
    }
}
