import AgentProtocol
import Kernel
import Logging
import NIOCore
import NIOTLS

/// The connection to the server on its event loop: reads messages, lets the streams and questions decide, and does what
/// they say.
///
/// Memory: the server may send what we granted (64 KiB a stream, 1 MiB in all), and 64 questions of at most 2 KiB, whose
/// answers are at most 8 of 2 KiB each, 1 MiB in all. Towards the server nothing is read from
/// a target while the stream has no credit or 512 KiB wait for the network.
final class GatewayHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    static let credit = GatewayCredit(perStream: 64 * 1024, all: 1024 * 1024)
    static let mostStreams = 256
    static let writeBuffer = ChannelOptions.Types.WriteBufferWaterMark(low: 128 * 1024, high: 512 * 1024)
    /// Targets that were not allowed are told once for a connection, as many as this: a check asks every few seconds.
    private static let mostTold = 256
    private static let beat: TimeAmount = .seconds(1)
    private static let pingEvery: Duration = .seconds(15)
    /// Two pings unanswered, and some grace.
    private static let silence: Duration = .seconds(40)

    private let plan: GatewayPlan
    private let isSecure: Bool
    private let ended: EventLoopPromise<GatewayEnd>
    private var client: WebSocketClient
    private var mux: StreamMux?
    private var targets: TargetConnections?
    /// Only where the server speaks of questions.
    private var book: QuestionBook?
    private var questions: TargetQuestions?
    private var told: Set<String> = []
    private var context: ChannelHandlerContext?
    private var heardAt: Duration = .zero
    private var pingedAt: Duration = .zero
    private var pings: UInt64 = 0
    private var beats: RepeatedTask?
    private var waitsForRoom = false

    init(_ plan: GatewayPlan, isSecure: Bool, ended: EventLoopPromise<GatewayEnd>) {
        self.plan = plan
        self.isSecure = isSecure
        self.ended = ended
        client = WebSocketClient(randomness: plan.randomness, maxMessageBytes: GatewayLimits.frameBytes)
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// On a connection that is up. With TLS it waits for the handshake.
    func begin() {
        if !isSecure, let context { ask(context) }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .handshakeCompleted? = event as? TLSUserEvent { ask(context) }
        context.fireUserInboundEventTriggered(event)
    }

    private func ask(_ context: ChannelHandlerContext) {
        heardAt = plan.time.monotonic
        let request = client.request(
            path: plan.server.basePath + "/api/agents/gateway", host: plan.server.authority,
            headers: [
                ("User-Agent", AgentRelease.userAgent), ("Authorization", "Bearer \(plan.token.reveal())"),
                ("X-API-Token", plan.token.reveal()),
            ])
        context.writeAndFlush(wrapOutboundOut(ByteBuffer(string: request)), promise: nil)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        beats = context.eventLoop.scheduleRepeatedTask(initialDelay: Self.beat, delay: Self.beat) { _ in
            bound.value.tick()
        }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardAt = plan.time.monotonic
        client.feed(unwrapInboundIn(data))
        do {
            while self.context != nil, let event = try client.next() { try handle(event, context) }
        } catch {
            end(.lost("the server is not understood: \(error)"))
        }
        context.flush()
    }

    private func handle(_ event: WebSocketClient.Event, _ context: ChannelHandlerContext) throws {
        switch event {
        case .open:
            say(
                .hello(
                    GatewayHello(
                        agentVersion: AgentRelease.version, allows: plan.allows.lines, credit: Self.credit)))
        case .declined(let status): end(.declined(status: status))
        case .message(let bytes): try take(try GatewayFrame(bytes))
        case .ping(let payload): write(opcode: 10, payload)
        case .close(let code, let reason): end(.closed(code: code, reason: reason))
        }
    }

    private func take(_ frame: GatewayFrame) throws {
        if mux == nil {
            guard case .welcome(let welcome) = frame,
                (GatewayLimits.oldestVersion...GatewayLimits.version).contains(welcome.version)
            else {
                throw GatewayViolation("no welcome in a version that we speak")
            }
            return begin(welcome)
        }
        if let outcome = try book?.receive(frame, at: plan.time.monotonic) { return perform(outcome) }
        guard let outcome = try mux?.receive(frame, at: plan.time.monotonic) else { return }
        perform(outcome)
    }

    private func begin(_ welcome: GatewayWelcome) {
        guard let context else { return }
        mux = StreamMux(
            .answerer,
            StreamMux.Rules(
                streams: min(Int(welcome.streams), Self.mostStreams), mine: Self.credit, theirs: welcome.credit))
        targets = TargetConnections(plan, on: context.eventLoop, handler: self)
        if welcome.version >= GatewayLimits.versionOfQuestions {
            book = QuestionBook(.answerer)
            questions = TargetQuestions(plan, on: context.eventLoop, handler: self)
        }
        plan.logger.info(
            "gateway is connected",
            metadata: [LogKey.server: "\(plan.server)", LogKey.count: "\(plan.allows.rules.count)"])
        plan.welcomed()
    }

    // MARK: What targets tell

    func step(_ change: (inout StreamMux, _ now: Duration) -> StreamMux.Outcome) {
        guard mux != nil else { return }
        let outcome = change(&mux!, plan.time.monotonic)
        perform(outcome)
        context?.flush()
    }

    func stepQuestions(_ change: (inout QuestionBook, _ now: Duration) -> QuestionBook.Outcome) {
        guard book != nil else { return }
        let outcome = change(&book!, plan.time.monotonic)
        perform(outcome)
        context?.flush()
    }

    func tellRefused(_ target: String) {
        guard told.count < Self.mostTold, told.insert(target).inserted else { return }
        plan.logger.info("the server asked for what is not allowed", metadata: [LogKey.reason: "\(target)"])
    }

    func broke(_ stream: UInt32) { targets?.fail(stream) }

    /// A target may be read: the stream has nothing waiting, and neither has the network.
    func mayRead(_ stream: UInt32) -> Bool {
        guard let context, mux?.isReady(stream) == true else { return false }
        guard context.channel.isWritable else {
            waitsForRoom = true
            return false
        }
        return true
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable, waitsForRoom {
            waitsForRoom = false
            targets?.readAll()
        }
        context.fireChannelWritabilityChanged()
    }

    private func perform(_ outcome: StreamMux.Outcome) {
        for frame in outcome.frames { say(frame) }
        for event in outcome.events {
            switch event {
            case .wanted(let stream, let target): targets?.connect(stream, target)
            case .data(let stream, let bytes): targets?.write(bytes, to: stream)
            case .finished(let stream): targets?.finish(stream)
            case .ready(let stream): targets?.read(stream)
            case .failed(let stream, _), .ended(let stream), .refused(let stream, _): targets?.close(stream)
            case .opened, .pong: break
            }
        }
    }

    private func perform(_ outcome: QuestionBook.Outcome) {
        for frame in outcome.frames { say(frame) }
        for event in outcome.events {
            switch event {
            case .asked(let number, let question): questions?.ask(number, question)
            case .cancelled(let number): questions?.cancel(number)
            case .answered, .declined: break
            }
        }
    }

    private func tick() {
        let now = plan.time.monotonic
        guard now - heardAt < Self.silence else { return end(.lost("nothing is heard from the server")) }
        guard mux != nil else { return }
        if now - pingedAt >= Self.pingEvery {
            (pingedAt, pings) = (now, pings + 1)
            say(.ping(pings))
        }
        step { $0.tick(at: $1) }
        stepQuestions { $0.tick(at: $1) }
    }

    // MARK: Saying

    private func say(_ frame: GatewayFrame) { write(opcode: 2, frame.bytes) }

    private func write(opcode: UInt8, _ payload: [UInt8]) {
        guard let context else { return }
        var buffer = context.channel.allocator.buffer(capacity: payload.count + 14)
        let mask = plan.randomness.bytes(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        WebSocketClient.frame(opcode: opcode, payload, mask: mask, into: &buffer)
        context.write(wrapOutboundOut(buffer), promise: nil)
    }

    // MARK: The end

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        end(ServerTLS.isDistrust(error) ? .untrusted : .lost("\(error)"))
    }

    func channelInactive(context: ChannelHandlerContext) {
        end(.lost("the connection broke"))
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end(.lost("the connection is gone")) }

    private func end(_ how: GatewayEnd) {
        guard let context else { return }
        self.context = nil
        beats?.cancel()
        mux = nil
        targets?.closeAll()
        targets = nil
        book = nil
        questions?.cancelAll()
        questions = nil
        ended.succeed(how)
        context.close(promise: nil)
    }
}
