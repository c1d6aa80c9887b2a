import NIOCore

/// A message of a WebSocket client, whole and checked.
package enum SocketMessage: Sendable, Equatable {
    case text(String)
    case binary([UInt8])
}

/// One open WebSocket. Sending never waits: what the reader does not take piles up to the bounds of `SocketLimits`, and
/// a reader who lets it pile up higher is closed with 4408.
package final class Socket: Sendable {
    /// What the client says. Iterate once; while nobody does, at most eight messages are read ahead, then the
    /// connection is left unread. Ends when the socket closes.
    package let messages: SocketMessages

    private let channel: any Channel
    private let handler: NIOLoopBound<SocketHandler>

    /// Takes deflated messages.
    let deflates: Bool

    init(channel: any Channel, handler: SocketHandler, messages: SocketMessages, deflates: Bool) {
        self.channel = channel
        self.deflates = deflates
        self.handler = NIOLoopBound(handler, eventLoop: channel.eventLoop)
        self.messages = messages
    }

    /// Queues a message; nothing happens when the socket is closed. Messages arrive in the order in which they were sent,
    /// whichever threads sent them.
    package func send(_ frame: SocketFrame) {
        onLoop { $0.send(frame) }
    }

    package func send(text: String) { send(SocketFrame(text: Array(text.utf8))) }

    /// Begins the closing handshake; a client that does not answer it is cut off after five seconds.
    package func close(_ code: SocketCloseCode, _ reason: String = "") {
        onLoop { $0.close(code, reason) }
    }

    /// Returns when the connection is gone.
    package func closed() async { try? await channel.closeFuture.get() }

    var eventLoop: any EventLoop { channel.eventLoop }
    var isActive: Bool { channel.isActive }
    /// Only on the socket's event loop.
    var onLoopHandler: SocketHandler { handler.value }

    /// Always by the loop's queue, also from the loop itself: whoever is there already would overtake those who come from
    /// other threads and were first.
    private func onLoop(_ action: @escaping @Sendable (SocketHandler) -> Void) {
        channel.eventLoop.execute { [handler] in action(handler.value) }
    }
}

/// The messages of one client, in order.
package struct SocketMessages: AsyncSequence, Sendable {
    typealias Producer = NIOAsyncSequenceProducer<
        SocketMessage, NIOAsyncSequenceProducerBackPressureStrategies.HighLowWatermark, SocketDemand
    >
    let producer: Producer

    package struct AsyncIterator: AsyncIteratorProtocol {
        var base: Producer.AsyncIterator
        package mutating func next() async -> SocketMessage? { await base.next() }
    }

    package func makeAsyncIterator() -> AsyncIterator { AsyncIterator(base: producer.makeAsyncIterator()) }
}

/// Carries the reader's appetite back to the connection.
struct SocketDemand: NIOAsyncSequenceProducerDelegate {
    let eventLoop: any EventLoop
    let handler: NIOLoopBoundBox<SocketHandler?>

    func produceMore() {
        eventLoop.execute { [handler] in handler.value?.produceMore() }
    }

    func didTerminate() {}
}
