import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import Datagrams

@Suite struct DatagramsTests {
    /// Long enough for any machine; tests that wait for silence say so.
    private static let patience: Duration = .seconds(60)

    @Test("the first answer is enough unless more are wanted, and they come in their order") func answers() async throws
    {
        let server = try await Echoing { bytes in [bytes, bytes + [1], bytes + [2]] }
        let one = try await Datagrams.ask([7], at: "127.0.0.1", port: server.port, timeout: Self.patience)
        #expect(one.map(\.bytes) == [[7]] && one[0].took > .zero)
        let all = try await Datagrams.ask([7], at: "127.0.0.1", port: server.port, most: 3, timeout: Self.patience)
        #expect(all.map(\.bytes) == [[7], [7, 1], [7, 2]])
        try await server.close()
    }

    @Test("what came in time is told when the rest does not come") func some() async throws {
        let server = try await Echoing { [$0] }
        let some = try await Datagrams.ask(
            [7], at: "127.0.0.1", port: server.port, most: 8, timeout: .milliseconds(300))
        #expect(some.map(\.bytes) == [[7]])
        try await server.close()
    }

    @Test("silence is no answer and no error; an answer that is too long is cut") func edges() async throws {
        let server = try await Echoing { $0 == [0] ? [] : [[UInt8](repeating: 9, count: 5000)] }
        #expect(try await Datagrams.ask([0], at: "127.0.0.1", port: server.port, timeout: .milliseconds(100)).isEmpty)
        let long = try await Datagrams.ask([1], at: "127.0.0.1", port: server.port, timeout: Self.patience)
        #expect(long.map(\.bytes.count) == [Datagrams.mostBytes])
        try await server.close()
    }

    @Test("a host that says nobody listens is believed at once") func nobody() async throws {
        let server = try await Echoing { [$0] }
        let port = server.port
        try await server.close()
        await #expect(throws: DatagramError.unreachable) {
            _ = try await Datagrams.ask([1], at: "127.0.0.1", port: port, timeout: Self.patience)
        }
    }

    @Test("who is not asked is not heard") func strangers() async throws {
        let asked = NIOLockedValueBox<SocketAddress?>(nil)
        let server = try await Echoing(seen: { address in asked.withLockedValue { $0 = address } }) { _ in [] }
        let other = try await Echoing { [$0] }
        async let answers = Datagrams.ask([1], at: "127.0.0.1", port: server.port, timeout: .milliseconds(500))
        while asked.withLockedValue({ $0 }) == nil { await Task.yield() }
        let place = try #require(asked.withLockedValue { $0 })
        try? await other.channel.writeAndFlush(AddressedEnvelope(remoteAddress: place, data: ByteBuffer(bytes: [6])))
            .get()
        #expect(try await answers.isEmpty)
        try await server.close()
        try await other.close()
    }

    @Test("whoever is cancelled waits no longer") func cancelled() async throws {
        let server = try await Echoing { _ in [] }
        let port = server.port
        let waiting = Task { try await Datagrams.ask([1], at: "127.0.0.1", port: port, timeout: .seconds(600)) }
        waiting.cancel()
        await #expect(throws: CancellationError.self) { _ = try await waiting.value }
        try await server.close()
    }

    @Test(
        "this machine answers its own pings, or lends no socket for them, however its number is written",
        arguments: ["127.0.0.1", "::1", "0:0:0:0:0:0:0:1", "0000::0001", "::FFFF:127.0.0.1", "::ffff:7f00:1"])
    func echo(address: String) async throws {
        do {
            let times = try await Datagrams.echo(address, count: 3, timeout: Self.patience)
            #expect(times.count == 3 && times.allSatisfy { $0 > .zero })
        } catch DatagramError.noEchoSocket {
            // Said as what it is: the caller tells a person.
        }
    }

    @Test(
        "whoever is pinged is known by the number that the system writes",
        arguments: [
            ("127.0.0.1", "127.0.0.1"), ("::1", "::1"), ("0:0:0:0:0:0:0:1", "::1"), ("2001:DB8::00a", "2001:db8::a"),
            ("2001:0db8:0:0:0:0:0:a", "2001:db8::a"), ("::ffff:192.0.2.1", "192.0.2.1"),
            ("0:0:0:0:0:FFFF:c000:201", "192.0.2.1"),
        ])
    func written(address: String, name: String) throws {
        let target = try #require(Datagrams.echoTarget(address))
        #expect(target.name == name)
        #expect(target.address.ipAddress == name)
    }

    @Test("what is no address is not asked") func nonsense() async throws {
        await #expect(throws: DatagramError.unreachable) {
            _ = try await Datagrams.echo("not an address", count: 1, timeout: Self.patience)
        }
        await #expect(throws: DatagramError.unreachable) {
            _ = try await Datagrams.ask([1], at: "not an address", port: 9, timeout: Self.patience)
        }
    }
}

/// Answers every datagram as a test wants.
private struct Echoing {
    let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init(
        seen: @escaping @Sendable (SocketAddress) -> Void = { _ in },
        _ answers: @escaping @Sendable ([UInt8]) -> [[UInt8]]
    ) async throws {
        channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Answering(seen, answers))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close() }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        typealias OutboundOut = AddressedEnvelope<ByteBuffer>
        private let seen: (SocketAddress) -> Void
        private let answers: ([UInt8]) -> [[UInt8]]

        init(_ seen: @escaping (SocketAddress) -> Void, _ answers: @escaping ([UInt8]) -> [[UInt8]]) {
            (self.seen, self.answers) = (seen, answers)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let asked = unwrapInboundIn(data)
            seen(asked.remoteAddress)
            for bytes in answers(Array(asked.data.readableBytesView)) {
                let out = AddressedEnvelope(remoteAddress: asked.remoteAddress, data: ByteBuffer(bytes: bytes))
                context.writeAndFlush(wrapOutboundOut(out), promise: nil)
            }
        }
    }
}
