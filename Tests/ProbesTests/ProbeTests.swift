import CollectorConformance
import Datagrams
import HostileKit
import Inventory
import JSONKit
import Kernel
import NIOCore
import NIOPosix
import Outbound
import Testing

@testable import Probes

@Suite struct ProbeOfServersTests {
    private func status(
        _ means: ProbeSettings, _ server: HostileServer, trust: ServerTrust = .system
    ) async throws -> (ResourceStatus?, JSONValue) {
        let report = await (try collector(spec(means, port: server.port, trust: trust))).poll(PollBudget(), at: now)
        #expect(report.fault == nil, "a place that misbehaves is no fault of the check")
        let said = try #require(report.observations.first)
        return (said.status, try live(said))
    }

    @Test("a page that answers well is online, with how long it took")
    func page() async throws {
        let server = try await HostileServer(nil) { _ in .answer(body: "all is well") }
        let check = try collector(spec(settings(.http) { $0.expected = "well" }, port: server.port))
        let report = await check.poll(PollBudget(), at: now)
        let said = try #require(report.observations.first)
        #expect(said.type == .networkEndpoint && said.status == .online && report.complete == ["endpoint"])
        #expect(said.samples.map(\.metric) == [MetricName(.latency)] && said.samples[0].value > 0)
        try await server.close()
    }

    @Test(
        "a page that fails, lies, floods, breaks off or hangs up is offline and says why",
        arguments: [
            (.answer(503, body: ""), "status 503"), (.answer(404, body: ""), "status 404"),
            (.answer(body: "another page"), "does not hold"), (.flood(announced: 500_000_000), "more than"),
            (.flood(announced: nil), "more than"), (.hangUp, "cannot be reached"),
        ] as [(HostileServer.Reply, String)])
    func pages(reply: HostileServer.Reply, why: String) async throws {
        let server = try await HostileServer(nil) { _ in reply }
        let (status, told) = try await status(settings(.http) { $0.expected = "all is well" }, server)
        #expect(status == .offline)
        #expect(told["error"]?.string?.contains(why) == true, "\(told)")
        #expect(server.sentBytes < 64_000_000)
        try await server.close()
    }

    @Test("a redirect is an answer and is not followed")
    func redirect() async throws {
        let server = try await HostileServer(nil) { _ in
            .answer(302, headers: ["location": "http://169.254.169.254/latest/meta-data/"], body: "")
        }
        #expect(try await status(settings(.http), server).0 == .online)
        try await server.close()
    }

    @Test("silence is offline after the time that was set, and no earlier failure is needed when one is enough")
    func silence() async throws {
        let server = try await HostileServer(nil) { _ in .silence }
        let (status, told) = try await status(settings(.http) { $0.timeoutMilliseconds = 200 }, server)
        #expect(status == .offline && told["error"] == "It did not answer in time.")
        try await server.close()
    }

    @Test("one failure changes nothing, as many in a row as were set do, and one success ends it")
    func threshold() async throws {
        let server = try await HostileServer(nil) { _ in .answer(body: "") }
        let check = try collector(spec(settings(.http) { $0.failureThreshold = 2 }, port: server.port))
        func next(_ reply: HostileServer.Reply) async -> ResourceStatus? {
            server.answer { _ in reply }
            return await check.poll(PollBudget(), at: now).observations.first?.status
        }
        #expect(await next(.answer(body: "")) == .online)
        #expect(await next(.answer(500, body: "")) == .online)
        #expect(await next(.answer(500, body: "")) == .offline)
        #expect(await next(.answer(body: "")) == .online)
        try await server.close()
    }

    @Test("a check that begins while the place fails tells nothing of it until it is decided how it is")
    func undecided() async throws {
        let server = try await HostileServer(nil) { _ in .answer(500, body: "") }
        let check = try collector(spec(settings(.http) { $0.failureThreshold = 3 }, port: server.port))
        for _ in 1...2 {
            let report = await check.poll(PollBudget(), at: now)
            #expect(report.observations.isEmpty && report.complete.isEmpty && report.fault == nil)
        }
        let report = await check.poll(PollBudget(), at: now)
        #expect(report.observations.map(\.status) == [.offline] && report.complete == ["endpoint"])
        try await server.close()
    }

    @Test("a page behind another certificate than the confirmed one is offline, and nothing was asked of it")
    func pinned() async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate) { _ in .answer(body: "") }
        #expect(try await status(settings(.https), server, trust: .pinned(certificate.sha256)).0 != .offline)
        let (status, told) = try await status(
            settings(.https), server, trust: .pinned([UInt8](repeating: 7, count: 32)))
        #expect(status == .offline && told["error"] == "It shows another certificate than the confirmed one.")
        try await server.close()
    }

    @Test("a certificate that nobody signed is a warning with its last day")
    func certificate() async throws {
        let server = try await HostileServer(try TestCertificate()) { _ in .silence }
        let report = await (try collector(spec(settings(.tls), port: server.port))).poll(PollBudget(), at: now)
        let said = try #require(report.observations.first)
        #expect(said.status == .warning || said.status == .offline)
        let told = try live(said)["certificate"]
        #expect(["self-signed", "untrusted", "expired"].contains(told?["trustStatus"]?.string ?? ""))
        #expect(said.samples.contains { $0.metric == MetricName(.certificateDays) })
        try await server.close()
    }

    @Test("a port that accepts is online; one where nobody listens is offline")
    func ports() async throws {
        let server = try await HostileServer(nil) { _ in .silence }
        let port = server.port
        #expect(try await status(settings(.tcp), server).0 == .online)
        try await server.close()
        let report = await (try collector(spec(settings(.tcp), port: port))).poll(PollBudget(), at: now)
        #expect(report.observations.first?.status == .offline && report.fault == nil)
    }
}

@Suite struct ProbeOfDatagramsTests {
    private func look(_ means: ProbeSettings, port: Int) async throws -> ResourceStatus? {
        await (try collector(spec(means, port: port))).poll(PollBudget(), at: now).observations.first?.status
    }

    @Test("a datagram that is answered as expected is online, another answer is not")
    func udp() async throws {
        let server = try await DatagramServer { $0 == Array("ping".utf8) ? Array("pong 1".utf8) : Array("what".utf8) }
        #expect(
            try await look(
                settings(.udp) {
                    $0.request = "ping"
                    $0.expected = "pong"
                }, port: server.port) == .online)
        #expect(try await look(settings(.udp) { $0.expected = "pong" }, port: server.port) == .offline)
        try await server.close()
    }

    @Test("silence of a datagram service is a failure, unless it was said to prove nothing")
    func silence() async throws {
        let server = try await DatagramServer { _ in nil }
        func means(_ allows: Bool) -> ProbeSettings {
            settings(.udp) {
                $0.allowsSilence = allows
                $0.timeoutMilliseconds = 200
            }
        }
        #expect(try await look(means(false), port: server.port) == .offline)
        #expect(try await look(means(true), port: server.port) == .unknown)
        try await server.close()
    }

    @Test("a name server that knows the name is online; one that does not, refuses or talks nonsense is not")
    func names() async throws {
        let reply = { (code: UInt8, answers: UInt8) in
            { @Sendable (query: [UInt8]) -> [UInt8]? in
                var bytes = query
                bytes[2] |= 0x80
                bytes[3] = code
                bytes[7] = answers
                return bytes
            }
        }
        for (answer, wanted) in [
            (reply(0, 1), ResourceStatus.online), (reply(3, 0), .offline), (reply(5, 0), .offline),
            (reply(0, 0), .offline),
            ({ @Sendable _ in [1, 2, 3] }, .offline), ({ @Sendable query in query }, .offline),
        ] {
            let server = try await DatagramServer(answer)
            #expect(try await look(settings(.dns) { $0.question = "shop.example.com" }, port: server.port) == wanted)
            try await server.close()
        }
    }

    @Test("a question is what RFC 1035 says, and what cannot be a name is none")
    func question() throws {
        let query = try #require(DNSMessage.query("ab.c.", number: 0x0102))
        #expect(query.bytes == [1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, 2, 97, 98, 1, 99, 0, 0, 1, 0, 1])
        #expect(DNSMessage.query("a..b", number: 1) == nil && DNSMessage.query("", number: 1) == nil)
        #expect(DNSMessage.query(String(repeating: "a", count: 64), number: 1) == nil)
        var other = query.bytes
        other[2] |= 0x80
        other[13] = 122
        #expect(DNSMessage.verdict(of: other, to: query) == .garbage, "an answer to another question")
    }
}

@Suite struct ProbeRulesTests {
    @Test(
        "an address that may not be reached is a fault of the check, and nothing is told of the place",
        arguments: ProbeSettings.Means.allCases)
    func forbidden(means: ProbeSettings.Means) async throws {
        let reach = OutboundReach(AddressGuard(OutboundPolicy()))
        for host in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1"] {
            let check = try collector(spec(settings(means), port: 80, host: host), reach: reach)
            let report = await check.poll(PollBudget(), at: now)
            #expect(report.fault?.reason == .forbiddenAddress, "\(means) \(host)")
            #expect(report.observations.isEmpty && report.complete.isEmpty)
        }
    }

    @Test("a ping is answered, or it is said why a connection was tried instead")
    func ping() async throws {
        let server = try await HostileServer(nil) { _ in .silence }
        let check = try collector(spec(settings(.icmp), port: server.port))
        let report = await check.poll(PollBudget(), at: now)
        let said = try #require(report.observations.first)
        #expect(said.status == .online)
        let isLent = report.degraded.isEmpty
        #expect(isLent == said.samples.contains { $0.metric == MetricName(.loss) })
        if !isLent {
            #expect(report.degraded[0].part == "icmp" && report.degraded[0].fault.detail.contains("ping_group_range"))
        }
        try await server.close()
    }

    @Test("a check that says nothing of what to check cannot work")
    func unsaid() {
        let bare = ConnectionSpec(
            id: ConnectionID.new(at: now), org: OrgID.new(at: now), kind: .availability, name: "x", host: "h", port: 1,
            trust: .system, credential: .none, cadence: .seconds(60))
        #expect(throws: ConnectionFault.self) { try ProbesMaker(CollectorCase.reach).collector(for: bare) }
    }
}
