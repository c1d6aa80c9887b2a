import NIOConcurrencyHelpers

/// The bus of `pulse up`: everything is in one process.
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

    package init() {}

    package func publish(_ payload: [UInt8], to subject: Subject) {
        state.withLockedValue { state in
            guard let listeners = state.listeners[subject] else { return }
            for (id, listener) in listeners {
                // The stream keeps the newest, so the reader meets `lost` after the gap and before what is fresh.
                if listener.hasLost { listener.feed.yield(.lost) }
                var hasLost = false
                if case .dropped = listener.feed.yield(.payload(payload)) { hasLost = true }
                state.listeners[subject]?[id]?.hasLost = hasLost
            }
        }
    }

    package func subscribe(to subject: Subject, capacity: Int) -> Subscription {
        let (stream, feed) = AsyncStream.makeStream(
            of: Subscription.Message.self, bufferingPolicy: .bufferingNewest(max(capacity, 2)))
        let id = state.withLockedValue { state in
            state.nextID += 1
            state.listeners[subject, default: [:]][state.nextID] = Listener(feed: feed)
            return state.nextID
        }
        feed.onTermination = { [weak self] _ in self?.forget(id, of: subject) }
        return Subscription(stream: stream) { feed.finish() }
    }

    /// How many listen to a subject; for tests and metrics.
    package func listeners(of subject: Subject) -> Int {
        state.withLockedValue { $0.listeners[subject]?.count ?? 0 }
    }

    private func forget(_ id: UInt64, of subject: Subject) {
        state.withLockedValue { state in
            state.listeners[subject]?[id] = nil
            if state.listeners[subject]?.isEmpty == true { state.listeners[subject] = nil }
        }
    }
}
