import Datagrams
import Foundation
import Inventory
import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Outbound
import Postgres
import TestKit
import Testing

@testable import Relay

/// Datagrams and pings through a real agent, and everything that ends them.
@Suite(.postgres) struct GatewayQuestionTests {
    private static func datagram(
        _ agent: AgentID, of org: OrgID, port: Int, _ bytes: [UInt8] = [7], host: String = "127.0.0.1", most: Int = 1,
        timeout: Duration = .seconds(10)
    ) -> GatewayInquiry {
        GatewayInquiry(
            agent: agent, org: org, host: host, means: .datagram(port: port, bytes), most: most, timeout: timeout)
    }

    @Test("a datagram goes out where the agent stands, and what comes back arrives")
    func way() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Answering { [$0 + [1], $0 + [2]] }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.0/8:\(target.port)/udp"]) {
                let ask = place.board.reach.ask
                let one = try await ask(Self.datagram(agent.id, of: org, port: target.port))
                #expect(one.map(\.bytes) == [[7, 1]] && one[0].took > .zero)
                let both = try await ask(Self.datagram(agent.id, of: org, port: target.port, most: 2))
                #expect(both.map(\.bytes) == [[7, 1], [7, 2]])
                let session = try #require(place.board.session(of: agent.id, in: org))
                #expect(session.questions == 2 && session.waiting == 0)
                #expect(session.bytes.sent == 2 && session.bytes.received == 6)
                let through = try await place.reach.exchange(
                    [7], with: "127.0.0.1", port: target.port, route: .viaAgent(agent.id, of: org),
                    timeout: .seconds(10))
                #expect(through?.bytes == [7, 1])
            }
        }
        try await target.close()
        #expect(try await place.entries("gateway.disconnect", in: org) == 1)
    }

    @Test("a ping is sent by the agent, or it is said that its machine sends none") func echo() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:icmp"]) {
                do {
                    let found = try await place.reach.echo(
                        "127.0.0.1", count: 3, route: .viaAgent(agent.id, of: org), timeout: .seconds(10))
                    #expect(found.sent == 3 && found.times.count == 3)
                } catch let error as NoEchoSocket {
                    #expect(error == .atAgent)
                }
            }
        }
    }

    @Test("what the agent does not allow is not sent, and what can never be right is not even asked for")
    func refused() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Answering { [$0] }
        let allows = ["127.0.0.1:\(target.port)", "127.0.0.1:1/udp", "10.0.0.0/8:icmp,\(target.port)/udp"]
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: allows) {
                let route = OutboundRoute.viaAgent(agent.id, of: org)
                let cases: [(String, OutboundError)] = [
                    ("127.0.0.1", .gatewayRefused), ("localhost", .gatewayRefused),
                    ("no-such-name.invalid", .unreachable),
                    ("169.254.169.254", .refused), ("255.255.255.255", .refused),
                ]
                for (host, error) in cases {
                    await #expect(throws: error, "\(host)") {
                        _ = try await place.reach.exchange(
                            [1], with: host, port: target.port, route: route, timeout: .seconds(10))
                    }
                    await #expect(throws: error, "\(host)") {
                        _ = try await place.reach.echo(host, count: 1, route: route, timeout: .seconds(10))
                    }
                }
                await #expect(throws: OutboundError.unreachable, "nobody listens there") {
                    _ = try await place.reach.exchange(
                        [1], with: "127.0.0.1", port: 1, route: route, timeout: .seconds(10))
                }
                await #expect(throws: OutboundError.tooLarge) {
                    _ = try await place.reach.exchange(
                        [UInt8](repeating: 1, count: 2049), with: "127.0.0.1", port: target.port, route: route,
                        timeout: .seconds(10))
                }
            }
        }
        #expect(target.count == 0)
        try await target.close()
    }

    @Test("another organisation's gateway is none, and one that is away is none") func isolation() async throws {
        let place = try RelayCase()
        let (_, ours) = try await Given.member()
        let (_, theirs) = try await Given.member()
        let agent = try await Given.agent(in: ours)
        let target = try await Answering { [$0] }
        try await place.run { port in
            try await place.gateway(agent, in: ours, port: port, allows: ["127.0.0.1:\(target.port)/udp"]) {
                await #expect(throws: OutboundError.noGateway) {
                    _ = try await place.board.reach.ask(Self.datagram(agent.id, of: theirs, port: target.port))
                }
            }
            try await eventually { place.board.session(of: agent.id, in: ours) == nil }
            await #expect(throws: OutboundError.noGateway) {
                _ = try await place.board.reach.ask(Self.datagram(agent.id, of: ours, port: target.port))
            }
        }
        #expect(target.count == 0)
        try await target.close()
    }

    @Test("a gateway that is switched off ends with its questions") func revoked() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Answering { _ in [] }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)/udp"]) {
                let session = try #require(place.board.session(of: agent.id, in: org))
                let began = ContinuousClock.now
                let waiting = Task {
                    try await place.board.reach.ask(Self.datagram(agent.id, of: org, port: target.port))
                }
                try await eventually { session.waiting == 1 && target.count == 1 }
                try await TestDatabase.current.superuser.executeGlobally(
                    "UPDATE pulse.gateways SET is_enabled = false WHERE id = \(agent.id)")
                await #expect(throws: OutboundError.noGateway) { _ = try await waiting.value }
                #expect(ContinuousClock.now - began < .seconds(10), "before its own time was over")
            }
        }
        try await target.close()
    }

    @Test("whoever waits no longer gives the question up, and its place is free again") func cancelled() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Answering { $0 == [0] ? [] : [$0] }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)/udp"]) {
                let session = try #require(place.board.session(of: agent.id, in: org))
                let waiting = Task {
                    try await place.board.reach.ask(Self.datagram(agent.id, of: org, port: target.port, [0]))
                }
                try await eventually { target.count == 1 }
                waiting.cancel()
                await #expect(throws: CancellationError.self) { _ = try await waiting.value }
                #expect(session.waiting == 0)
                let next = try await place.board.reach.ask(Self.datagram(agent.id, of: org, port: target.port, [5]))
                #expect(next.map(\.bytes) == [[5]])
            }
        }
        try await target.close()
    }

    @Test("200 questions at once are answered each with its own, or told that there are too many") func many()
        async throws
    {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Answering { [$0] }
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)/udp"]) {
                let ask = place.board.reach.ask
                let right = try await withThrowingTaskGroup(of: Int.self) { group in
                    for number in UInt8(0)..<200 {
                        group.addTask {
                            do {
                                let found = try await ask(
                                    Self.datagram(agent.id, of: org, port: target.port, [number]))
                                return found.map(\.bytes) == [[number]] ? 1 : 1000
                            } catch OutboundError.gatewayBusy {
                                return 0
                            }
                        }
                    }
                    return try await group.reduce(0, +)
                }
                #expect((64...200).contains(right))
            }
        }
        try await target.close()
    }

    @Test(
        "a question finds the process that holds the gateway; who has another secret, or names an epoch that is over, nothing"
    )
    func elsewhere() async throws {
        let secret = Secret([UInt8](repeating: 9, count: 32))
        let linkPort = try await RelayCase.freePort()
        let link = try RelayLink(listen: ("127.0.0.1", linkPort), secret: secret)
        let here = try RelayCase(link: link)
        let there = try RelayCase(link: try RelayLink(listen: nil, secret: secret))
        let stranger = try RelayCase(link: try RelayLink(listen: nil, secret: Secret([UInt8](repeating: 8, count: 32))))
        let (_, org) = try await Given.member()
        let (_, others) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Answering { [$0 + [1], $0 + [2]] }
        try await here.run(with: [RelayListener(here.board, link)]) { port in
            try await here.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)/udp"]) {
                try await RelayCase.listens(at: linkPort)
                let question = Self.datagram(agent.id, of: org, port: target.port, most: 2)
                let found = try await there.board.reach.ask(question)
                #expect(found.map(\.bytes) == [[7, 1], [7, 2]])
                await #expect(throws: OutboundError.gatewayRefused) {
                    _ = try await there.board.reach.ask(Self.datagram(agent.id, of: org, port: 9))
                }
                for (place, question) in [
                    (stranger, question), (there, Self.datagram(agent.id, of: others, port: target.port)),
                ] {
                    await #expect(throws: OutboundError.noGateway) { _ = try await place.board.reach.ask(question) }
                }
                await #expect(throws: OutboundError.noGateway) {
                    _ = try await link.ask(RelayPlace(address: try #require(link.advertised), epoch: 99), question)
                }
            }
        }
        try await target.close()
    }

    @Test("between two processes nothing is said in the clear, and who speaks no TLS with their key hears nothing")
    func sealed() async throws {
        let linkPort = try await RelayCase.freePort()
        let link = try RelayLink(listen: ("127.0.0.1", linkPort), secret: Secret([UInt8](repeating: 9, count: 32)))
        let place = try RelayCase(link: link)
        try await place.run(with: [RelayListener(place.board, link)]) { _ in
            try await RelayCase.listens(at: linkPort)
            let heard = NIOLockedValueBox<[UInt8]>([])
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Hearing(heard))
                    }
                }
                .connect(host: "127.0.0.1", port: linkPort).get()
            try await channel.writeAndFlush(ByteBuffer(repeating: 65, count: 100)).get()
            try await channel.closeFuture.get()
            // An alert of TLS at most: a nonce would be longer.
            #expect(heard.withLockedValue { $0.count } < RelayAsk.nonceBytes)
        }
    }
}

private final class Hearing: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let heard: NIOLockedValueBox<[UInt8]>
    init(_ heard: NIOLockedValueBox<[UInt8]>) { self.heard = heard }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        heard.withLockedValue { $0 += bytes }
    }
}

/// Answers every datagram on loopback as a test wants, and counts them.
private final class Answering: Sendable {
    private let channel: any Channel
    private let seen: NIOLockedValueBox<Int>
    var port: Int { channel.localAddress?.port ?? 0 }
    var count: Int { seen.withLockedValue { $0 } }

    init(_ answers: @escaping @Sendable ([UInt8]) -> [[UInt8]]) async throws {
        let seen = NIOLockedValueBox(0)
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Handler(seen, answers))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.seen = seen
    }

    func close() async throws { try await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let seen: NIOLockedValueBox<Int>
        private let answers: ([UInt8]) -> [[UInt8]]

        init(_ seen: NIOLockedValueBox<Int>, _ answers: @escaping ([UInt8]) -> [[UInt8]]) {
            (self.seen, self.answers) = (seen, answers)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let asked = unwrapInboundIn(data)
            seen.withLockedValue { $0 += 1 }
            for bytes in answers(Array(asked.data.readableBytesView)) {
                let out = AddressedEnvelope(remoteAddress: asked.remoteAddress, data: ByteBuffer(bytes: bytes))
                context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            }
        }
    }
}
