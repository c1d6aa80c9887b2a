internal import Glibc
internal import Kernel
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Outbound

/// Carries bytes between a channel and a stream of a gateway, either way only as far as the other takes them: a channel is
/// read while its stream has credit, and credit is granted when the channel has written.
final class StreamBridge: Sendable {
    /// Of one read: what the stream may hold back at most.
    static let readBytes = 32 * 1024
    /// Whoever has closed their side waits no longer for the other's.
    static let farewell: TimeAmount = .seconds(30)

    let session: GatewaySession
    let channel: any Channel
    private let stream = NIOLockedValueBox<UInt32>(0)
    /// Said to the channel before the target's first byte.
    private let greeting: [UInt8]
    private let lastWrite = NIOLockedValueBox<EventLoopFuture<Void>?>(nil)

    private init(_ session: GatewaySession, _ channel: any Channel, greeting: [UInt8]) {
        (self.session, self.channel, self.greeting) = (session, channel, greeting)
    }

    var eventLoop: any EventLoop { channel.eventLoop }

    /// On a channel that is up and is not read by itself.
    static func attach(
        to channel: any Channel, for session: GatewaySession, greeting: [UInt8] = []
    ) async throws -> StreamBridge {
        let bridge = StreamBridge(session, channel, greeting: greeting)
        try await channel.eventLoop.submit {
            try channel.pipeline.syncOperations.addHandler(BridgeHandler(bridge))
        }.get()
        return bridge
    }

    // MARK: From the session

    /// Its stream is this; called once, before anything is sent or comes.
    func begin(_ number: UInt32) { stream.withLockedValue { $0 = number } }

    var number: UInt32 { stream.withLockedValue { $0 } }

    func write(_ bytes: [UInt8]) {
        let written = channel.writeAndFlush(ByteBuffer(bytes: bytes))
        lastWrite.withLockedValue { $0 = written }
        let count = bytes.count
        written.whenComplete { [session, number] result in
            switch result {
            case .success: session.took(count, from: number)
            case .failure: session.reset(number)
            }
        }
    }

    /// The target says nothing more: whoever reads hears so when they have all.
    func finish() { afterWrites { $0.close(mode: .output, promise: nil) } }
    func end() { afterWrites { $0.close(promise: nil) } }
    func cut() { channel.close(promise: nil) }
    func read() { channel.read() }

    /// The target is connected.
    func opened() {
        if !greeting.isEmpty { channel.writeAndFlush(ByteBuffer(bytes: greeting), promise: nil) }
        read()
    }

    private func afterWrites(_ action: @escaping @Sendable (any Channel) -> Void) {
        let last = lastWrite.withLockedValue { $0 } ?? channel.eventLoop.makeSucceededVoidFuture()
        last.whenSuccess { [channel] in action(channel) }
    }
}

private final class BridgeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let bridge: StreamBridge
    private var alarm: Scheduled<Void>?

    init(_ bridge: StreamBridge) { self.bridge = bridge }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        bridge.session.send(Array(unwrapInboundIn(data).readableBytesView), in: bridge.number)
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        if bridge.session.isReady(bridge.number) { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        guard case ChannelEvent.inputClosed = event else { return context.fireUserInboundEventTriggered(event) }
        bridge.session.close(bridge.number)
        let channel = context.channel
        alarm = context.eventLoop.assumeIsolated().scheduleTask(in: StreamBridge.farewell) {
            channel.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        alarm?.cancel()
        bridge.session.reset(bridge.number)
    }
}

/// Two sockets that are each other's end: the caller gets one as a channel like any other, the stream lies behind the
/// other. The kernel keeps the bytes between them and makes whoever is too quick wait.
struct StreamPair {
    let far: StreamBridge
    private let nearSocket: NIOLockedValueBox<CInt?>

    static func make(for session: GatewaySession) async throws -> StreamPair {
        var ends: [CInt] = [-1, -1]
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0, &ends) == 0 else {
            // No descriptors left: that is this machine's matter, and passes.
            throw OutboundError.gatewayBusy
        }
        let near = NIOLockedValueBox<CInt?>(ends[0])
        do {
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelOption(.autoRead, value: false)
                .channelOption(.allowRemoteHalfClosure, value: true)
                .channelOption(.maxMessagesPerRead, value: 1)
                .channelOption(
                    .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: StreamBridge.readBytes)
                )
                .withConnectedSocket(ends[1]).get()
            return StreamPair(far: try await StreamBridge.attach(to: channel, for: session), nearSocket: near)
        } catch {
            StreamPair.close(near)
            throw error
        }
    }

    /// The caller's end. Owned by the caller from here on.
    func near(_ prepare: @escaping GatewayReach.Prepare) async throws -> any Channel {
        guard
            let socket = nearSocket.withLockedValue({ socket in
                defer { socket = nil }; return socket
            })
        else {
            throw OutboundError.unreachable
        }
        return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .channelInitializer(prepare)
            .withConnectedSocket(socket).get()
    }

    func close() {
        far.cut()
        Self.close(nearSocket)
    }

    private static func close(_ socket: NIOLockedValueBox<CInt?>) {
        if let number = socket.withLockedValue({ socket in
            defer { socket = nil }; return socket
        }) {
            Glibc.close(number)
        }
    }
}
