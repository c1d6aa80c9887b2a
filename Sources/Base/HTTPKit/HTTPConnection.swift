import Kernel
import NIOCore
import NIOHTTP1

/// One connection, from its event loop's view: takes requests in one after another, starts the task that answers, and
/// writes the answer. Pipelined requests wait; while one is being answered nothing further is read.
///
/// One deadline stands at any time, of the phase the connection is in; passing it is always answered or closed.
final class HTTPConnection: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias OutboundIn = HTTPServerResponsePart
    typealias OutboundOut = HTTPServerResponsePart

    enum Phase {
        /// Between requests.
        case idle
        /// The first bytes of a head are here.
        case head
        case body(Opening)
        case working(Opening)
        /// The head of the answer is sent, its body follows.
        case sending(Opening)
        /// Answered before the request had ended: the rest is read and forgotten, so that the answer is not lost in the
        /// reset that closing on unread bytes would cause.
        case lingering
        case done
    }

    let responder: Responder
    let isTLS: Bool
    let peer: String
    var phase = Phase.idle
    var context: ChannelHandlerContext?
    var head: HTTPRequestHead?
    var body: [UInt8] = []
    /// Answered requests so far; an answer for an earlier one comes too late and is dropped.
    var ticket = 0
    /// The task that answers the present request. Its parent is this connection: whoever handles the connection waits
    /// for it, and the connection's end cancels it.
    var task: Task<Void, Never>?
    var isRequestComplete = true
    var closesAfterAnswer = false
    var isDraining = false
    var startedAt = NIODeadline.now()
    var sentBytes = 0
    var sentStatus = 0
    /// Streams that wait for room in the send buffer.
    var waitingWriters: [EventLoopPromise<Void>] = []
    /// Set while a body is taken as it arrives.
    var upload: UploadProgress?
    var pending = CircularBuffer<HTTPServerRequestPart>()
    private var lingeredBytes = 0
    private var isReadHeld = false
    private var deadline: NIODeadline?
    private var timer: (at: NIODeadline, task: Scheduled<Void>)?

    init(responder: Responder, peer: String, isTLS: Bool) {
        self.responder = responder
        self.peer = peer
        self.isTLS = isTLS
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        switch phase {
        case .idle, .head, .body: take(part, context)
        // At most what one read of the socket held: reading is stopped while a request is being answered.
        case .working, .sending:
            pending.append(part)
            feedUpload(context)
        case .lingering: linger(part, context)
        case .done: break
        }
    }

    /// The first bytes of a request have come, perhaps not yet its whole head.
    func bytesArrived() {
        guard case .idle = phase else { return }
        phase = .head
        setDeadline(in: responder.settings.headTimeout)
    }

    private func take(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch (part, phase) {
        case (.head(let head), .idle), (.head(let head), .head): begin(head, context)
        case (.body(let bytes), .body(let opening)): append(bytes, opening, context)
        case (.end, .body(let opening)): complete(opening, context)
        default: close(context)
        }
    }

    private func begin(_ head: HTTPRequestHead, _ context: ChannelHandlerContext) {
        self.head = head
        isRequestComplete = false
        body = []
        let opening = responder.open(
            RequestHead(
                method: head.method.rawValue, target: head.uri, headers: Headers(head.headers),
                isHTTP11: head.version.minor >= 1, peer: peer, isTLS: isTLS))
        phase = .body(opening)
        startedAt = .now()
        setDeadline(in: responder.settings.bodyTimeout)
        // The parser stops at the head of an upgrade: nothing behind it can be read as HTTP.
        if head.headers.contains(name: "upgrade") { closesAfterAnswer = true }
        let announced = head.headers.first(name: "content-length").flatMap { Int($0) } ?? 0
        if announced > opening.maxBodyBytes { return answer(opening.overflowProblem, opening, context) }
        if case .endpoint(let endpoint) = opening.target, endpoint.takesUpload { return takeUpload(opening, context) }
        guard head.headers.first(name: "expect")?.lowercased() == "100-continue" else {
            return body.reserveCapacity(announced)
        }
        if case .refused(let problem, _) = opening.target { return answer(problem, opening, context) }
        let proceed = HTTPResponseHead(version: .http1_1, status: .continue)
        context.writeAndFlush(wrapOutboundOut(.head(proceed)), promise: nil)
    }

    private func append(_ bytes: ByteBuffer, _ opening: Opening, _ context: ChannelHandlerContext) {
        guard body.count + bytes.readableBytes <= opening.maxBodyBytes else {
            return answer(opening.overflowProblem, opening, context)
        }
        body.append(contentsOf: bytes.readableBytesView)
    }

    private func complete(_ opening: Opening, _ context: ChannelHandlerContext) {
        isRequestComplete = true
        var opening = opening
        if case .refused = opening.target { body = [] }
        opening.request.body = body
        body = []
        startedAt = .now()
        phase = .working(opening)
        setDeadline(in: opening.timeout)
        if let response = responder.immediateAnswer(opening) {
            send(response, for: opening, context)
        } else if !upgrade(opening, context) {
            startTask(opening, context)
        }
    }

    func startTask(_ opening: Opening, _ context: ChannelHandlerContext) {
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        let eventLoop = context.eventLoop
        task = Task { [responder, ticket] in
            var opening = opening
            let response = await responder.answer(&opening)
            eventLoop.execute { [opening] in bound.value.deliver(response, for: opening, ticket: ticket) }
        }
    }

    private func deliver(_ response: APIResponse, for opening: Opening, ticket: Int) {
        guard ticket == self.ticket, case .working = phase, let context else { return }
        if !isRequestComplete { closesAfterAnswer = true }
        send(response, for: opening, context)
    }

    /// Answers with a problem at once, whatever is still to come of the request.
    func answer(_ problem: Problem, _ opening: Opening, _ context: ChannelHandlerContext) {
        if !isRequestComplete { closesAfterAnswer = true }
        send(responder.explain(problem, opening), for: opening, context)
    }

    private func linger(_ part: HTTPServerRequestPart, _ context: ChannelHandlerContext) {
        switch part {
        case .body(let bytes):
            lingeredBytes += bytes.readableBytes
            if lingeredBytes > 64 * 1024 * 1024 { close(context) }
        case .head, .end: close(context)
        }
    }

    // MARK: Between answers

    /// The answer is written and flushed; what comes next?
    func finishAnswer(_ opening: Opening, _ context: ChannelHandlerContext) {
        ticket += 1
        task = nil
        endUpload(CancellationError())
        responder.answered(
            opening, status: sentStatus, bytes: sentBytes, after: .nanoseconds((.now() - startedAt).nanoseconds))
        if closesAfterAnswer || isDraining {
            guard !isRequestComplete else { return closeAfterFlush(context) }
            phase = .lingering
            setDeadline(in: .seconds(10))
            hangUpAfterFlush(context)
            while let part = pending.popFirst(), case .lingering = phase { linger(part, context) }
            return resumeReading(context)
        }
        phase = .idle
        setDeadline(in: responder.settings.idleTimeout)
        takePending(context)
    }

    private func takePending(_ context: ChannelHandlerContext) {
        while let part = pending.popFirst() {
            take(part, context)
            switch phase {
            case .idle, .head, .body: continue
            case .working, .sending, .lingering, .done: return
            }
        }
        resumeReading(context)
    }

    func read(context: ChannelHandlerContext) {
        switch phase {
        case .working where upload?.reader != nil: context.read()
        case .working, .sending: isReadHeld = true
        case .idle, .head, .body, .lingering, .done: context.read()
        }
    }

    func resumeReading(_ context: ChannelHandlerContext) {
        guard isReadHeld else { return }
        isReadHeld = false
        context.read()
    }

    // MARK: Deadlines

    /// Timers are cheap to leave standing and dear to move: the one that runs looks at the deadline when it fires.
    func setDeadline(in duration: Duration) {
        guard let context else { return }
        let deadline = NIODeadline.now() + TimeAmount(duration)
        self.deadline = deadline
        if let timer, timer.at <= deadline { return }
        timer?.task.cancel()
        let task = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [weak self] in
            self?.timerFired()
            return
        }
        timer = (deadline, task)
    }

    private func timerFired() {
        timer = nil
        guard let context, let deadline else { return }
        let left = deadline - .now()
        guard left <= .zero else { return setDeadline(in: .nanoseconds(left.nanoseconds)) }
        deadlinePassed(context)
    }

    private func deadlinePassed(_ context: ChannelHandlerContext) {
        switch phase {
        case .idle, .lingering, .done: close(context)
        case .head: answer(.requestIncomplete, unreadable, context)
        case .body(let opening): answer(.requestIncomplete, opening, context)
        case .working(let opening):
            let isSilent = upload?.reader != nil
            task?.cancel()
            endUpload(CancellationError())
            answer(isSilent ? .requestIncomplete : .requestTimeout, opening, context)
        case .sending:
            // Somebody who takes nothing. While all is taken, a stream may be silent for as long as it likes.
            if context.channel.isWritable { setDeadline(in: responder.settings.writeTimeout) } else { close(context) }
        }
    }

    /// For a request whose head never became one.
    var unreadable: Opening {
        isRequestComplete = false
        return responder.open(
            RequestHead(method: "-", target: "/", headers: ["host": "-"], isHTTP11: true, peer: peer, isTLS: isTLS))
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        setDeadline(in: responder.settings.headTimeout)
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    private func end() {
        guard context != nil else { return }
        context = nil
        timer?.task.cancel()
        if case .done = phase {} else { task?.cancel() }
        phase = .done
        for writer in waitingWriters { writer.fail(CancellationError()) }
        waitingWriters = []
        endUpload(CancellationError())
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        if context.channel.isWritable {
            for writer in waitingWriters { writer.succeed() }
            waitingWriters = []
        }
        if case .sending = phase { setDeadline(in: responder.settings.writeTimeout) }
        context.fireChannelWritabilityChanged()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: drain(context)
        case ChannelEvent.inputClosed: inputClosed(context)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    /// The peer has sent all it will send. It may still read the answer to what it asked, but not wait for events.
    private func inputClosed(_ context: ChannelHandlerContext) {
        switch phase {
        case .working:
            closesAfterAnswer = true
            guard !isUploadHere else { return }
            isRequestComplete = true
            endUpload(Problem.requestIncomplete)
        case .sending(let opening): if opening.isEndless { close(context) } else { closesAfterAnswer = true }
        case .idle, .head, .body, .lingering, .done: close(context)
        }
    }

    private func drain(_ context: ChannelHandlerContext) {
        guard !isDraining else { return }
        isDraining = true
        switch phase {
        case .idle: close(context)
        case .sending(let opening) where opening.isEndless: task?.cancel()
        default: break
        }
        _ = context.eventLoop.assumeIsolated().scheduleTask(in: TimeAmount(responder.settings.drainTimeout)) {
            [weak self] in
            if let self, let context = self.context { self.close(context) }
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch (error, phase) {
        case (let error as HTTPParserError, .idle), (let error as HTTPParserError, .head):
            answer(Problem(for: error), unreadable, context)
        case (let error as HTTPParserError, .body(let opening)): answer(Problem(for: error), opening, context)
        case (let error as HTTPParserError, .working):
            closesAfterAnswer = true
            endUpload(Problem(for: error))
        case (is HTTPParserError, .sending): closesAfterAnswer = true
        default: close(context)
        }
    }

    func close(_ context: ChannelHandlerContext) {
        if case .done = phase {} else { task?.cancel() }
        phase = .done
        context.close(promise: nil)
    }

    /// Says that nothing more comes, and goes on taking what is on its way: a reset could overtake the answer.
    private func hangUpAfterFlush(_ context: ChannelHandlerContext) {
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenSuccess { context.close(mode: .output, promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: flushed)
    }

    private func closeAfterFlush(_ context: ChannelHandlerContext) {
        phase = .done
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(.body(.byteBuffer(ByteBuffer()))), promise: flushed)
    }
}

extension Opening {
    /// A stream that lasts as long as its reader.
    var isEndless: Bool {
        if case .endpoint(let endpoint) = target { endpoint.kind == .stream } else { false }
    }
}

extension Problem {
    init(for error: HTTPParserError) {
        self =
            switch error {
            case .headerOverflow: .headersTooLarge
            case .invalidMethod: .methodNotAllowed
            default: .malformedRequest
            }
    }
}
