import ArgumentParser
import HTTPKit
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix

/// The other side of `websocket`: opens the sockets, counts what arrives, and tells the server by a socket of its own
/// when all of a round is here. Ends when that socket does.
struct WebSocketReaders: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "websocket-readers", shouldDisplay: false)

    @Option var port: Int
    @Option var threads: Int

    func run() async throws {
        FileDescriptors.raiseLimit()
        let group = MultiThreadedEventLoopGroup(numberOfThreads: threads)
        let count = FrameCount(frameBytes: WebSocketBench.frameBytes, readers: WebSocketBench.clients)
        for start in stride(from: 0, to: WebSocketBench.clients, by: 100) {
            try await withThrowingTaskGroup(of: Void.self) { opening in
                for _ in start..<min(start + 100, WebSocketBench.clients) {
                    opening.addTask {
                        _ = try await Self.open("/ws", port, group) { _, bytes in count.add(bytes.readableBytes) }
                    }
                }
                try await opening.waitForAll()
            }
        }
        let speaker = try await Self.open("/speaker", port, group) { channel, bytes in
            // Short frames of the server: two bytes of header, then “expect N”.
            var bytes = bytes
            while let header = bytes.readInteger(as: UInt16.self),
                let text = bytes.readString(length: Int(header & 0x7F))
            {
                count.expect(Int(text.dropFirst("expect ".count)) ?? 0)
            }
        }
        count.whenAllAreHere { frames in Self.say("got \(frames)", on: speaker) }
        Self.say("ready", on: speaker)
        try await speaker.closeFuture.get()
    }

    private static func open(
        _ path: String, _ port: Int, _ group: MultiThreadedEventLoopGroup,
        _ receive: @escaping @Sendable (any Channel, ByteBuffer) -> Void
    ) async throws -> any Channel {
        let opened = group.any().makePromise(of: Void.self)
        let channel = try await ClientBootstrap(group: group)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(Reader(path: path, opened: opened, receive: receive))
                }
            }
            .connect(host: "127.0.0.1", port: port).get()
        try await opened.futureResult.get()
        return channel
    }

    /// A masked text frame; the mask is zeros, which changes nothing.
    private static func say(_ text: String, on channel: any Channel) {
        var bytes = ByteBuffer(bytes: [0x81, 0x80 | UInt8(text.utf8.count), 0, 0, 0, 0])
        bytes.writeString(text)
        channel.writeAndFlush(bytes, promise: nil)
    }

    private struct Refused: Error {}

    /// Sends the handshake, waits for 101, then hands on what comes.
    private final class Reader: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer

        private let path: String
        private let receive: @Sendable (any Channel, ByteBuffer) -> Void
        private var opened: EventLoopPromise<Void>?
        private var head = ByteBuffer()

        init(
            path: String, opened: EventLoopPromise<Void>, receive: @escaping @Sendable (any Channel, ByteBuffer) -> Void
        ) {
            self.path = path
            self.opened = opened
            self.receive = receive
        }

        func channelActive(context: ChannelHandlerContext) {
            let handshake =
                "GET \(path) HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
            context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: handshake)), promise: nil)
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            var bytes = unwrapInboundIn(data)
            guard let opened else { return receive(context.channel, bytes) }
            head.writeBuffer(&bytes)
            guard let end = head.readableBytesView.firstRange(of: Array("\r\n\r\n".utf8)) else { return }
            self.opened = nil
            guard head.readString(length: 12) == "HTTP/1.1 101" else { return opened.fail(Refused()) }
            head.moveReaderIndex(to: end.upperBound)
            opened.succeed()
            if head.readableBytes > 0 { receive(context.channel, head) }
        }

        func channelInactive(context: ChannelHandlerContext) { opened?.fail(Refused()) }
    }
}

/// Counts the bytes of all readers together and knows how many a round must bring.
private final class FrameCount: Sendable {
    private struct State {
        var bytes = 0
        var expectedBytes = 0
        var framesOfRound = 0
        var report: @Sendable (Int) -> Void = { _ in }
    }

    private let state = NIOLockedValueBox(State())
    private let bytesOfRound: @Sendable (Int) -> Int

    init(frameBytes: Int, readers: Int) {
        // A frame of 126 to 65,535 bytes has a header of four.
        bytesOfRound = { frames in frames * readers * (frameBytes + 4) }
    }

    func whenAllAreHere(_ report: @escaping @Sendable (Int) -> Void) { state.withLockedValue { $0.report = report } }

    /// Frames may come before the word that announces them.
    func expect(_ frames: Int) {
        update {
            $0.expectedBytes += bytesOfRound(frames); $0.framesOfRound = frames
        }
    }

    func add(_ bytes: Int) { update { $0.bytes += bytes } }

    private func update(_ change: (inout State) -> Void) {
        let done = state.withLockedValue { state -> (frames: Int, report: @Sendable (Int) -> Void)? in
            change(&state)
            guard state.framesOfRound > 0, state.bytes >= state.expectedBytes else { return nil }
            defer { state.framesOfRound = 0 }
            return (state.framesOfRound, state.report)
        }
        if let done { done.report(done.frames) }
    }
}
