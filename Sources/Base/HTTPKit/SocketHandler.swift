import NIOCore

/// The event-loop side of a `Socket`: frames in and out, ping, the closing handshake, and the bound on what waits.
final class SocketHandler: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private enum Phase {
        case open
        /// Our close frame is on its way; only the peer's is waited for.
        case closing
        /// Nothing is read or sent any more; the connection closes once all is flushed.
        case done
    }

    private let limits: SocketLimits
    private let deflates: Bool
    private let source: SocketMessages.Producer.Source
    private var closeActions: [() -> Void] = []
    private var decoder: FrameDecoder
    private var phase = Phase.open
    private var context: ChannelHandlerContext?
    private var inbox = ByteBuffer()
    private var heardAt = NIODeadline.now()
    private var framesQueued = 0
    private var wantsMessages = true
    private var isReadHeld = false
    private var pinger: RepeatedTask?
    private var cutOff: Scheduled<Void>?

    private init(limits: SocketLimits, deflates: Bool, source: SocketMessages.Producer.Source) {
        self.limits = limits
        self.deflates = deflates
        self.source = source
        decoder = FrameDecoder(maxMessageBytes: limits.maxMessageBytes, acceptsDeflate: deflates)
    }

    /// A handler for the channel and the socket that speaks through it. On the channel's event loop.
    static func make(
        on channel: any Channel, limits: SocketLimits, deflates: Bool
    ) -> (handler: SocketHandler, socket: Socket) {
        let later = NIOLoopBoundBox<SocketHandler?>(nil, eventLoop: channel.eventLoop)
        let made = SocketMessages.Producer.makeSequence(
            elementType: SocketMessage.self, backPressureStrategy: .init(lowWatermark: 2, highWatermark: 8),
            finishOnDeinit: false, delegate: SocketDemand(eventLoop: channel.eventLoop, handler: later))
        let handler = SocketHandler(limits: limits, deflates: deflates, source: made.source)
        later.value = handler
        let messages = SocketMessages(producer: made.sequence)
        return (handler, Socket(channel: channel, handler: handler, messages: messages, deflates: deflates))
    }

    // MARK: Sending

    func send(_ frame: SocketFrame) {
        guard phase == .open, let context else { return }
        guard hasRoom(in: context.channel) else { return close(.slowReader, "the reader does not keep up") }
        framesQueued += 1
        let buffer = deflates ? frame.deflate() : frame.plain
        context.writeAndFlush(wrapOutboundOut(buffer), promise: nil)
    }

    /// The channel counts bytes (its water mark is `maxQueuedBytes`); frames are counted since the queue was last empty.
    private func hasRoom(in channel: any Channel) -> Bool {
        guard channel.isWritable else { return false }
        guard framesQueued >= limits.maxQueuedFrames else { return true }
        if (try? channel.syncOptions?.getOption(.bufferedWritableBytes)) == 0 { framesQueued = 0 }
        return framesQueued < limits.maxQueuedFrames
    }

    func close(_ code: SocketCloseCode, _ reason: String) {
        guard phase == .open, let context else { return }
        phase = .closing
        source.finish()
        context.writeAndFlush(wrapOutboundOut(SocketFrame.close(code, reason)), promise: nil)
        cutOff = context.eventLoop.assumeIsolated().scheduleTask(in: .seconds(5)) { context.close(promise: nil) }
        context.read()
    }

    // MARK: Receiving

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        heardAt = .now()
        guard phase != .done else { return }
        var bytes = unwrapInboundIn(data)
        if inbox.readableBytes == 0 { inbox = bytes } else { inbox.writeBuffer(&bytes) }
        do throws(FrameDecoder.Violation) {
            while phase != .done, let event = try decoder.next(from: &inbox) { handle(event, context) }
        } catch {
            close(error.code, error.reason)
            // The stream cannot be read on from here: nothing behind the violation is a frame.
            closeWhenFlushed(context)
        }
    }

    private func handle(_ event: FrameDecoder.Event, _ context: ChannelHandlerContext) {
        switch event {
        case .message(let message):
            guard phase == .open else { return }
            if case .stopProducing = source.yield(message) { wantsMessages = false }
        case .ping(let payload):
            guard phase == .open, hasRoom(in: context.channel) else { return }
            framesQueued += 1
            let pong = SocketFrame.frame(opcode: 10, Array(payload.readableBytesView))
            context.writeAndFlush(wrapOutboundOut(pong), promise: nil)
        case .pong: break
        case .close(let code):
            // Answering with the peer's own code ends the handshake.
            close(SocketCloseCode(rawValue: code ?? 1000), "")
            closeWhenFlushed(context)
        }
    }

    func produceMore() {
        wantsMessages = true
        guard isReadHeld, let context else { return }
        isReadHeld = false
        context.read()
    }

    func read(context: ChannelHandlerContext) {
        if wantsMessages || phase != .open { context.read() } else { isReadHeld = true }
    }

    // MARK: Life

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        let options = context.channel.syncOptions
        try? options?.setOption(
            .writeBufferWaterMark, value: .init(low: limits.maxQueuedBytes / 2, high: limits.maxQueuedBytes))
        let interval = TimeAmount(limits.pingInterval)
        let bound = NIOLoopBound(self, eventLoop: context.eventLoop)
        pinger = context.eventLoop.scheduleRepeatedTask(initialDelay: interval, delay: interval) { _ in
            bound.value.pingOrGiveUp()
        }
    }

    private func pingOrGiveUp() {
        guard phase == .open, let context else { return }
        if NIODeadline.now() - heardAt > TimeAmount(limits.silenceTimeout) {
            close(.goingAway, "nothing was heard from you")
        } else if hasRoom(in: context.channel) {
            framesQueued += 1
            context.writeAndFlush(wrapOutboundOut(SocketFrame.frame(opcode: 9, [])), promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case is ChannelShouldQuiesceEvent: close(.serviceRestart, "the server restarts")
        // Half of a WebSocket is none: a client that has stopped sending cannot answer a close either.
        case ChannelEvent.inputClosed: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func channelInactive(context: ChannelHandlerContext) {
        end()
        context.fireChannelInactive()
    }

    func handlerRemoved(context: ChannelHandlerContext) { end() }

    /// Runs `action` once, on the event loop, when the connection is gone; at once when it is.
    func whenClosed(_ action: @escaping () -> Void) {
        if context == nil { action() } else { closeActions.append(action) }
    }

    private func end() {
        guard context != nil else { return }
        context = nil
        phase = .done
        pinger?.cancel()
        cutOff?.cancel()
        source.finish()
        let actions = closeActions
        closeActions = []
        for action in actions { action() }
    }

    private func closeWhenFlushed(_ context: ChannelHandlerContext) {
        phase = .done
        let flushed = context.eventLoop.makePromise(of: Void.self)
        flushed.futureResult.assumeIsolated().whenComplete { _ in context.close(promise: nil) }
        context.writeAndFlush(wrapOutboundOut(ByteBuffer()), promise: flushed)
    }
}

extension TimeAmount {
    init(_ duration: Duration) {
        self = .nanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }
}
