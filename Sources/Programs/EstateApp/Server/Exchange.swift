import Glibc
import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOSSL

/// One connection's questions and answers, one after another, with what its fault does to them.
final class Exchange: ChannelInboundHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundOut = HTTPServerResponsePart

    /// Nobody asks a Proxmox VE anything long.
    private static let bodyLimit = 1 << 20

    private let world: World
    private let cluster: Int
    private let node: Int
    private let fingerprint: String
    private var head: HTTPRequestHead?
    private var body: [UInt8] = []
    /// A hostile body on its way out.
    private var pump: HostileBody?
    private var served = 0

    init(_ world: World, cluster: Int, node: Int, fingerprint: String) {
        self.world = world
        self.cluster = cluster
        self.node = node
        self.fingerprint = fingerprint
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .head(let head):
            self.head = head
            body.removeAll(keepingCapacity: false)
        case .body(let buffer):
            guard body.count + buffer.readableBytes <= Self.bodyLimit else { return context.close(promise: nil) }
            body.append(contentsOf: buffer.readableBytesView)
        case .end: answer(context)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    private func answer(_ context: ChannelHandlerContext) {
        guard let head else { return }
        self.head = nil
        world.counters.withLockedValue { $0.requests += 1 }
        if head.uri.contains("/cluster/resources") {
            world.diary.withLockedValue { $0.asked(cluster, at: World.uptime) }
        }
        served += 1
        let fault = fault(for: head.uri)
        let request = FaceRequest(
            method: head.method.rawValue, uri: head.uri, headers: head.headers.map { ($0.name, $0.value) }, body: body)
        body = []
        switch fault?.mode {
        // What was open before is no better than what comes now.
        case .silent: return
        case .refuse: return reset(context)
        default: break
        }
        if let fault, let hostile = HostileBody.make(fault, nodes: world.scene(of: cluster).nodes.map(\.name)) {
            return after(Double(fault.latencyMilliseconds) / 1000, context) { me, context in
                me.start(hostile, head, context)
            }
        }
        let face = world.face(cluster: cluster, node: node, fingerprint: fingerprint, skew: fault?.skewSeconds ?? 0)
        // A node that went down takes its connections with it.
        guard face.scene.nodes[node].isOnline else { return reset(context) }
        var reply = face.answer(request)
        if let fault { spoil(&reply, fault) }
        reply.headers.append(("Date", HTTPMoment.text(face.scene.now)))
        let sent = reply
        let truncates = fault?.mode == .truncate
        after(reply.delay + Double(fault?.latencyMilliseconds ?? 0) / 1000, context) { me, context in
            if let fault, fault.mode == .slowBody, sent.status == 200 {
                me.start(.slow(sent, bytesPerSecond: fault.bytesPerSecond), head, context)
            } else {
                me.send(sent, to: head, truncates: truncates, context)
            }
        }
    }

    /// Without TLS's goodbye, as a machine does that lost its power and was asked again after it came back.
    private func reset(_ context: ChannelHandlerContext) {
        if let socket = context.channel as? any SocketOptionProvider {
            socket.setSoLinger(linger(l_onoff: 1, l_linger: 0)).whenComplete { _ in }
        }
        if let tls = try? context.pipeline.syncOperations.context(handlerType: NIOSSLServerHandler.self) {
            // From here on only the socket is left to hear it.
            tls.close(promise: nil)
        } else {
            context.close(promise: nil)
        }
    }

    /// Looked up for every question, so that faults also reach connections that are open; a new certificate does not.
    private func fault(for uri: String) -> Fault? {
        guard let fault = world.fault(cluster: cluster, node: node) else { return nil }
        if let only = fault.only, !uri.contains(only) { return nil }
        return fault
    }

    private func spoil(_ reply: inout FaceReply, _ fault: Fault) {
        switch fault.mode {
        case .garbage: reply.body = Array("<html>\u{1}{{{\"data\": [1, 2, \u{FFFD}".utf8) + [0xFF, 0xFE, 0x00]
        case .redirect:
            reply = FaceReply(status: 302, reason: "Found", headers: [("Location", fault.location)])
        default: break
        }
        guard fault.errorRate > 0 else { return }
        // Which questions fail follows from seed, place and number: a run can be repeated.
        let draw = world.plans[cluster].seed.child(.failure, node).child(served).fraction(.failure)
        guard draw < fault.errorRate else { return }
        reply = FaceReply(
            status: fault.errorStatus, reason: "estate fault",
            headers: [("Content-Type", "application/json;charset=UTF-8")],
            body: Array(#"{"data":null,"message":"estate fault\n"}"#.utf8))
    }

    private func after(
        _ seconds: Double, _ context: ChannelHandlerContext, _ work: @escaping (Exchange, ChannelHandlerContext) -> Void
    ) {
        guard seconds > 0 else { return work(self, context) }
        context.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(Int64(seconds * 1000))) {
            if context.channel.isActive { work(self, context) }
        }
    }

    private func send(
        _ reply: FaceReply, to request: HTTPRequestHead, truncates: Bool, _ context: ChannelHandlerContext
    ) {
        var headers = HTTPHeaders(reply.headers.map { ($0.name, $0.value) })
        headers.add(name: "Content-Length", value: "\(reply.body.count)")
        let closes = truncates || !request.isKeepAlive
        if closes { headers.add(name: "Connection", value: "close") }
        let status = HTTPResponseStatus.custom(code: UInt(reply.status), reasonPhrase: reply.reason)
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: status, headers: headers))), promise: nil)
        if truncates {
            let half = ByteBuffer(bytes: reply.body.prefix(reply.body.count / 2))
            context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(half))), promise: nil)
            return context.close(promise: nil)
        }
        if request.method != .HEAD {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        if closes {
            let channel = context.channel
            written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        }
        context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: written)
    }

    private func start(_ hostile: HostileBody, _ request: HTTPRequestHead, _ context: ChannelHandlerContext) {
        let headers = HTTPHeaders(hostile.headers.map { ($0.name, $0.value) })
        context.write(
            wrapOutboundOut(.head(HTTPResponseHead(version: .http1_1, status: .ok, headers: headers))), promise: nil)
        pump = hostile
        push(context)
    }

    /// A few pieces at a time, the next when these have left: what TLS holds back counts for nobody's high-water mark,
    /// so waiting for writability would fill the memory.
    private func push(_ context: ChannelHandlerContext) {
        guard let hostile = pump, context.channel.isActive else { return }
        let pieces = (0..<hostile.piecesAtOnce).compactMap { _ in hostile.next() }
        for piece in pieces.dropLast() {
            context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: piece)))), promise: nil)
        }
        guard let last = pieces.last else {
            pump = nil
            return context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
        }
        let written = context.eventLoop.makePromise(of: Void.self)
        // Never at once: a write that ends before it returns would nest for ever.
        let loop = context.eventLoop.assumeIsolated()
        written.futureResult.assumeIsolated().whenSuccess {
            loop.scheduleTask(in: hostile.pause) { self.push(context) }
        }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: last)))), promise: written)
    }
}

/// `Sun, 06 Nov 1994 08:49:37 GMT`.
enum HTTPMoment {
    private static let days = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"]
    private static let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]

    static func text(_ seconds: Double) -> String {
        let text = Timestamp(milliseconds: Int64(seconds) * 1000).description
        let weekday = days[((Int((seconds / 86_400).rounded(.down)) % 7) + 7) % 7]
        let month = months[max(0, min(11, (Int(text.dropFirst(5).prefix(2)) ?? 1) - 1))]
        return
            "\(weekday), \(text.dropFirst(8).prefix(2)) \(month) \(text.prefix(4)) \(text.dropFirst(11).prefix(8)) GMT"
    }
}
