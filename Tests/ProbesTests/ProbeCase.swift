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

let now = CollectorCase.now

func spec(
    _ settings: ProbeSettings, port: Int, host: String = "127.0.0.1", trust: ServerTrust = .system,
    route: OutboundRoute = .direct
) -> ConnectionSpec {
    ConnectionSpec(
        id: ConnectionID.new(at: now), org: OrgID.new(at: now), kind: .availability, name: "shop", host: host,
        port: port,
        trust: trust, credential: .none, route: route, cadence: .seconds(60), probe: settings)
}

func collector(_ spec: ConnectionSpec, reach: OutboundReach = CollectorCase.reach) throws -> any Collector {
    try ProbesMaker(reach).collector(for: spec)
}

func settings(_ means: ProbeSettings.Means, _ change: (inout ProbeSettings) -> Void = { _ in }) -> ProbeSettings {
    var settings = ProbeSettings(means)
    // A loaded machine is no failure here.
    settings.timeoutMilliseconds = 10_000
    settings.failureThreshold = 1
    change(&settings)
    return settings
}

func live(_ said: Observation) throws -> JSONValue {
    var reader = JSONReader(said.live[0].json)
    return try reader.decode()
}

/// A datagram service of a test's choosing.
struct DatagramServer {
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
struct StreamServer {
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
