import Foundation
import Inventory
import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Outbound
import TestKit
import Testing

@testable import Relay

/// What one stream may take of either end, whatever its target sends and however slowly it is read.
@Suite(.postgres, .serialized) struct FlowControlTests {
    @Test("100 MB from a target that sends all it can, past a reader who takes nothing, hold no more than was granted")
    func flood() async throws {
        let place = try RelayCase()
        let (_, org) = try await Given.member()
        let agent = try await Given.agent(in: org)
        let target = try await Fountain(bytes: 100 << 20)
        try await place.run { port in
            try await place.gateway(agent, in: org, port: port, allows: ["127.0.0.1:\(target.port)"]) {
                let call = GatewayCall(
                    agent: agent.id, org: org, host: "127.0.0.1", port: target.port, timeout: .seconds(60))
                // The one who does not read: what comes stops at the credit, and the other goes on.
                let stuck = try await place.board.reach.open(call) { channel in
                    channel.setOption(.autoRead, value: false)
                }
                let before = Self.residentMegabytes()
                let taken = NIOLockedValueBox(0)
                let session = try #require(place.board.session(of: agent.id, in: org))
                let began = ContinuousClock.now
                let reading = try await place.board.reach.open(call) { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(Counting(taken))
                    }
                }
                var (most, held) = (before, 0)
                while reading.isActive, taken.withLockedValue({ $0 }) < 100 << 20 {
                    most = max(most, Self.residentMegabytes())
                    held = max(held, session.held)
                    try await Task.sleep(for: .milliseconds(20))
                    try #require(ContinuousClock.now - began < .seconds(300))
                }
                let seconds = Double((ContinuousClock.now - began).components.seconds) + 0.001
                #expect(taken.withLockedValue { $0 } == 100 << 20)
                #expect(held <= 2 * 64 * 1024, "two streams, 64 KiB each")
                #expect(most - before < 64, "both ends are in this process")
                print("gateway_flood_mb_per_s: \(Int(100 / seconds)), resident_growth_mb: \(most - before)")
                try await stuck.close()
            }
        }
        try await target.close()
    }

    private static func residentMegabytes() -> Int {
        let words = (try? String(contentsOfFile: "/proc/self/statm", encoding: .utf8))?.split(separator: " ") ?? []
        return words.count > 1 ? (Int(words[1]) ?? 0) * 4096 >> 20 : 0
    }
}

private final class Counting: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let count: NIOLockedValueBox<Int>
    init(_ count: NIOLockedValueBox<Int>) { self.count = count }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let more = unwrapInboundIn(data).readableBytes
        count.withLockedValue { $0 += more }
    }
}

/// Sends so many bytes to everybody, as quickly as they take them.
private final class Fountain: Sendable {
    private let channel: any Channel
    var port: Int { channel.localAddress?.port ?? 0 }

    init(bytes: Int) async throws {
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Pouring(bytes))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close() }
}

private final class Pouring: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer
    private var left: Int
    private let piece = ByteBuffer(repeating: 7, count: 64 * 1024)
    init(_ left: Int) { self.left = left }

    func channelActive(context: ChannelHandlerContext) { pour(context) }
    func channelWritabilityChanged(context: ChannelHandlerContext) { pour(context) }

    private func pour(_ context: ChannelHandlerContext) {
        while left > 0, context.channel.isWritable {
            let next = piece.getSlice(at: 0, length: min(left, piece.readableBytes)) ?? piece
            left -= next.readableBytes
            context.writeAndFlush(wrapOutboundOut(next), promise: nil)
        }
    }
}
