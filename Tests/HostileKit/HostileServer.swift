import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A server on loopback that answers as badly as it is told to.
package final class HostileServer: Sendable {
    package struct Request: Sendable {
        package let method: String
        /// Without the query.
        package let path: String
        package let query: String
        package let headers: [(name: String, value: String)]
        package let body: [UInt8]

        package func header(_ name: String) -> String? { headers.first { $0.name.lowercased() == name }?.value }
    }

    package enum Reply: Sendable {
        case answer(Int = 200, headers: [String: String] = [:], body: String)
        /// Never says a word.
        case silence
        /// Announces it all, and sends one byte at a time, waiting for each to leave, without ever coming to the end.
        case drip
        /// As many bytes as announced, or without end when `nil`.
        case flood(announced: Int?, headers: [String: String] = [:])
        /// Chunks of one byte, without end.
        case crumbs
        /// Half of what was announced, then hangs up.
        case half(of: String)
        case hangUp

        package static func json(_ text: String, status: Int = 200) -> Reply {
            .answer(status, headers: ["content-type": "application/json"], body: text)
        }
    }

    struct State {
        var requests: [Request] = []
        var accepted = 0
        var open = 0
        var mostOpen = 0
        var plainBytes = 0
        var sentBytes = 0
        var context: NIOSSLContext?
        var answer: @Sendable (Request) -> Reply
    }

    private let channel: any Channel
    private let state: NIOLockedValueBox<State>
    /// Its own: what it does to itself must not be felt by who is tested.
    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)

    /// - Parameters:
    ///   - certificate: `nil` talks in the clear.
    ///   - isOutdated: knows nothing newer than TLS 1.1.
    package init(
        _ certificate: TestCertificate?, isOutdated: Bool = false, _ answer: @escaping @Sendable (Request) -> Reply
    ) async throws {
        let state = NIOLockedValueBox(
            State(context: try certificate?.context(newest: isOutdated ? .tlsv11 : nil), answer: answer))
        self.state = state
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.backlog, value: 256)
            .childChannelOption(.maxMessagesPerRead, value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let context = state.withLockedValue { state in
                        state.accepted += 1
                        state.open += 1
                        state.mostOpen = max(state.mostOpen, state.open)
                        return state.context
                    }
                    channel.closeFuture.whenComplete { _ in state.withLockedValue { $0.open -= 1 } }
                    let pipeline = channel.pipeline.syncOperations
                    if let context { try pipeline.addHandler(NIOSSLServerHandler(context: context)) }
                    try pipeline.addHandler(PlainBytes(state))
                    try pipeline.configureHTTPServerPipeline(withPipeliningAssistance: false)
                    try pipeline.addHandler(HostileHandler(state))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    package var port: Int { channel.localAddress?.port ?? 0 }
    package var requests: [Request] { state.withLockedValue { $0.requests } }
    package var accepted: Int { state.withLockedValue { $0.accepted } }
    package var mostOpen: Int { state.withLockedValue { $0.mostOpen } }
    /// What came out of TLS: nothing, unless a client believed us.
    package var plainBytes: Int { state.withLockedValue { $0.plainBytes } }
    package var sentBytes: Int { state.withLockedValue { $0.sentBytes } }

    package func answer(_ answer: @escaping @Sendable (Request) -> Reply) {
        state.withLockedValue { $0.answer = answer }
    }

    /// From now on new connections are shown this one.
    package func show(_ certificate: TestCertificate) throws {
        let context = try certificate.context(newest: nil)
        state.withLockedValue { $0.context = context }
    }

    package func close() async throws {
        try await channel.close().get()
        try await group.shutdownGracefully()
    }
}

private final class PlainBytes: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer
    private let state: NIOLockedValueBox<HostileServer.State>

    init(_ state: NIOLockedValueBox<HostileServer.State>) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let count = unwrapInboundIn(data).readableBytes
        state.withLockedValue { $0.plainBytes += count }
        context.fireChannelRead(data)
    }
}

private final class HostileHandler: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart
    private let state: NIOLockedValueBox<HostileServer.State>
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []

    init(_ state: NIOLockedValueBox<HostileServer.State>) { self.state = state }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let piece): body += piece.readableBytesView
        case .end:
            guard let head else { return }
            let parts = head.uri.split(separator: "?", maxSplits: 1)
            let request = HostileServer.Request(
                method: head.method.rawValue, path: parts.first.map(String.init) ?? "",
                query: parts.count > 1 ? String(parts[1]) : "", headers: head.headers.map { ($0.name, $0.value) },
                body: body)
            let answer = state.withLockedValue { state in
                state.requests.append(request)
                return state.answer
            }
            reply(answer(request), context)
        }
    }

    private func reply(_ reply: HostileServer.Reply, _ context: ChannelHandlerContext) {
        switch reply {
        case .silence: break
        case .hangUp: context.close(promise: nil)
        case .answer(let status, let headers, let body):
            begin(context, status: status, headers, length: body.utf8.count)
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
            context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        case .half(let body):
            begin(context, length: body.utf8.count)
            let done = context.eventLoop.makePromise(of: Void.self)
            let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
            done.futureResult.whenComplete { _ in bound.value.close(promise: nil) }
            let half = ByteBuffer(bytes: body.utf8.prefix(body.utf8.count / 2))
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(half))), promise: done)
        case .drip:
            begin(context, length: 100_000)
            flood(context, ByteBuffer(string: " "), pause: .milliseconds(20))
        case .flood(let announced, let headers):
            begin(context, headers, length: announced)
            flood(context, ByteBuffer(repeating: UInt8(ascii: "["), count: 65_536), pause: nil)
        case .crumbs:
            begin(context, length: nil)
            // Beneath the encoder, or the server would be busier with it than the client.
            guard let wire = try? context.pipeline.syncOperations.context(handlerType: HTTPResponseEncoder.self) else {
                return context.close(promise: nil)
            }
            crumble(context, wire, ByteBuffer(string: String(repeating: "1\r\n \r\n", count: 1000)))
        }
    }

    private func begin(
        _ context: ChannelHandlerContext, status: Int = 200, _ headers: [String: String] = [:], length: Int?
    ) {
        var head = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status))
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        if let length {
            head.headers.add(name: "content-length", value: "\(length)")
        } else {
            head.headers.add(name: "transfer-encoding", value: "chunked")
        }
        context.writeAndFlush(wrapOutboundOut(.head(head)), promise: nil)
    }

    /// The same again when it has left, until the other side has had enough.
    private func flood(_ context: ChannelHandlerContext, _ piece: ByteBuffer, pause: TimeAmount?) {
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let left = whenLeft(context, piece) {
            bound.value.1.eventLoop.scheduleTask(in: pause ?? .zero) {
                bound.value.0.flood(bound.value.1, piece, pause: pause)
            }
        }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(piece))), promise: left)
    }

    private func crumble(_ context: ChannelHandlerContext, _ wire: ChannelHandlerContext, _ piece: ByteBuffer) {
        let bound = NIOLoopBound((self, context, wire), eventLoop: context.eventLoop)
        let left = whenLeft(context, piece) { bound.value.0.crumble(bound.value.1, bound.value.2, piece) }
        wire.writeAndFlush(NIOAny(piece), promise: left)
    }

    private func whenLeft(
        _ context: ChannelHandlerContext, _ piece: ByteBuffer, _ next: @escaping @Sendable () -> Void
    ) -> EventLoopPromise<Void> {
        let (state, left) = (state, context.eventLoop.makePromise(of: Void.self))
        left.futureResult.whenSuccess {
            state.withLockedValue { $0.sentBytes += piece.readableBytes }
            next()
        }
        return left
    }
}
