internal import NIOCore
internal import NIOHTTP1
internal import NIOSSL
internal import NIOTLS

/// One request on a connection, and what it may cost.
struct Exchange: Sendable {
    let head: HTTPRequestHead
    let body: ByteBuffer?
    let maxBytes: Int
    /// Until the answer's head is there.
    let headerTimeout: TimeAmount
    let end: NIODeadline
    let outcome: EventLoopPromise<Outcome>

    struct Outcome: Sendable {
        let answer: OutboundAnswer
        let keepsConnection: Bool
    }

    /// Failed with nothing of an answer seen: a connection that had lain idle may have been closed meanwhile.
    struct Unanswered: Error {}
}

/// Carries one exchange at a time: writes the request, collects the answer within its bounds. Whatever goes wrong ends
/// the connection.
final class ExchangeHandler: ChannelDuplexHandler {
    typealias InboundIn = HTTPClientResponsePart
    typealias InboundOut = Never
    typealias OutboundIn = Exchange
    typealias OutboundOut = HTTPClientRequestPart

    private struct Running {
        let exchange: Exchange
        var head: HTTPResponseHead?
        var body: [UInt8] = []
        var alarms: [Scheduled<Void>] = []
    }

    private var running: Running?
    private let meter: WireMeter

    init(_ meter: WireMeter) { self.meter = meter }

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        let exchange = unwrapOutboundIn(data)
        guard running == nil, context.channel.isActive else {
            exchange.outcome.fail(Exchange.Unanswered())
            promise?.fail(Exchange.Unanswered())
            return
        }
        running = Running(exchange: exchange)
        meter.reset()
        let bound = NIOLoopBound((self, context), eventLoop: context.eventLoop)
        let wait: @Sendable () -> Void = { bound.value.0.fail(OutboundError.timeout, bound.value.1) }
        running?.alarms = [
            context.eventLoop.scheduleTask(deadline: min(.now() + exchange.headerTimeout, exchange.end)) {
                if bound.value.0.running?.head == nil { wait() }
            },
            context.eventLoop.scheduleTask(deadline: exchange.end, wait),
        ]
        context.write(wrapOutboundOut(.head(exchange.head)), promise: nil)
        if let body = exchange.body { context.write(wrapOutboundOut(.body(.byteBuffer(body))), promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: promise)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard running != nil else { return context.close(promise: nil) }
        switch unwrapInboundIn(data) {
        case .head(let head): begin(head, context)
        case .body(let piece): take(piece, context)
        case .end: finish(context)
        }
    }

    private func begin(_ head: HTTPResponseHead, _ context: ChannelHandlerContext) {
        guard let exchange = running?.exchange, head.status.code >= 200 else { return }
        let encodings = head.headers[canonicalForm: "content-encoding"]
        // We ask for the plain bytes; who packs all the same wants us to unpack something.
        guard encodings.allSatisfy({ $0.lowercased() == "identity" }) else {
            return fail(OutboundError.badAnswer, context)
        }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) }
        guard announced ?? 0 <= exchange.maxBytes else { return fail(OutboundError.tooLarge, context) }
        running?.head = head
        running?.body.reserveCapacity(announced ?? 0)
    }

    private func take(_ piece: ByteBuffer, _ context: ChannelHandlerContext) {
        // In place, with no second holder: a body that comes in crumbs would be copied whole for each of them.
        guard let held = running?.body.count, let most = running?.exchange.maxBytes, held + piece.readableBytes <= most
        else { return fail(OutboundError.tooLarge, context) }
        running?.body += piece.readableBytesView
        meter.allow(forBody: held + piece.readableBytes)
    }

    private func finish(_ context: ChannelHandlerContext) {
        guard let done = running, let head = done.head else { return }
        running = nil
        for alarm in done.alarms { alarm.cancel() }
        let names = head.headers.map { ($0.name.lowercased(), $0.value) }
        let answer = OutboundAnswer(
            status: Int(head.status.code), headers: Dictionary(names) { first, _ in first }, body: done.body)
        let keeps = head.isKeepAlive && context.channel.isActive
        done.exchange.outcome.succeed(Exchange.Outcome(answer: answer, keepsConnection: keeps))
        if !keeps { context.close(promise: nil) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case let error as OutboundError: fail(error, context)
        case is HTTPParserError: fail(OutboundError.badAnswer, context)
        default: fail(broken, context)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        fail(broken, context)
        context.fireChannelInactive()
    }

    private var broken: any Error {
        running.map { $0.head == nil } ?? true ? Exchange.Unanswered() : OutboundError.unreachable
    }

    private func fail(_ error: any Error, _ context: ChannelHandlerContext) {
        let failed = running
        running = nil
        for alarm in failed?.alarms ?? [] { alarm.cancel() }
        failed?.exchange.outcome.fail(error)
        context.triggerUserOutboundEvent(HangUp(), promise: nil)
    }
}

/// Ends a connection at once. An ordinary close says goodbye in TLS and listens for the answer: to somebody who floods us
/// we would listen for seconds.
struct HangUp: Sendable {}

/// Stands between the socket and TLS.
final class SocketEnd: ChannelOutboundHandler {
    typealias OutboundIn = Never

    func triggerUserOutboundEvent(context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?) {
        guard event is HangUp else { return context.triggerUserOutboundEvent(event, promise: promise) }
        context.close(promise: promise)
    }
}

/// Counts what comes in on the wire of one exchange: chunks of a byte each, endless heads and trailers carry little and
/// cost much.
final class WireMeter: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    /// Heads and trailers.
    private static let slack = 131_072
    private var (seen, allowed) = (0, 0)

    func reset() { (seen, allowed) = (0, Self.slack) }

    /// Framing may cost half of what it carries.
    func allow(forBody bytes: Int) { allowed = Self.slack + bytes + bytes / 2 }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        seen += unwrapInboundIn(data).readableBytes
        context.fireChannelRead(data)
        // Only now is it known how much of it was body: TLS hands over what has come in all at once, however much.
        if seen > allowed { context.fireErrorCaught(OutboundError.tooLarge) }
    }
}

/// Holds a new connection back until TLS stands. Not one byte of a request is handed to it before.
final class HandshakeWatch: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = NIOAny
    private let done: EventLoopPromise<Void>
    private let tls: ClientTLS
    private let handler: NIOSSLClientHandler

    /// - Parameter handler: the one of this connection. The pipeline may hold another before it, of a way that is
    ///   encrypted itself: the first that is found there tells whose certificate, and of which end, nobody knows.
    init(_ done: EventLoopPromise<Void>, _ tls: ClientTLS, _ handler: NIOSSLClientHandler) {
        (self.done, self.tls, self.handler) = (done, tls, handler)
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case TLSUserEvent.handshakeCompleted = event {
            if tls.accepts(handler.peerCertificate) { done.succeed() } else { done.fail(OutboundError.untrusted) }
        }
        context.fireUserInboundEventTriggered(event)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        done.fail(ClientTLS.explained(error))
        context.fireErrorCaught(error)
    }

    func channelInactive(context: ChannelHandlerContext) {
        done.fail(OutboundError.unreachable)
        context.fireChannelInactive()
    }
}
