package import Logging

/// Applies migrations in order, each in its transaction, one runner at a time (advisory lock).
///
/// The applied set is kept by name and checksum: a late, lower name is applied too, a changed one is refused.
package struct Migrator: Sendable {
    let database: Database
    let logger: Logger

    /// - Parameter database: connected as `pulse_owner`.
    package init(_ database: Database, logger: Logger) {
        self.database = database
        self.logger = logger
    }

    /// - Returns: the names applied now.
    package func apply(_ migrations: [Migration]) async throws -> [String] {
        try await ensureLedger()
        var done: [String] = []
        for migration in migrations {
            if try await apply(migration) { done.append(migration.name) }
        }
        let known = Set(migrations.map(\.name))
        let unknown = try await database.rowsGlobally("SELECT name FROM pulse.applied_migrations ORDER BY name") {
            try $0.next(String.self)
        }.filter { !known.contains($0) }
        guard unknown.isEmpty else { throw MigrationError.unknown(unknown) }
        return done
    }

    private func ensureLedger() async throws {
        try await database.asNobody(timeout: .seconds(30)) { transaction in
            _ = try await transaction.batch([Self.lock])
            try await transaction.execute(
                """
                CREATE TABLE IF NOT EXISTS pulse.applied_migrations (
                    name text PRIMARY KEY, checksum bytea NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())
                """)
        }
    }

    /// Two runners at once: the second waits here and then finds the work done. The number is "pulse" in ASCII.
    private static let lock: SQL = "SELECT pg_advisory_xact_lock(482939957093)"

    private func apply(_ migration: Migration) async throws -> Bool {
        let text = Array(migration.sql.utf8)
        return try await database.asNobody(timeout: .seconds(600)) { transaction in
            _ = try await transaction.batch([Self.lock])
            let same = try await transaction.first(
                "SELECT checksum = sha256(\(text)) FROM pulse.applied_migrations WHERE name = \(migration.name)"
            ) { try $0.next(Bool.self) }
            if let same {
                guard same else { throw MigrationError.changed(migration.name) }
                return false
            }
            for statement in SQLScript.statements(in: migration.sql) {
                try await run(statement, of: migration, in: transaction)
            }
            try await transaction.execute("RESET ROLE")
            try await transaction.execute(
                """
                INSERT INTO pulse.applied_migrations (name, checksum) VALUES (\(migration.name), sha256(\(text)))
                """)
            logger.info("migration applied", metadata: [LogKey.migration: "\(migration.name)"])
            return true
        }
    }

    private func run(_ statement: SQLScript.Statement, of migration: Migration, in transaction: Transaction)
        async throws
    {
        let result: ResultSet
        do {
            result = try await transaction.batch([SQL(unsafeSQL: statement.text)])[0]
        } catch {
            throw MigrationError.failed(migration.name, statement: statement.text, error)
        }
        let isData = ["UPDATE", "DELETE", "INSERT"].contains { result.tag.hasPrefix($0) }
        if isData, result.rowsAffected == 0, !statement.mayTouchNothing {
            throw MigrationError.touchedNothing(migration.name, statement: statement.text)
        }
    }
}
