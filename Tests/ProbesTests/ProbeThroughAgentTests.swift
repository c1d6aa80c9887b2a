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

@Suite struct ProbeThroughAgentTests {
    private static let agent = AgentID.new(at: now)
    private static let route = OutboundRoute.viaAgent(agent, of: OrgID.new(at: now))
    /// An agent that stands here, lets every stream through and answers questions as a test wants.
    private static func reach(
        streams: OutboundError? = nil, _ ask: @escaping @Sendable (GatewayInquiry) throws -> [DatagramAnswer]
    ) -> OutboundReach {
        OutboundReach(
            AddressGuard(OutboundPolicy()),
            gateways: GatewayReach { call, prepare in
                if let streams { throw streams }
                do {
                    return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .channelInitializer(prepare).connect(host: call.host, port: call.port).get()
                } catch {
                    throw OutboundError.unreachable
                }
            } ask: { inquiry in
                try ask(inquiry)
            })
    }

    private func poll(_ settings: ProbeSettings, port: Int, _ reach: OutboundReach) async throws -> PollReport {
        let spec = spec(settings, port: port, route: Self.route)
        return await (try collector(spec, reach: reach)).poll(PollBudget(), at: now)
    }

    /// Through an agent that carries streams alone.
    private func look(_ settings: ProbeSettings, port: Int) async throws -> Observation {
        let report = try await poll(settings, port: port, Self.reach { _ in throw OutboundError.gatewayTooOld })
        #expect(report.fault == nil)
        return try #require(report.observations.first)
    }

    private static func latency(of report: PollReport) -> Double? {
        report.observations.first?.samples.first { $0.metric == MetricName(.latency) }?.value
    }

    @Test("a datagram goes out from the agent, and what comes back is judged as from here") func datagram() async throws
    {
        let answers: [([[UInt8]], ResourceStatus)] = [
            ([Array("pong 1".utf8)], .online), ([Array("what".utf8)], .offline), ([], .offline),
        ]
        for (bytes, wanted) in answers {
            let report = try await poll(
                settings(.udp) { ($0.request, $0.expected) = ("ping", "pong") }, port: 161,
                Self.reach { inquiry in
                    #expect(inquiry.means == .datagram(port: 161, Array("ping".utf8)) && inquiry.most == 1)
                    #expect(inquiry.agent == Self.agent && inquiry.host == "127.0.0.1")
                    return bytes.map { DatagramAnswer(took: .milliseconds(3), bytes: $0) }
                })
            #expect(report.fault == nil && report.observations.first?.status == wanted)
            // Timed at the agent, not with the way to it.
            #expect(Self.latency(of: report) == (bytes.isEmpty ? nil : 3))
        }
        let silent = try await poll(settings(.udp) { $0.allowsSilence = true }, port: 161, Self.reach { _ in [] })
        #expect(silent.observations.first?.status == .unknown)
    }

    @Test("a ping is timed where the agent stands, and what is lost is told") func ping() async throws {
        let report = try await poll(
            settings(.icmp), port: 443,
            Self.reach { inquiry in
                #expect(inquiry.means == .echo && inquiry.most == 3)
                return [
                    DatagramAnswer(took: .milliseconds(7), bytes: []),
                    DatagramAnswer(took: .milliseconds(5), bytes: []),
                ]
            })
        let said = try #require(report.observations.first)
        #expect(said.status == .online && report.degraded.isEmpty)
        #expect(Self.latency(of: report) == 5)
        #expect(said.samples.first { $0.metric == MetricName(.loss) }.map { $0.value > 33 && $0.value < 34 } == true)
        let none = try await poll(settings(.icmp), port: 443, Self.reach { _ in [] })
        #expect(none.observations.first?.status == .offline)
    }

    @Test("where no ping goes out a connection is tried and said so, whoever it is that cannot send it")
    func fallback() async throws {
        let server = try await StreamServer { _ in [] }
        let cases: [(any Error, ConnectionFault.Reason, String)] = [
            (NoEchoSocket.atAgent, .permission, "agent's machine"), (OutboundError.gatewayTooOld, .gateway, "too old"),
        ]
        for (error, reason, words) in cases {
            let report = try await poll(settings(.icmp), port: server.port, Self.reach { _ in throw error })
            #expect(report.fault == nil && report.observations.first?.status == .online)
            let part = try #require(report.degraded.first)
            #expect(part.part == "icmp" && part.fault.reason == reason && part.fault.detail.contains(words))
            #expect(part.fault.detail.contains("port \(server.port)"))
            let neither = try await poll(
                settings(.icmp), port: server.port, Self.reach(streams: .gatewayRefused) { _ in throw error })
            #expect(neither.fault?.reason == .gateway && neither.fault?.detail.contains(words) == true)
            #expect(neither.observations.isEmpty)
        }
        try await server.close()
    }

    @Test("what an agent does not allow, or is too old for, is a fault of the check and names what to do")
    func refused() async throws {
        let cases: [(ProbeSettings.Means, OutboundError, String)] = [
            (.icmp, .gatewayRefused, "127.0.0.1:icmp"), (.udp, .gatewayRefused, "127.0.0.1:161/udp"),
            (.udp, .gatewayTooOld, "too old"), (.udp, .gatewayBusy, "as much as it may"),
            (.icmp, .noGateway, "not connected"),
        ]
        for (means, error, words) in cases {
            let report = try await poll(settings(means), port: 161, Self.reach { _ in throw error })
            #expect(
                report.fault?.reason == .gateway && report.fault?.detail.contains(words) == true, "\(means) \(error)")
            #expect(report.observations.isEmpty)
        }
    }

    @Test(
        "a name server is asked by datagram from where the agent stands, and an address that is nobody's is not asked for"
    )
    func nameServer() async throws {
        let report = try await poll(
            settings(.dns) { $0.question = "shop.example.com" }, port: 53,
            Self.reach(streams: .unreachable) { inquiry in
                guard case .datagram(53, var bytes) = inquiry.means else { return [] }
                bytes[2] |= 0x80
                bytes[7] = 1
                return [DatagramAnswer(took: .milliseconds(1), bytes: bytes)]
            })
        #expect(report.observations.first?.status == .online && Self.latency(of: report) == 1)
        for means in [ProbeSettings.Means.icmp, .udp, .dns] {
            let check = try collector(
                spec(settings(means), port: 53, host: "169.254.169.254", route: Self.route),
                reach: Self.reach { _ in
                    Issue.record("it was asked for")
                    return []
                })
            #expect(await check.poll(PollBudget(), at: now).fault?.reason == .forbiddenAddress)
        }
    }

    /// Behind its length, as RFC 7766 has it.
    private static func framed(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(bytes.count >> 8), UInt8(bytes.count & 0xFF)] + bytes
    }

    private static func reply(_ question: [UInt8], code: UInt8 = 0, answers: UInt8 = 1) -> [UInt8] {
        var bytes = Array(question.dropFirst(2))
        guard bytes.count > 12 else { return [] }
        bytes[2] |= 0x80
        (bytes[3], bytes[7]) = (code, answers)
        return bytes
    }

    @Test("a name server is asked over a stream, and its answer is put together however it comes")
    func names() async throws {
        let ways: [(@Sendable ([UInt8]) -> [[UInt8]], ResourceStatus)] = [
            ({ [Self.framed(Self.reply($0))] }, .online),
            ({ Self.framed(Self.reply($0)).map { [$0] } }, .online),
            ({ [Self.framed(Self.reply($0)) + [1, 2, 3]] }, .online),
            ({ [Self.framed(Self.reply($0, code: 3, answers: 0))] }, .offline),
            ({ _ in [Self.framed([1, 2, 3])] }, .offline), ({ _ in [[0, 0]] }, .offline), ({ _ in [] }, .offline),
        ]
        for (answer, wanted) in ways {
            let server = try await StreamServer(answer)
            let said = try await look(settings(.dns) { $0.question = "shop.example.com" }, port: server.port)
            #expect(said.status == wanted)
            try await server.close()
        }
    }

    @Test("an answer that never ends its length is waited for as long as any")
    func cutShort() async throws {
        let server = try await StreamServer { _ in [[0xFF, 0xFF, 1, 2]] }
        let said = try await look(
            settings(.dns) { ($0.question, $0.timeoutMilliseconds) = ("shop.example.com", 200) }, port: server.port)
        #expect(said.status == .offline)
        #expect(try live(said)["error"]?.string?.contains("in time") == true)
        try await server.close()
    }

    @Test("it is told from where it was looked")
    func place() async throws {
        let server = try await StreamServer { _ in [] }
        let said = try await look(settings(.tcp), port: server.port)
        #expect(said.status == .online)
        var reader = JSONReader(try #require(said.facts.first).json)
        let facts = try reader.decode(JSONValue.self)
        #expect(facts["from"] == "agent" && facts["agentId"]?.string == Self.agent.description)
        try await server.close()
    }

    @Test("a gateway that is not there is a fault of the check, and nothing is told of the place")
    func gone() async throws {
        let check = try collector(
            spec(settings(.dns), port: 53, route: Self.route), reach: OutboundReach(AddressGuard(OutboundPolicy())))
        let report = await check.poll(PollBudget(), at: now)
        #expect(report.fault?.reason == .gateway && report.observations.isEmpty && report.complete.isEmpty)
    }
}
