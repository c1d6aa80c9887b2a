import NIOConcurrencyHelpers

/// The bus of `pulse up`: everything is in one process. Also the near end of the bus between processes.
package final class LocalBus: MessageBus {
    private struct Listener {
        let feed: AsyncStream<Subscription.Message>.Continuation
        var hasLost = false
    }

    private struct State {
        var listeners: [Subject: [UInt64: Listener]] = [:]
        var nextID: UInt64 = 0
    }

    private let state = NIOLockedValueBox(State())
    private let onInterest: @Sendable (Subject, Bool) -> Void

    package convenience init() { self.init { _, _ in } }

    /// - Parameter onInterest: is told, in their order, of the first listener of a subject and of the last one's going. It
    ///   must neither wait nor call back.
    init(onInterest: @escaping @Sendable (Subject, Bool) -> Void) { self.onInterest = onInterest }

    package let isWhole = true

    package func publish(_ payload: [UInt8], to subject: Subject) {
        state.withLockedValue { state in
            guard let listeners = state.listeners[subject] else { return }
            for (id, listener) in listeners {
                // The stream keeps the newest, so the reader meets `lost` after the gap and before what is fresh.
                if listener.hasLost { listener.feed.yield(.lost) }
                var hasLost = false
                if case .dropped = listener.feed.yield(.payload(payload)) {
                    hasLost = true
                    BusMetrics.dropped(.inbound)
                }
                state.listeners[subject]?[id]?.hasLost = hasLost
            }
        }
    }

    /// Tells those who listen to these subjects, or to any, that something may have passed them.
    func tellLoss(of subjects: Set<Subject>? = nil) {
        state.withLockedValue { state in
            for (subject, listeners) in state.listeners where subjects?.contains(subject) ?? true {
                for listener in listeners.values { listener.feed.yield(.lost) }
            }
        }
    }

    package func subscribe(to subject: Subject, capacity: Int) -> Subscription {
        let (stream, feed) = AsyncStream.makeStream(
            of: Subscription.Message.self, bufferingPolicy: .bufferingNewest(max(capacity, 2)))
        let id = state.withLockedValue { state in
            state.nextID += 1
            let isFirst = state.listeners[subject] == nil
            state.listeners[subject, default: [:]][state.nextID] = Listener(feed: feed)
            if isFirst { onInterest(subject, true) }
            return state.nextID
        }
        feed.onTermination = { [weak self] _ in self?.forget(id, of: subject) }
        return Subscription(stream: stream) { feed.finish() }
    }

    /// How many listen to a subject; for tests and metrics.
    package func listeners(of subject: Subject) -> Int {
        state.withLockedValue { $0.listeners[subject]?.count ?? 0 }
    }

    /// All subjects that somebody listens to.
    var subjects: Set<Subject> { state.withLockedValue { Set($0.listeners.keys) } }

    private func forget(_ id: UInt64, of subject: Subject) {
        state.withLockedValue { state in
            guard state.listeners[subject]?.removeValue(forKey: id) != nil else { return }
            if state.listeners[subject]?.isEmpty == true {
                state.listeners[subject] = nil
                onInterest(subject, false)
            }
        }
    }
}
