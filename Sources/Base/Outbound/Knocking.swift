package import Inventory
internal import NIOCore
internal import NIOPosix

/// Finding out whether somebody is there, saying as little as that takes. Behind an agent only TCP can be reached.
extension OutboundReach {
    /// HTTP in the clear.
    package func plainClient(of host: String, port: Int, route: OutboundRoute = .direct) -> HostClient {
        HostClient(host: host, port: port, tls: nil, dialer: dialer(route), width: 1, idle: .seconds(1))
    }

    /// Opens a TCP connection and closes it.
    /// - Returns: how long that took, resolving the name included.
    /// - Throws: `OutboundError`.
    package func knock(
        at host: String, port: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> Duration {
        let start = ContinuousClock.now
        let channel = try await dialer(route).open(host, port, .now() + TimeAmount(timeout)) { channel in
            channel.eventLoop.makeSucceededVoidFuture()
        }
        let took = ContinuousClock.now - start
        channel.close(promise: nil)
        return took
    }

    /// Sends one datagram.
    /// - Returns: the first answer, at most 2 KiB of it; `nil` when none came in time.
    /// - Throws: `OutboundError`; `.unreachable` when the host says that nobody listens.
    package func exchange(
        _ bytes: [UInt8], with host: String, port: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> [UInt8]? {
        guard case .direct = route else { throw OutboundError.noGateway }
        let end = NIODeadline.now() + TimeAmount(timeout)
        let address = try await addresses.address(of: host, timeout: min(.seconds(5), timeout))
        let answer = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: [UInt8]?.self)
        do {
            let channel = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(FirstDatagram(answer))
                    }
                }
                .connect(host: address, port: port).get()
            defer { channel.close(promise: nil) }
            let alarm = channel.eventLoop.scheduleTask(deadline: end) { answer.succeed(nil) }
            defer { alarm.cancel() }
            let datagram = AddressedEnvelope(
                remoteAddress: try SocketAddress(ipAddress: address, port: port), data: ByteBuffer(bytes: bytes))
            channel.writeAndFlush(datagram).whenFailure { _ in answer.fail(OutboundError.unreachable) }
            return try await withTaskCancellationHandler {
                try await answer.futureResult.get()
            } onCancel: {
                answer.succeed(nil)
            }
        } catch {
            // Nobody waits for it any more.
            answer.fail(OutboundError.unreachable)
            throw (error as? OutboundError) ?? OutboundError.unreachable
        }
    }
}

private final class FirstDatagram: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>
    private let answer: EventLoopPromise<[UInt8]?>

    init(_ answer: EventLoopPromise<[UInt8]?>) { self.answer = answer }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        answer.succeed(Array(unwrapInboundIn(data).data.readableBytesView))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        answer.fail(OutboundError.unreachable)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { answer.fail(OutboundError.unreachable) }
}
