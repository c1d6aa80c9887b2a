import DequeModule
import Dispatch
import Kernel
import Logging
import Metrics
import NIOConcurrencyHelpers

/// The connections of one database role: some shared by all statements, some leased whole to transactions.
final class Pool: Sendable {
    private enum Use: Sendable { case shared, leased }

    private struct Slot {
        let connection: Connection
        let use: Use
        var isUp = false
        var isLeased = false
        var inFlight = 0
        /// When it was last seen to move: an answer came, or the first of its flights went out.
        var movedAt = Duration.zero
        var failures = 0
    }

    private struct Waiter {
        let id: UInt64
        let use: Use
        let continuation: CheckedContinuation<Connection?, Never>
    }

    private struct State {
        var slots: [Slot] = []
        var waiters: Deque<Waiter> = []
        var nextWaiter: UInt64 = 0
        var isClosed = false
        var lastFailure = "not connected yet"
    }

    /// Flights of one shared connection; with 8 connections that is 4,096, beyond which answers come too late to matter.
    private static let flightsPerConnection = 512
    private static let waiterLimit = 1024
    /// How many shared connections are used before the others: statements that meet on one connection cost a fraction
    /// (one segment, one waking of the server for many), and a server of ordinary size runs no more at once.
    private static let preferredConnections = 4
    /// Flights on each of these before the others are used.
    private static let preferredFlights = 64
    /// A connection with flights that has not moved for so long works on something slow; nobody should queue behind it.
    private static let stalledAfter = Duration.milliseconds(2)

    private let configuration: DatabaseConfiguration
    private let logger: Logger
    private let time: any TimeSource
    private let connector: Connector
    private let reactors: [Reactor]
    private let state = NIOLockedValueBox(State())
    private let timers = DispatchQueue(label: "pulse.postgres.timers")

    init(_ configuration: DatabaseConfiguration, time: any TimeSource, logger: Logger) {
        self.configuration = configuration
        self.logger = logger
        self.time = time
        connector = Connector(url: configuration.url, applicationName: configuration.applicationName)
        let count = configuration.sharedConnections + configuration.leasedConnections > 4 ? 2 : 1
        reactors = (0..<count).map { _ in Reactor(time: time) }
    }

    // MARK: Life

    func start() {
        for reactor in reactors { reactor.start() }
        let total = configuration.sharedConnections + configuration.leasedConnections
        let slots = (0..<total).map { index in
            Slot(
                connection: Connection(index: index, reactor: reactors[index % reactors.count]) { [weak self] in
                    self?.connectionIsLost($0, reason: $1)
                }, use: index < configuration.sharedConnections ? .shared : .leased)
        }
        state.withLockedValue { $0.slots = slots }
        for index in 0..<total { connect(index, after: .zero) }
    }

    func close() {
        let (connections, waiters) = state.withLockedValue { state in
            state.isClosed = true
            defer { state.waiters.removeAll() }
            return (state.slots.map(\.connection), state.waiters)
        }
        for waiter in waiters { waiter.continuation.resume(returning: nil) }
        for connection in connections { connection.close() }
        for reactor in reactors { reactor.stop() }
    }

    private func connect(_ index: Int, after delay: Duration) {
        connector.open(after: delay, unless: { [weak self] in self?.isClosed ?? true }) { [weak self] result in
            guard let self, !isClosed else {
                // Opened too late: nobody will use it, and its reactor may have stopped.
                if case .success(let opened) = result { opened.discard() }
                return
            }
            switch result {
            case .success(let opened): connectionIsUp(index, opened)
            case .failure(let error): connectFailed(index, error)
            }
        }
    }

    private var isClosed: Bool { state.withLockedValue { $0.isClosed } }

    private func connectionIsUp(_ index: Int, _ opened: OpenedConnection) {
        let connection = state.withLockedValue { $0.slots[index].connection }
        connection.attach(opened)
        let now = time.monotonic
        let (isClosed, ready) = state.withLockedValue { state in
            state.slots[index].isUp = true
            state.slots[index].failures = 0
            return (state.isClosed, Self.serveWaiters(&state, slot: index, now))
        }
        for waiter in ready { waiter.continuation.resume(returning: connection) }
        if isClosed { connection.close() }
        countConnections()
    }

    private func connectFailed(_ index: Int, _ error: DatabaseError) {
        let retry: Duration? = state.withLockedValue { state in
            guard !state.isClosed else { return nil }
            state.lastFailure = "\(error)"
            state.slots[index].failures += 1
            // 100 ms doubling to 1 s: a restart of PostgreSQL is noticed within a second.
            return min(.milliseconds(100 << min(state.slots[index].failures - 1, 4)), .seconds(1))
        }
        guard let retry else { return }
        if index == 0 { logger.warning("database connection failed", metadata: [LogKey.reason: "\(error)"]) }
        connect(index, after: retry)
    }

    private func connectionIsLost(_ index: Int, reason: String) {
        let isClosed = state.withLockedValue { state in
            state.slots[index].isUp = false
            state.lastFailure = reason
            return state.isClosed
        }
        guard !isClosed else { return }
        logger.warning("database connection lost", metadata: [LogKey.reason: "\(reason)"])
        countConnections()
        connect(index, after: .milliseconds(50))
    }

    /// Throws a leased connection away: its state is not known any more.
    func discard(_ connection: Connection) {
        connection.close()
        state.withLockedValue { $0.slots[connection.index].isUp = false }
        connect(connection.index, after: .zero)
    }

    var isUp: Bool { state.withLockedValue { $0.slots.contains { $0.isUp && $0.use == .shared } } }

    private func countConnections() {
        let up = state.withLockedValue { $0.slots.count { $0.isUp } }
        PostgresMetrics.connections.record(up)
    }

    // MARK: Use

    /// One implicit transaction on a shared connection.
    func perform(_ statements: [SQL], openings: Int, timeout: Duration) async throws(DatabaseError) -> [ResultSet] {
        let deadline = time.monotonic + timeout
        for _ in 0..<4 {
            let connection = try await claim(.shared, for: min(timeout, configuration.unavailableAfter))
            let outcome = await connection.fly(Flight(statements, openings: openings, deadline: deadline))
            giveBack(connection)
            switch outcome {
            case .answered(let results): return results
            case .failed(let error):
                PostgresMetrics.count(error)
                throw error
            case .retry: continue
            }
        }
        throw .unavailable(reason: "the statement was cancelled four times by the time-outs of others")
    }

    /// A connection of one's own. Give it back.
    func lease() async throws(DatabaseError) -> Connection {
        try await claim(.leased, for: configuration.leaseTimeout)
    }

    func giveBack(_ connection: Connection) {
        let now = time.monotonic
        let ready = state.withLockedValue { state -> [Waiter] in
            let index = connection.index
            state.slots[index].inFlight -= 1
            state.slots[index].movedAt = now
            state.slots[index].isLeased = false
            return state.waiters.isEmpty ? [] : Self.serveWaiters(&state, slot: index, now)
        }
        for waiter in ready { waiter.continuation.resume(returning: connection) }
    }

    private func claim(_ use: Use, for patience: Duration) async throws(DatabaseError) -> Connection {
        enum Claim { case got(Connection), wait(UInt64), no(DatabaseError) }
        let now = time.monotonic
        let claim = state.withLockedValue { state -> Claim in
            if state.isClosed { return .no(.unavailable(reason: "closed")) }
            if let best = use == .shared ? Self.bestShared(state, now) : Self.firstFree(state) {
                return .got(Self.take(&state, best, now))
            }
            let isAnyUp = state.slots.contains { $0.isUp && $0.use == use }
            if use == .shared && isAnyUp || state.waiters.count >= Self.waiterLimit { return .no(.busy) }
            state.nextWaiter += 1
            return .wait(state.nextWaiter)
        }
        switch claim {
        case .got(let connection): return connection
        case .no(let error): throw error
        case .wait(let id):
            guard let connection = await wait(id, use: use, patience: patience) else {
                if Task.isCancelled { throw .cancelled }
                let (isAnyUp, reason) = state.withLockedValue { state in
                    (state.slots.contains { $0.isUp && $0.use == use }, state.lastFailure)
                }
                throw isAnyUp ? .busy : .unavailable(reason: reason)
            }
            return connection
        }
    }

    private func wait(_ id: UInt64, use: Use, patience: Duration) async -> Connection? {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let now = time.monotonic
                let late = state.withLockedValue { state in
                    state.waiters.append(Waiter(id: id, use: use, continuation: continuation))
                    // A connection may have come up between the claim and now.
                    for index in state.slots.indices {
                        let ready = Self.serveWaiters(&state, slot: index, now)
                        if !ready.isEmpty { return ready.map { ($0, state.slots[index].connection) } }
                    }
                    return []
                }
                for (waiter, connection) in late { waiter.continuation.resume(returning: connection) }
                timers.asyncAfter(deadline: .now() + patience.inSeconds) { self.expire(id) }
                if Task.isCancelled { expire(id) }
            }
        } onCancel: {
            expire(id)
        }
    }

    private func expire(_ id: UInt64) {
        let waiter = state.withLockedValue { state in
            state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0) }
        }
        waiter?.continuation.resume(returning: nil)
    }

    private static func firstFree(_ state: State) -> Int? {
        state.slots.firstIndex { $0.use == .leased && $0.isUp && !$0.isLeased }
    }

    /// The least busy of the preferred connections that move; the least busy of all when these are full or slow.
    private static func bestShared(_ state: State, _ now: Duration) -> Int? {
        var preferred: Int?
        var moving = 0
        var any: Int?
        for (index, slot) in state.slots.enumerated() where slot.use == .shared && slot.isUp {
            if any.map({ slot.inFlight < state.slots[$0].inFlight }) ?? true { any = index }
            guard moving < preferredConnections, slot.inFlight == 0 || now - slot.movedAt < stalledAfter else {
                continue
            }
            moving += 1
            guard slot.inFlight < preferredFlights else { continue }
            if preferred.map({ slot.inFlight < state.slots[$0].inFlight }) ?? true { preferred = index }
        }
        if let preferred { return preferred }
        return any.flatMap { state.slots[$0].inFlight < flightsPerConnection ? $0 : nil }
    }

    private static func take(_ state: inout State, _ index: Int, _ now: Duration) -> Connection {
        if state.slots[index].inFlight == 0 { state.slots[index].movedAt = now }
        state.slots[index].inFlight += 1
        state.slots[index].isLeased = state.slots[index].use == .leased
        return state.slots[index].connection
    }

    /// Who can have this slot's connection now: everyone who shares it, or the first who leases it.
    private static func serveWaiters(_ state: inout State, slot index: Int, _ now: Duration) -> [Waiter] {
        let slot = state.slots[index]
        guard slot.isUp, !state.isClosed else { return [] }
        var served: [Waiter] = []
        while !(slot.use == .leased && state.slots[index].isLeased),
            let next = state.waiters.firstIndex(where: { $0.use == slot.use })
        {
            served.append(state.waiters.remove(at: next))
            _ = take(&state, index, now)
        }
        return served
    }
}
