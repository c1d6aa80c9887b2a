import NIOCore
import NIOHTTP1
import NIOTLS

/// One request and where its answer goes.
struct HTTPExchange: Sendable {
    let head: HTTPRequestHead
    let body: [UInt8]
    /// The answer, and whether the connection may be used again.
    let promise: EventLoopPromise<(Answer, Bool)>
}

/// One exchange at a time on one connection.
final class HTTPExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias OutboundIn = HTTPExchange
    typealias OutboundOut = HTTPClientRequestPart

    private static let answerLimit = 64 * 1024

    private var current: EventLoopPromise<(Answer, Bool)>?
    private var head: HTTPResponseHead?
    private var body: [UInt8] = []
    /// Kept when the connection is up, TLS included; failed with the reason when it never gets there.
    private let ready: EventLoopPromise<Void>
    private let isSecure: Bool

    init(isSecure: Bool, ready: EventLoopPromise<Void>) {
        self.isSecure = isSecure
        self.ready = ready
    }

    func channelActive(context: ChannelHandlerContext) {
        if !isSecure { ready.succeed() }
        context.fireChannelActive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { ready.succeed() }
        context.fireUserInboundEventTriggered(event)
    }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard current == nil, context.channel.isActive else {
            return exchange.promise.fail(TransportError("the connection is not free", .connectionLost))
        }
        current = exchange.promise
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: exchange.body)))), promise: nil)
        context.write(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body = []
        case .body(let part):
            guard body.count + part.readableBytes <= Self.answerLimit else {
                fail(TransportError("the answer is longer than 64 KiB"))
                return context.close(promise: nil)
            }
            body.append(contentsOf: part.readableBytesView)
        case .end: finish()
        }
    }

    private func finish() {
        // 100 Continue and the like come before the answer.
        guard let head, head.status.code >= 200, let promise = current else { return }
        current = nil
        self.head = nil
        let retryAfter = head.headers.first(name: "Retry-After").flatMap { Int($0) }
        let answer = Answer(status: Int(head.status.code), body: body, retryAfterSeconds: retryAfter)
        body = []
        promise.succeed((answer, head.isKeepAlive))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let text = "\(error)"
        let isUntrusted = ServerTLS.isDistrust(error)
        fail(
            isUntrusted
                ? TransportError("the server's certificate is not trusted (--ca-file, --fingerprint)", .untrusted)
                : TransportError(text, head == nil ? .connectionLost : .other))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(
            TransportError("the connection was closed before the answer came", head == nil ? .connectionLost : .other))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        fail(TransportError("the connection is gone", .connectionLost))
    }

    private func fail(_ error: TransportError) {
        ready.fail(error)
        current?.fail(error)
        current = nil
    }
}
