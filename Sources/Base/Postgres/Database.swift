package import Kernel
package import Logging
import ServiceLifecycle

/// PostgreSQL as one role. Tenant tables are reached by naming an organisation; the database enforces it a second time.
///
/// Statements are implicit transactions on shared connections: one round trip, all or nothing. What needs several
/// dependent statements takes `asOrg`.
package final class Database: Service {
    /// A transaction that calls of its database join.
    private struct Joined: Sendable {
        let database: ObjectIdentifier
        let transaction: Transaction
    }

    @TaskLocal private static var joined: Joined?

    private let pool: Pool
    private let configuration: DatabaseConfiguration
    private let time: any TimeSource
    private let logger: Logger

    /// Starts connecting and returns at once; statements wait up to `unavailableAfter` for the first connection.
    package init(_ configuration: DatabaseConfiguration, time: any TimeSource = SystemTime(), logger: Logger) {
        self.configuration = configuration
        self.time = time
        self.logger = logger
        pool = Pool(configuration, time: time, logger: logger)
        pool.start()
    }

    /// Waits for shutdown, then closes.
    package func run() async throws {
        try? await gracefulShutdown()
        close()
    }

    package func close() { pool.close() }

    /// At least one connection is up.
    package var isUp: Bool { pool.isUp }

    // MARK: One statement in an organisation

    package func rows<Row>(
        in org: OrgID, _ sql: SQL, timeout: Duration = .seconds(5), _ decode: (inout RowReader) throws -> Row
    ) async throws -> [Row] {
        try await batch(in: org, [sql], timeout: timeout)[0].rows(decode)
    }

    package func first<Row>(
        in org: OrgID, _ sql: SQL, timeout: Duration = .seconds(5), _ decode: (inout RowReader) throws -> Row
    ) async throws -> Row? {
        try await batch(in: org, [sql], timeout: timeout)[0].first(decode)
    }

    /// - Returns: how many rows were inserted, updated or deleted.
    @discardableResult
    package func execute(in org: OrgID, _ sql: SQL, timeout: Duration = .seconds(5)) async throws -> Int {
        try await batch(in: org, [sql], timeout: timeout)[0].rowsAffected
    }

    /// Several statements, one transaction, one round trip: all or nothing, one answer a statement.
    /// - Parameter org: `nil` only for definer functions, which need none or set it themselves.
    package func batch(
        in org: OrgID?, _ statements: [SQL], timeout: Duration = .seconds(5)
    ) async throws(DatabaseError) -> [ResultSet] {
        if let joined {
            do {
                return try await joined.join(Self.enter(org)) { try await $0.batch(statements) }
            } catch let error as DatabaseError {
                throw error
            } catch {
                throw .cancelled
            }
        }
        guard let org else { return try await pool.perform(statements, openings: 0, timeout: timeout) }
        return try await pool.perform([Self.enter(org)] + statements, openings: 1, timeout: timeout)
    }

    // MARK: Outside any organisation: definer functions and catalogue

    package func rowsGlobally<Row>(
        _ sql: SQL, timeout: Duration = .seconds(5), _ decode: (inout RowReader) throws -> Row
    ) async throws -> [Row] {
        try await batch(in: nil, [sql], timeout: timeout)[0].rows(decode)
    }

    package func firstGlobally<Row>(
        _ sql: SQL, timeout: Duration = .seconds(5), _ decode: (inout RowReader) throws -> Row
    ) async throws -> Row? {
        try await batch(in: nil, [sql], timeout: timeout)[0].first(decode)
    }

    @discardableResult
    package func executeGlobally(_ sql: SQL, timeout: Duration = .seconds(5)) async throws -> Int {
        try await batch(in: nil, [sql], timeout: timeout)[0].rowsAffected
    }

    // MARK: Explicit transactions

    /// Runs `body` in one transaction of this organisation. Commits when it returns, rolls back when it throws.
    /// - Parameter timeout: for each statement.
    nonisolated(nonsending) package func asOrg<Answer>(
        _ org: OrgID, timeout: Duration = .seconds(5), _ body: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        if let joined { return try await joined.join(Self.enter(org), body) }
        return try await transaction(opening: [Self.enter(org)], timeout: timeout, body)
    }

    /// Several statements in one transaction of this organisation, one round trip; on a connection of its own, for what
    /// waits in a line that others wait in too.
    /// - Parameter timeout: for all of them.
    package func asOrg(_ org: OrgID, _ statements: [SQL], timeout: Duration = .seconds(5)) async throws {
        if let joined {
            return try await joined.join(Self.enter(org)) { _ = try await $0.batch(statements) }
        }
        try await transaction(opening: [Self.enter(org)], timeout: timeout) { transaction in
            for statement in statements { transaction.atCommit(statement) }
        }
    }

    /// A transaction without an organisation, for definer functions.
    nonisolated(nonsending) package func asNobody<Answer>(
        timeout: Duration = .seconds(5), _ body: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        if let joined { return try await joined.join(Self.enter(nil), body) }
        return try await transaction(opening: [], timeout: timeout, body)
    }

    /// Every call of this database that `body` makes joins the transaction: all of it commits together, or nothing does.
    /// One call at a time: two that overlap would undo each other's savepoints.
    nonisolated(nonsending) package func joining<Answer>(
        _ transaction: Transaction, _ body: () async throws -> Answer
    ) async throws -> Answer {
        let joined = Joined(database: ObjectIdentifier(self), transaction: transaction)
        return try await Self.$joined.withValue(joined) { try await body() }
    }

    /// Runs `body` as if nothing had been joined, for what must stay even when the joined transaction does not: a key
    /// that is kept in memory, for one.
    nonisolated(nonsending) package func apart<Answer>(_ body: () async throws -> Answer) async throws -> Answer {
        try await Self.$joined.withValue(nil) { try await body() }
    }

    private var joined: Transaction? {
        guard let joined = Self.joined, joined.database == ObjectIdentifier(self), !joined.transaction.isOver else {
            return nil
        }
        return joined.transaction
    }

    nonisolated(nonsending) private func transaction<Answer>(
        opening: [SQL], timeout: Duration, _ body: (Transaction) async throws -> Answer
    ) async throws -> Answer {
        let connection = try await pool.lease()
        let transaction = Transaction(
            on: connection, opening: ["BEGIN"] + opening, timeout: timeout, time: time)
        do {
            let answer = try await body(transaction)
            try await transaction.commit()
            pool.giveBack(connection)
            return answer
        } catch {
            if await !transaction.rollback() { pool.discard(connection) }
            pool.giveBack(connection)
            throw error
        }
    }

    /// Reads an organisation as of one moment, on a connection of its own that ends with `body`.
    /// - Parameter timeout: for the server's next words; taking the rows may last as long as it lasts.
    package func snapshot<Answer>(
        of org: OrgID, timeout: Duration = .seconds(15), _ body: (Snapshot) async throws -> Answer
    ) async throws -> Answer {
        let connector = Connector(url: configuration.url, applicationName: configuration.applicationName)
        let snapshot = Snapshot(try await connector.openPlain(), timeout: timeout)
        try await snapshot.begin(in: org)
        return try await body(snapshot)
    }

    /// What others say on the channels. See `Listener`.
    package func listen(to channels: [String]) -> Listener {
        Listener(configuration: configuration, channels: channels, time: time, logger: logger)
    }

    /// The setting that every tenant policy reads. It ends with the transaction.
    private static func enter(_ org: OrgID?) -> SQL {
        "SELECT set_config('pulse.org_id', \(org?.description ?? ""), true)"
    }
}
