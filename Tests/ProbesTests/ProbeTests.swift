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

private let now = CollectorCase.now

private func spec(
    _ settings: ProbeSettings, port: Int, host: String = "127.0.0.1", trust: ServerTrust = .system,
    route: OutboundRoute = .direct
) -> ConnectionSpec {
    ConnectionSpec(
        id: ConnectionID.new(at: now), org: OrgID.new(at: now), kind: .availability, name: "shop", host: host,
        port: port,
        trust: trust, credential: .none, route: route, cadence: .seconds(60), probe: settings)
}

private func collector(_ spec: ConnectionSpec, reach: OutboundReach = CollectorCase.reach) throws -> any Collector {
    try ProbesMaker(reach).collector(for: spec)
}

private func settings(_ means: ProbeSettings.Means, _ change: (inout ProbeSettings) -> Void = { _ in }) -> ProbeSettings
{
    var settings = ProbeSettings(means)
    // A loaded machine is no failure here.
    settings.timeoutMilliseconds = 10_000
    settings.failureThreshold = 1
    change(&settings)
    return settings
}

private func live(_ said: Observation) throws -> JSONValue {
    var reader = JSONReader(said.live[0].json)
    return try reader.decode()
}

/// A datagram service of a test's choosing.
private struct DatagramServer {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) async throws {
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close() }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let answer: @Sendable ([UInt8]) -> [UInt8]?

        init(_ answer: @escaping @Sendable ([UInt8]) -> [UInt8]?) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let asked = unwrapInboundIn(data)
            guard let bytes = answer(Array(asked.data.readableBytesView)) else { return }
            context.writeAndFlush(
                wrapOutboundOut(AddressedEnvelope(remoteAddress: asked.remoteAddress, data: ByteBuffer(bytes: bytes))),
                promise: nil)
        }
    }
}

/// A stream service that says what a test wants, in the pieces it wants, once it was asked.
private struct StreamServer {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ answer: @escaping @Sendable ([UInt8]) -> [[UInt8]]) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(answer))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close() }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let answer: @Sendable ([UInt8]) -> [[UInt8]]

        init(_ answer: @escaping @Sendable ([UInt8]) -> [[UInt8]]) { self.answer = answer }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let pieces = answer(Array(unwrapInboundIn(data).readableBytesView))
            for piece in pieces { context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: piece)), promise: nil) }
            if pieces.isEmpty { context.close(promise: nil) }
        }
    }
}

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
        #expect(said.samples.first { $0.metric == MetricName(.latency) }?.value == 5)
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
        #expect(report.observations.first?.status == .online)
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
