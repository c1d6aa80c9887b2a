import Access
import Cryptography
import Foundation
import FrontDoorKit
import HTTPKit
import Identity
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Fleet

/// Fleet behind the front door, with an agent's files in a directory of its own, and a report route that only says who
/// came in.
final class FleetCase {
    let door: FrontDoor
    let directory: String
    static let script = "echo installing\n"
    static let program = [UInt8](repeating: 7, count: 100_000)

    init() throws {
        let directory = FileManager.default.temporaryDirectory.appending(path: "fleet-\(UUID().uuidString)").path()
        self.directory = directory
        try FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        try Self.script.write(toFile: directory + "/install.sh", atomically: true, encoding: .utf8)
        try Data(Self.program).write(to: URL(filePath: directory + "/pulse-agent-linux-amd64"))
        door = try FrontDoor { parts in
            let installer = Installer(directory: directory, publicURL: parts.context.publicURL)
            let routes = FleetRoutes(
                FleetStore(parts.context.database), installer: installer, time: parts.context.time,
                reportIntervalSeconds: 10)
            return routes.endpoints + [Self.report]
        }
    }

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    private static let report = Endpoint(
        .post, "/api/try/report", summary: "Who am I", access: .agent, audit: .telemetry, response: .anything,
        responseExample: "{}"
    ) { request in .text(try request.caller().principal.label) }

    /// A person signed in to an organisation of their own.
    func owner(as role: Role = .owner) async throws -> (browser: Browser, org: OrgID) {
        let (user, org) = try await Given.member(as: role)
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash, at: door.time.now)
        let browser = door.browser()
        browser.cookies = ["pulse_session": session.token.text.reveal(), "pulse_csrf": csrf.text.reveal()]
        return (browser, org)
    }

    func ticket(_ browser: Browser) async throws -> (id: String, token: String) {
        let made = await browser.send(.post, "/api/agents/enrollment-tokens", ["name": "web"])
        #expect(made.status == 201)
        return (try #require(made.json["id"]?.string), try #require(made.json["token"]?.string))
    }

    func enroll(_ token: String, machine: String? = "machine-1", hostname: String = "web-1") async -> Browser.Answer {
        var body: [String: JSONValue] = ["hostname": .string(hostname), "agentVersion": "1.0.0", "arch": "amd64"]
        body["machineId"] = machine.map { .string($0) }
        return await door.browser().send(
            .post, "/api/agents/agent/enroll", .object(body), headers: ["authorization": "Bearer \(token)"])
    }

    func report(_ token: String) async -> Browser.Answer {
        await door.browser().send(.post, "/api/try/report", headers: ["x-api-token": token])
    }
}
