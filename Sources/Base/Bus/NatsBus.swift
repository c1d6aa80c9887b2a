import DequeModule
import Glibc
package import Logging
import Metrics
import NIOConcurrencyHelpers
import ServiceLifecycle

/// The bus between processes: core NATS, at most once.
///
/// What is published here is delivered in this process at once, with or without a server. Towards the server it waits in
/// a bounded queue for a thread of its own, so no caller ever waits. After every gap (a server that was away, a queue that
/// overflowed) everybody hears `.lost` and looks at the database.
package final class NatsBus: MessageBus, Service {
    /// Above this a message says nothing but that there is something: NATS servers refuse 1 MB.
    package static let payloadLimit = 512 * 1024

    private let settings: NatsSettings
    private let name: String
    private let logger: Logger
    private let near: LocalBus
    private let outbox: NatsOutbox
    private let ears: NatsEars
    private let link: NIOLockedValueBox<Link>
    /// Of what was published while nobody could hear it, or what the server would not take. Others may be back long before we
    /// are: they are told when we are.
    private let missed = NIOLockedValueBox(Set<Subject>())
    /// More is not remembered; who listens looks once a minute anyway.
    private static let missedLimit = 4096

    private struct Link {
        var isUp = false
        /// libnats has given up, as it does when a server refuses our credentials twice; we begin anew.
        var isClosed = false
    }

    /// - Parameter name: what the server calls this connection.
    package init(_ settings: NatsSettings, name: String, logger: Logger) {
        self.settings = settings
        self.name = name
        self.logger = logger
        let outbox = NatsOutbox()
        let near = LocalBus { outbox.add($1 ? .subscribe($0) : .unsubscribe($0)) }
        let link = NIOLockedValueBox(Link())
        self.outbox = outbox
        self.near = near
        self.link = link
        let missed = missed
        ears = NatsEars(
            onMessage: { payload, subject in
                BusMetrics.carried(.inbound, bytes: payload.count)
                // Nothing in it: it was too large to be sent.
                if payload.isEmpty { near.tellLoss(of: [subject]) } else { near.publish(payload, to: subject) }
            },
            onLink: { change in
                let hasChanged = link.withLockedValue { link in
                    let before = link.isUp
                    if change == .up { link.isUp = true }
                    if change == .down || change == .closed { link.isUp = false }
                    if change == .closed { link.isClosed = true }
                    return before != link.isUp
                }
                BusMetrics.connected.record(link.withLockedValue(\.isUp) ? 1 : 0)
                if change == .overrun { BusMetrics.dropped(.inbound) }
                if change == .up { BusMetrics.reconnects.increment() }
                if hasChanged { logger.notice(change == .up ? "bus connected" : "bus not connected") }
                if change == .up || change == .overrun { near.tellLoss() }
                guard change == .up else { return }
                let subjects = missed.withLockedValue { missed in
                    defer { missed = [] }
                    return missed
                }
                for subject in subjects { outbox.add(.publish([], subject)) }
            })
        BusMetrics.connected.record(0)
    }

    package var isWhole: Bool { link.withLockedValue(\.isUp) }

    package func publish(_ payload: [UInt8], to subject: Subject) {
        near.publish(payload, to: subject)
        guard isWhole else { return drop(subject) }
        outbox.add(.publish(payload.count > Self.payloadLimit ? [] : payload, subject))
    }

    private func drop(_ subject: Subject) {
        BusMetrics.dropped(.outbound)
        remember(subject)
    }

    private func remember(_ subject: Subject) {
        missed.withLockedValue { if $0.count < Self.missedLimit { $0.insert(subject) } }
    }

    package func subscribe(to subject: Subject, capacity: Int) -> Subscription {
        near.subscribe(to: subject, capacity: capacity)
    }

    // MARK: The thread

    /// Connected, or trying to be, until shutdown.
    package func run() async throws {
        let (ends, end) = AsyncStream.makeStream(of: Void.self)
        var thread = pthread_t()
        let work = Unmanaged.passRetained(
            Work { [self] in
                talk()
                end.finish()
            })
        let failure = pthread_create(
            &thread, nil,
            { pointer in
                guard let pointer else { return nil }
                Unmanaged<Work>.fromOpaque(pointer).takeRetainedValue().body()
                return nil
            }, work.toOpaque())
        precondition(failure == 0, "the system refuses a thread")
        pthread_detach(thread)
        try? await gracefulShutdown()
        outbox.add(.close)
        // Not cancellable: the thread ends within its time-outs, and libnats must be closed before the process is.
        await Task.detached { for await _ in ends {} }.value
    }

    private final class Work: Sendable {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    private func talk() {
        var connection: NatsLink?
        var told = ""
        defer { connection?.close() }
        while true {
            if link.withLockedValue(\.isClosed) || connection == nil {
                connection?.close()
                connection = connected(&told)
            }
            let jobs = outbox.take(within: 1)
            for job in jobs where !carry(job, over: connection) { return }
            tellMissed(connection)
            settle(jobs, connection)
        }
    }

    /// What the server would not take while it was there is told at once, not at the next reconnect: once a round, so that
    /// one that takes nothing at all is not asked without end.
    private func tellMissed(_ connection: NatsLink?) {
        guard let connection, isWhole else { return }
        let subjects = missed.withLockedValue { missed in
            defer { missed = [] }
            return missed
        }
        for subject in subjects where !connection.publish([], to: subject) { remember(subject) }
    }

    /// From now on the server knows what we listen to; what was published before may have passed us.
    private func settle(_ jobs: Deque<NatsOutbox.Job>, _ connection: NatsLink?) {
        let fresh = jobs.compactMap { if case .subscribe(let subject) = $0 { subject } else { nil } }
        guard let connection, !fresh.isEmpty, isWhole, connection.flush() else { return }
        near.tellLoss(of: Set(fresh))
    }

    /// A connection with all subscriptions, or `nil` when settings or server refuse it; each reason is told once.
    private func connected(_ told: inout String) -> NatsLink? {
        link.withLockedValue { $0 = Link() }
        do throws(NatsFailure) {
            let connection = try NatsLink(settings, name: name, ears: ears)
            for subject in near.subjects { try connection.subscribe(to: subject, ears: ears) }
            return connection
        } catch {
            if told != error.description {
                logger.warning("bus cannot be reached, trying again", metadata: ["reason": "\(error)"])
            }
            told = error.description
            return nil
        }
    }

    /// - Returns: `false` at the end.
    private func carry(_ job: NatsOutbox.Job, over connection: NatsLink?) -> Bool {
        switch job {
        case .close:
            if isWhole { _ = connection?.flush() }
            return false
        case .publish(let payload, let subject):
            if connection?.publish(payload, to: subject) == true {
                BusMetrics.carried(.outbound, bytes: payload.count)
            } else {
                drop(subject)
            }
        case .subscribe(let subject): try? connection?.subscribe(to: subject, ears: ears)
        case .unsubscribe(let subject): connection?.unsubscribe(from: subject)
        }
        return true
    }
}
