import CPQ
import Kernel
import NIOConcurrencyHelpers

/// An explicit transaction on a connection of its own. Its opening travels with the first statement, what is kept for
/// the end travels with COMMIT. Statements run in the order they are called.
///
/// Calls of the same database may join it (`Database.joining`); each then stands behind a savepoint of its own.
package final class Transaction: Sendable {
    private struct State {
        var isOpen = false
        var isBroken = false
        var isOver = false
        /// Where BEGIN ran.
        var session: Int?
        /// Sent before the next statement, in the same round trip.
        var pending: [SQL]
        var atCommit: [SQL] = []
        var afterCommit: [@Sendable () -> Void] = []
        var savepoints = 0
    }

    private let connection: Connection
    private let timeout: Duration
    private let time: any TimeSource
    private let state: NIOLockedValueBox<State>

    init(on connection: Connection, opening: [SQL], timeout: Duration, time: any TimeSource) {
        self.connection = connection
        self.timeout = timeout
        self.time = time
        state = NIOLockedValueBox(State(pending: opening))
    }

    package func rows<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> [Row] {
        try await batch([sql])[0].rows(decode)
    }

    package func first<Row>(_ sql: SQL, _ decode: (inout RowReader) throws -> Row) async throws -> Row? {
        try await batch([sql])[0].first(decode)
    }

    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int { try await batch([sql])[0].rowsAffected }

    /// Several statements in one round trip; the first that fails ends the transaction.
    package func batch(_ statements: [SQL]) async throws(DatabaseError) -> [ResultSet] {
        let (opening, isBroken) = state.withLockedValue { state in
            defer {
                state.isOpen = true
                state.pending = []
            }
            return (state.pending, state.isBroken)
        }
        guard !isBroken else { throw .unavailable(reason: "the transaction has failed before") }
        return try await fly(opening + statements, openings: opening.count)
    }

    /// Keeps a statement for the end: it is sent with COMMIT, in the same round trip. For audit entries.
    package func atCommit(_ sql: SQL) { state.withLockedValue { $0.atCommit.append(sql) } }

    /// Runs once the transaction is committed, and not at all when it is not. For what cannot be taken back: mail.
    package func afterCommit(_ action: @escaping @Sendable () -> Void) {
        state.withLockedValue { $0.afterCommit.append(action) }
    }

    /// Committed or rolled back: nobody can join any more.
    var isOver: Bool { state.withLockedValue { $0.isOver } }

    /// Runs `body` behind a savepoint and with `entrance` before it, which sets the organisation. What was kept for the
    /// end so far is sent first: it belongs to the organisation that the transaction stood in until now.
    nonisolated(nonsending) func join<Answer>(
        _ entrance: SQL, _ body: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        let (kept, name) = state.withLockedValue { state in
            state.savepoints += 1
            defer { state.atCommit = [] }
            return (state.atCommit, "pulse_\(state.savepoints)")
        }
        if !kept.isEmpty { _ = try await batch(kept) }
        state.withLockedValue { $0.pending += [SQL(unsafeSQL: "SAVEPOINT \(name)"), entrance] }
        let promised = state.withLockedValue { $0.afterCommit.count }
        do {
            return try await body(self)
        } catch {
            try await undo(to: name, promised: promised)
            throw error
        }
    }

    /// Back to a savepoint, and without what was promised since.
    nonisolated(nonsending) private func undo(to name: String, promised: Int) async throws {
        let wasSent = state.withLockedValue { state in
            state.isBroken = false
            state.atCommit = []
            state.afterCommit.removeLast(max(0, state.afterCommit.count - promised))
            defer { state.pending = [] }
            return state.pending.isEmpty
        }
        guard wasSent else { return }
        _ = try await batch([SQL(unsafeSQL: "ROLLBACK TO SAVEPOINT \(name)")])
    }

    /// Runs `body` so that its failure undoes only its own statements.
    nonisolated(nonsending) package func savepoint<Answer>(_ body: (Transaction) async throws -> Answer) async throws
        -> Answer
    {
        let name = state.withLockedValue { state in
            state.savepoints += 1
            return "pulse_\(state.savepoints)"
        }
        _ = try await batch([SQL(unsafeSQL: "SAVEPOINT \(name)")])
        do {
            let answer = try await body(self)
            _ = try await batch([SQL(unsafeSQL: "RELEASE SAVEPOINT \(name)")])
            return answer
        } catch {
            let undo = [
                SQL(unsafeSQL: "ROLLBACK TO SAVEPOINT \(name)"), SQL(unsafeSQL: "RELEASE SAVEPOINT \(name)"),
            ]
            state.withLockedValue { $0.isBroken = false }
            _ = try await batch(undo)
            throw error
        }
    }

    func commit() async throws(DatabaseError) {
        let (isOpen, isBroken, last) = state.withLockedValue { ($0.isOpen, $0.isBroken, $0.atCommit) }
        guard isOpen || !last.isEmpty else { return finish(committed: true) }
        guard !isBroken else { throw .unavailable(reason: "the transaction has failed before") }
        // Open from here on: what fails on its first flight has to be rolled back like everything else.
        let opening = state.withLockedValue { state in
            defer { state.isOpen = true }
            return isOpen ? [] : state.pending
        }
        let results = try await fly(opening + last + ["COMMIT"], openings: opening.count, isCommit: true)
        guard results.last?.tag == "COMMIT" else { throw .unavailable(reason: "the transaction was rolled back") }
        finish(committed: true)
    }

    private func finish(committed: Bool) {
        let actions = state.withLockedValue { state in
            state.isOpen = false
            state.isOver = true
            defer { state.afterCommit = [] }
            return committed ? state.afterCommit : []
        }
        for action in actions { action() }
    }

    /// - Returns: false when the connection's state is not known any more.
    func rollback() async -> Bool {
        let isOpen = state.withLockedValue { $0.isOpen }
        finish(committed: false)
        guard isOpen else { return true }
        let session = state.withLockedValue { $0.session }
        let flight = Flight(["ROLLBACK"], openings: 0, deadline: time.monotonic + .seconds(5), session: session)
        if case .answered = await connection.fly(flight, ignoringCancellation: true) { return true }
        return false
    }

    private func fly(
        _ statements: [SQL], openings: Int, isCommit: Bool = false
    ) async throws(DatabaseError) -> [ResultSet] {
        let session = state.withLockedValue { $0.session }
        let flight = Flight(statements, openings: openings, deadline: time.monotonic + timeout, session: session)
        let error: DatabaseError
        switch await connection.fly(flight, ignoringCancellation: isCommit) {
        case .answered(let results):
            state.withLockedValue { $0.session = flight.session }
            return results
        // Whether a COMMIT that was cut off has happened is not known, so it must not read as "changed nothing".
        case .failed(.timeout) where isCommit: error = .unavailable(reason: "no answer to COMMIT")
        case .failed(let failure): error = failure
        case .retry: error = .unavailable(reason: "the transaction was cut off")
        }
        state.withLockedValue { $0.isBroken = true }
        PostgresMetrics.count(error)
        throw error
    }
}
