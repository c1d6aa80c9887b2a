package import Inventory
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix

/// What became of some echo requests.
package struct EchoResult: Sendable, Hashable {
    package let sent: Int
    /// Of those that were answered, in their order.
    package let times: [Duration]
}

/// Pings without privileges: a datagram socket of ICMP, which the system lends to the groups of `ping_group_range`.
extension OutboundReach {
    /// The system does not lend us such a socket.
    package struct NoEchoSocket: Error {}

    /// Of the list of protocols, the same on every system.
    private static let icmp: CInt = 1
    private static let icmpSix: CInt = 58

    /// - Parameter timeout: for each.
    /// - Throws: `OutboundError`, `NoEchoSocket`.
    package func echo(
        _ host: String, count: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> EchoResult {
        guard case .direct = route else { throw OutboundError.noGateway }
        let address = try await addresses.address(of: host, timeout: min(.seconds(5), timeout))
        let target = try SocketAddress(ipAddress: address, port: 0)
        let isSix = target.protocol == .inet6
        let waiting = NIOLockedValueBox<[UInt16: EventLoopPromise<Bool>]>([:])
        let channel: any Channel
        do {
            channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .protocolSubtype(.init(rawValue: isSix ? Self.icmpSix : Self.icmp))
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            EchoReplies(from: address, kind: isSix ? 129 : 0, waiting: waiting))
                    }
                }
                .bind(host: isSix ? "::" : "0.0.0.0", port: 0).get()
        } catch {
            throw NoEchoSocket()
        }
        defer { channel.close(promise: nil) }
        var times: [Duration] = []
        for number in 1...UInt16(max(count, 1)) {
            let reply = channel.eventLoop.makePromise(of: Bool.self)
            waiting.withLockedValue { $0[number] = reply }
            let start = ContinuousClock.now
            let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(timeout)) { reply.succeed(false) }
            // Identity and checksum are the system's to fill in.
            let packet: [UInt8] = [isSix ? 128 : 8, 0, 0, 0, 0, 0, UInt8(number >> 8), UInt8(number & 0xFF)]
            let envelope = AddressedEnvelope(
                remoteAddress: target, data: ByteBuffer(bytes: packet + [UInt8](repeating: 0x50, count: 16)))
            channel.writeAndFlush(envelope).whenFailure { _ in reply.succeed(false) }
            let isAnswered = try await withTaskCancellationHandler {
                try await reply.futureResult.get()
            } onCancel: {
                reply.succeed(false)
            }
            alarm.cancel()
            waiting.withLockedValue { $0[number] = nil }
            try Task.checkCancellation()
            if isAnswered { times.append(ContinuousClock.now - start) }
        }
        return EchoResult(sent: max(count, 1), times: times)
    }
}

/// Replies of the host that was asked, and of no other.
private final class EchoReplies: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let address: String
    private let kind: UInt8
    private let waiting: NIOLockedValueBox<[UInt16: EventLoopPromise<Bool>]>

    init(from address: String, kind: UInt8, waiting: NIOLockedValueBox<[UInt16: EventLoopPromise<Bool>]>) {
        self.address = address
        self.kind = kind
        self.waiting = waiting
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let packet = Array(envelope.data.readableBytesView)
        guard envelope.remoteAddress.ipAddress == address, packet.count >= 8, packet[0] == kind else { return }
        let number = UInt16(packet[6]) << 8 | UInt16(packet[7])
        waiting.withLockedValue { $0[number] }?.succeed(true)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A router says that there is no way: the next one may be answered, this one is not.
    }
}
