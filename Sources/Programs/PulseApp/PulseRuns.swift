import FoundationEssentials
import HTTPAPI
import HTTPKit
import Kernel
import Logging
import Metrics
import Postgres
import ServiceLifecycle
import Telemetry
import UnixSignals

/// What the commands of `pulse` do.
package enum PulseRuns {
    /// Serves until SIGTERM or SIGINT, then finishes what is under way.
    package static func up(_ configuration: PulseConfiguration) async throws {
        let registry = PrometheusRegistry(help: HTTPMetrics.help)
        registry.add { ProcessFacts.samples() }
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "pulse")
        let pulse = try Composition(configuration, registry: registry, logger: logger)
        var group = ServiceGroupConfiguration(
            services: pulse.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Drains take up to 10 s; whoever supervises us waits longer than this.
        group.maximumGracefulShutdownDuration = .seconds(25)
        try await ServiceGroup(configuration: group).run()
    }

    /// Applies what is not applied yet.
    /// - Returns: the names applied now.
    package static func migrate(_ configuration: PulseConfiguration, folder: String) async throws -> [String] {
        let url = try configuration.required(\.migrationDatabaseURL, key: "PULSE_MIGRATION_DATABASE_URL")
        var settings = DatabaseConfiguration(url: url)
        settings.sharedConnections = 1
        settings.leasedConnections = 1
        settings.applicationName = "pulse-migrate"
        settings.unavailableAfter = .seconds(10)
        settings.leaseTimeout = .seconds(10)
        let logger = Logger(label: "pulse")
        let database = Database(settings, logger: logger)
        defer { database.close() }
        return try await Migrator(database, logger: logger).apply(Migration.all(in: URL(fileURLWithPath: folder)))
    }
}
