import Kernel
import Logging
import NIOConcurrencyHelpers
import ServiceLifecycle

/// Follows NOTIFY on a connection of its own, which comes back by itself.
///
/// A notification is a hint, never the fact: whoever hears `.connected` must read again, since anything said while the
/// connection was down is lost. Buffer: 1,024 events, the oldest dropped; then `.connected` comes once more.
package struct Listener: Sendable {
    package enum Event: Sendable, Equatable {
        /// From now on nothing is missed; what came before may have been.
        case connected
        case notified(channel: String, payload: String)
    }

    let configuration: DatabaseConfiguration
    let channels: [String]
    let time: any TimeSource
    let logger: Logger

    /// Hands each event to `body` until the task is cancelled or shutdown begins.
    package func run(_ body: @Sendable (Event) async -> Void) async {
        let (events, feed) = AsyncStream.makeStream(of: Event.self, bufferingPolicy: .bufferingNewest(1024))
        let line = ListeningLine(
            configuration: configuration, channels: channels, time: time, logger: logger, feed: feed)
        line.start()
        await withTaskCancellationHandler {
            for await event in events.cancelOnGracefulShutdown() { await body(event) }
        } onCancel: {
            feed.finish()
        }
        line.stop()
    }
}

/// The listening connection and its reconnecting.
private final class ListeningLine: Sendable {
    private struct State {
        var connection: Connection?
        var isStopped = false
        var failures = 0
    }

    private let reactor: Reactor
    private let connector: Connector
    private let listen: [SQL]
    private let time: any TimeSource
    private let logger: Logger
    private let feed: AsyncStream<Listener.Event>.Continuation
    private let state = NIOLockedValueBox(State())

    init(
        configuration: DatabaseConfiguration, channels: [String], time: any TimeSource, logger: Logger,
        feed: AsyncStream<Listener.Event>.Continuation
    ) {
        reactor = Reactor(time: time)
        connector = Connector(url: configuration.url, applicationName: configuration.applicationName + "-listen")
        // Channel names are identifiers, which cannot be parameters; ours are literals of the code.
        listen = channels.map { SQL(unsafeSQL: "LISTEN \"\($0.filter { $0 != "\"" })\"") }
        self.time = time
        self.logger = logger
        self.feed = feed
    }

    func start() {
        reactor.start()
        let feed = feed
        let connection = Connection(
            index: 0, reactor: reactor,
            onNotification: {
                // What pushes an older one out says so: the reader then reads everything again.
                if case .dropped = feed.yield(.notified(channel: $0, payload: $1)) { feed.yield(.connected) }
            },
            onLoss: { [weak self] _, reason in
                guard let self else { return }
                logger.warning("notification connection lost", metadata: [LogKey.reason: "\(reason)"])
                connect(after: .milliseconds(100))
            })
        state.withLockedValue { $0.connection = connection }
        connect(after: .zero)
    }

    func stop() {
        let connection = state.withLockedValue { state in
            state.isStopped = true
            return state.connection
        }
        connection?.close()
        reactor.stop()
    }

    /// `nil` once stopped.
    private var current: Connection? { state.withLockedValue { $0.isStopped ? nil : $0.connection } }

    private func connect(after delay: Duration) {
        connector.open(after: delay, unless: { [weak self] in self?.current == nil }) { [weak self] result in
            guard let self, let connection = current else { return }
            guard case .success(let opened) = result else { return connect(after: .milliseconds(500)) }
            connection.attach(opened)
            let flight = Flight(listen, openings: listen.count, deadline: time.monotonic + .seconds(5))
            connection.launch(flight) { [feed] outcome in
                // A LISTEN that fails means a lost connection, which `onLoss` handles.
                if case .answered = outcome { feed.yield(.connected) }
            }
        }
    }
}
