internal import AgentProtocol
internal import Cryptography
internal import Kernel
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Outbound
internal import ServiceLifecycle

/// Answers the other processes of this installation: one connection, one stream through a gateway of this process,
/// or one question to it.
package struct RelayListener: Service {
    private let board: Switchboard
    private let link: RelayLink

    package init(_ board: Switchboard, _ link: RelayLink) { (self.board, self.link) = (board, link) }

    package func run() async throws {
        let channel = try await bind()
        try await withGracefulShutdownHandler {
            try await withTaskCancellationHandler {
                try await channel.closeFuture.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } onGracefulShutdown: {
            channel.close(promise: nil)
        }
    }

    func bind() async throws -> any Channel {
        let place = link.listen ?? ("127.0.0.1", 0)
        return try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.autoRead, value: false)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: StreamBridge.readBytes)
            )
            .childChannelInitializer { [board, link] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(link.tls.serverHandler())
                    try channel.pipeline.syncOperations.addHandler(RelayAnswerer(board, key: link.key))
                }
            }
            .bind(host: place.host, port: place.port).get()
    }
}

/// One who asks, until it is known what for.
private final class RelayAnswerer: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private static let patience: TimeAmount = .seconds(5)
    private let board: Switchboard
    private let key: Secret<[UInt8]>
    private let nonce = Randomness.system.bytes(RelayAsk.nonceBytes)
    private var inbox = ByteBuffer()
    private var alarm: Scheduled<Void>?

    init(_ board: Switchboard, key: Secret<[UInt8]>) { (self.board, self.key) = (board, key) }

    func channelActive(context: ChannelHandlerContext) {
        let channel = context.channel
        alarm = context.eventLoop.assumeIsolated().scheduleTask(in: Self.patience) { channel.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: nonce)), promise: nil)
        context.read()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        inbox.writeImmutableBuffer(unwrapInboundIn(data))
        guard let size: UInt16 = inbox.getInteger(at: inbox.readerIndex) else { return }
        guard Int(size) <= RelayAsk.longest else { return context.close(promise: nil) }
        let whole = 2 + Int(size) + RelayAsk.proofBytes
        guard inbox.readableBytes >= whole else { return }
        // Nothing may follow before the answer; whoever cannot prove their ask is not told why.
        guard inbox.readableBytes == whole, inbox.readInteger(as: UInt16.self) != nil,
            let ask = inbox.readBytes(length: Int(size)).flatMap({ RelayAsk($0) }),
            let proof = inbox.readBytes(length: RelayAsk.proofBytes),
            Digests.constantTimeEqual(proof, ask.proof(nonce, key: key))
        else { return context.close(promise: nil) }
        alarm?.cancel()
        let (channel, board, nonce, key) = (context.channel, board, nonce, key)
        context.pipeline.syncOperations.removeHandler(context: context, promise: nil)
        channel.eventLoop.makeFutureWithTask {
            await Self.answer(ask, on: channel, board, nonce, key)
        }.whenFailure { _ in channel.close(promise: nil) }
    }

    func channelReadComplete(context: ChannelHandlerContext) { context.read() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
    func channelInactive(context: ChannelHandlerContext) { alarm?.cancel() }

    private static func answer(
        _ ask: RelayAsk, on channel: any Channel, _ board: Switchboard, _ nonce: [UInt8], _ key: Secret<[UInt8]>
    ) async {
        switch ask.what {
        case .stream(let port):
            func said(_ status: UInt8) -> [UInt8] { [status] + ask.proof(of: status, [], nonce, key: key) }
            do {
                let session = try session(ask, board)
                let bridge = try await StreamBridge.attach(to: channel, for: session, greeting: said(RelayStatus.open))
                try await board.open(ask.call(to: port), on: session, behind: bridge)
            } catch {
                say(said(RelayStatus.code(of: error)), on: channel)
            }
        case .question(let means, let most):
            func said(_ status: UInt8, _ answers: [UInt8] = []) -> [UInt8] {
                var out = ByteBuffer(bytes: [status])
                out.writeInteger(UInt32(answers.count))
                out.writeBytes(answers + ask.proof(of: status, answers, nonce, key: key))
                return Array(out.readableBytesView)
            }
            do {
                let answers = try await board.ask(ask.inquiry(means, most: most), on: try session(ask, board))
                say(said(RelayStatus.open, GatewayFrame.answer(1, answers).bytes), on: channel)
            } catch {
                say(said(RelayStatus.code(of: error)), on: channel)
            }
        }
    }

    private static func session(_ ask: RelayAsk, _ board: Switchboard) throws -> GatewaySession {
        guard let session = board.session(of: ask.agent, in: ask.org, epoch: ask.epoch) else {
            throw OutboundError.noGateway
        }
        return session
    }

    /// The last word.
    private static func say(_ bytes: [UInt8], on channel: any Channel) {
        let last = channel.eventLoop.makePromise(of: Void.self)
        last.futureResult.whenComplete { _ in channel.close(promise: nil) }
        channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: last)
    }
}
