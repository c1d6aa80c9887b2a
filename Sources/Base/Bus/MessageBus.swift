package import Kernel

/// Publishes to whoever listens now; nobody else ever gets the message.
package protocol MessageBus: Sendable {
    /// Returns at once. A subscriber whose queue is full loses its oldest message and is told by `Message.lost`; so is
    /// everybody when messages of other processes may have been missed.
    func publish(_ payload: [UInt8], to subject: Subject)
    /// - Parameter capacity: messages that may wait for this subscriber.
    func subscribe(to subject: Subject, capacity: Int) -> Subscription
    /// Whether what other processes publish arrives here. While it does not, readers look at the database more often.
    var isWhole: Bool { get }
}

/// What a message is about. The text is the subject on the wire.
package struct Subject: Hashable, Sendable, CustomStringConvertible {
    package let text: String
    package var description: String { text }

    /// Accepted reports of a shard's organisations, for the worker that holds the shard.
    package static func reports(shard: Int16) -> Subject { Subject(text: "pulse.v1.report.\(shard)") }
    /// An organisation's numbered deltas, for whoever shows its inventory.
    package static func deltas(of org: OrgID) -> Subject { Subject(text: "pulse.v1.delta.\(org)") }
}

/// One subscriber's queue.
package struct Subscription: AsyncSequence, Sendable {
    package enum Message: Sendable, Equatable {
        case payload([UInt8])
        /// Messages were dropped before this one, or may have been: look at the database again.
        case lost
    }

    private let stream: AsyncStream<Message>
    private let onCancel: @Sendable () -> Void

    init(stream: AsyncStream<Message>, onCancel: @escaping @Sendable () -> Void) {
        self.stream = stream
        self.onCancel = onCancel
    }

    package func makeAsyncIterator() -> AsyncStream<Message>.Iterator { stream.makeAsyncIterator() }

    /// Ends the subscription and with it the iteration.
    package func cancel() { onCancel() }
}
