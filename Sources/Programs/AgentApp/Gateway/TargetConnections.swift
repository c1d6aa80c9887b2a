import AgentProtocol
import Logging
import NIOCore
import NIOPosix

/// The connections from this machine to the targets, one a stream; on the gateway's event loop.
final class TargetConnections {
    private struct Target {
        var channel: (any Channel)?
        var lastWrite: EventLoopFuture<Void>?
    }

    private static let connectTimeout: TimeAmount = .seconds(5)
    /// Addresses of one name that are tried.
    private static let tries = 2
    /// A read is what one stream may hold back at most.
    static let readBytes = 32 * 1024

    private let plan: GatewayPlan
    private let loop: any EventLoop
    private unowned let handler: GatewayHandler
    private var targets: [UInt32: Target] = [:]

    init(_ plan: GatewayPlan, on loop: any EventLoop, handler: GatewayHandler) {
        self.plan = plan
        self.loop = loop
        self.handler = handler
    }

    // MARK: Opening

    /// Resolved here, each address checked, connected by the checked address and by nothing else.
    func connect(_ stream: UInt32, _ target: GatewayTarget) {
        targets[stream] = Target()
        let bound = NIOLoopBound(self, eventLoop: loop)
        plan.addresses(of: target.host, for: .tcp(target.port), on: loop).whenComplete { result in
            switch result {
            case .success(let addresses):
                bound.value.connect(stream, target, ArraySlice(addresses.prefix(Self.tries)))
            case .failure(let error):
                bound.value.refuse(stream, target, (error as? TargetRefused)?.why ?? .unknownName)
            }
        }
    }

    private func connect(_ stream: UInt32, _ target: GatewayTarget, _ addresses: ArraySlice<NetworkAddress>) {
        // It may have been given up while its name was looked up.
        guard targets[stream] != nil else { return }
        guard let address = addresses.first,
            let place = try? SocketAddress(ipAddress: address.description, port: target.port)
        else { return refuse(stream, target, .unreachable) }
        let bound = NIOLoopBound(self, eventLoop: loop)
        ClientBootstrap(group: loop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.autoRead, value: false)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.maxMessagesPerRead, value: 1)
            .channelOption(.recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.readBytes))
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(TargetHandler(stream, bound.value.handler))
                }
            }
            .connect(to: place)
            .whenComplete { result in
                switch result {
                case .success(let channel): bound.value.connected(stream, channel)
                case .failure(let error):
                    let rest = addresses.dropFirst()
                    if rest.isEmpty {
                        let isSlow = if case ChannelError.connectTimeout = error { true } else { false }
                        bound.value.refuse(stream, target, isSlow ? .timeout : .unreachable)
                    } else {
                        bound.value.connect(stream, target, rest)
                    }
                }
            }
    }

    private func connected(_ stream: UInt32, _ channel: any Channel) {
        guard targets[stream] != nil else { return channel.close(promise: nil) }
        targets[stream]?.channel = channel
        handler.step { $0.accept(stream, at: $1) }
        read(stream)
    }

    private func refuse(_ stream: UInt32, _ target: GatewayTarget, _ why: GatewayRefusal) {
        guard targets.removeValue(forKey: stream) != nil else { return }
        if why == .notAllowed { handler.tellRefused("\(target)") }
        handler.step { mux, _ in mux.refuse(stream, why) }
    }

    // MARK: Bytes

    func write(_ bytes: [UInt8], to stream: UInt32) {
        guard let channel = targets[stream]?.channel else { return }
        let written = channel.writeAndFlush(ByteBuffer(bytes: bytes))
        targets[stream]?.lastWrite = written
        let bound = NIOLoopBound(self, eventLoop: loop)
        let count = bytes.count
        written.whenComplete { result in
            switch result {
            case .success: bound.value.handler.step { $0.took(count, from: stream, at: $1) }
            case .failure: bound.value.fail(stream)
            }
        }
    }

    func read(_ stream: UInt32) {
        guard let channel = targets[stream]?.channel, handler.mayRead(stream) else { return }
        channel.read()
    }

    func readAll() { for stream in targets.keys { read(stream) } }

    /// The server says nothing more: the target hears so when it has all.
    func finish(_ stream: UInt32) {
        guard let target = targets[stream], let channel = target.channel else { return }
        (target.lastWrite ?? loop.makeSucceededVoidFuture()).whenSuccess { channel.close(mode: .output, promise: nil) }
    }

    // MARK: The end

    /// The connection to the target broke.
    func fail(_ stream: UInt32) {
        guard targets[stream] != nil else { return }
        close(stream)
        handler.step { mux, _ in mux.reset(stream, .broken) }
    }

    func close(_ stream: UInt32) {
        targets.removeValue(forKey: stream)?.channel?.close(promise: nil)
    }

    func closeAll() {
        let all = targets
        targets = [:]
        for target in all.values { target.channel?.close(promise: nil) }
    }
}

/// What a target says, into its stream.
private final class TargetHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let stream: UInt32
    private weak var handler: GatewayHandler?
    private var hasFinished = false

    init(_ stream: UInt32, _ handler: GatewayHandler) {
        self.stream = stream
        self.handler = handler
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = Array(unwrapInboundIn(data).readableBytesView)
        handler?.step { [stream] in $0.send(bytes, in: stream, at: $1) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if handler?.mayRead(stream) == true { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        hasFinished = true
        handler?.step { [stream] in $0.close(stream, at: $1) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        handler?.broke(stream)
    }

    func channelInactive(context: ChannelHandlerContext) {
        if !hasFinished { handler?.broke(stream) }
    }
}
