import Foundation
import Kernel
import Logging
import Postgres

/// The database that `ops/bench` lends, by its usual settings.
struct BenchDatabase {
    let app: Secret<String>
    let superuser: Secret<String>
    let logger: Logger

    init() throws {
        func setting(_ key: String) throws -> Secret<String> {
            guard let value = ProcessInfo.processInfo.environment[key] else { throw BenchFault.noSetting(key) }
            return Secret(value)
        }
        app = try setting("PULSE_DATABASE_URL")
        // The superuser's URI names the server; the database is that of the app.
        let name = app.reveal().split(separator: "/").last.map(String.init) ?? ""
        let server = try setting("PULSE_TEST_POSTGRES").reveal().split(separator: "/", omittingEmptySubsequences: false)
        superuser = Secret((server.dropLast() + [name[...]]).joined(separator: "/"))
        var logger = Logger(label: "bench")
        logger.logLevel = .error
        self.logger = logger
    }

    func configuration(connections: Int) -> DatabaseConfiguration {
        var configuration = DatabaseConfiguration(url: app)
        configuration.sharedConnections = connections
        configuration.leasedConnections = 1
        configuration.unavailableAfter = .seconds(10)
        return configuration
    }

    /// As superuser, outside every policy.
    func prepare(_ statements: [SQL]) async throws {
        var configuration = DatabaseConfiguration(url: superuser)
        configuration.sharedConnections = 1
        configuration.unavailableAfter = .seconds(10)
        let database = Database(configuration, logger: logger)
        defer { database.close() }
        for statement in statements { try await database.executeGlobally(statement, timeout: .seconds(120)) }
    }
}
