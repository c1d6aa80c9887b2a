import FoundationEssentials
import HTTPAPI
import HTTPKit
import Kernel
import Logging
import Metrics
import Postgres
import ServiceLifecycle
package import Telemetry
import Tenancy
import UnixSignals
import Vault

/// What the commands of `pulse` do.
package enum PulseRuns {
    /// Serves until SIGTERM or SIGINT, then finishes what is under way.
    /// - Parameter memory: what the program can say of its allocator.
    package static func run(
        _ role: ProgramRole, _ configuration: PulseConfiguration, memory: @escaping @Sendable () -> [MetricSample]
    ) async throws {
        try configuration.pool.check(role)
        let registry = PrometheusRegistry(help: HTTPMetrics.help)
        registry.add { ProcessFacts.samples() + memory() }
        MetricsSystem.bootstrap(registry)
        let logger = Logger(label: "pulse")
        let pulse = try Composition(
            configuration, role: role, registry: registry, logger: logger,
            makers: PulseConfiguration.collectorMakers(SystemTime()))
        try await replayErasures(with: pulse, logger: logger)
        var group = ServiceGroupConfiguration(
            services: pulse.services, gracefulShutdownSignals: [.sigterm, .sigint], logger: logger)
        // Drains take up to 10 s; whoever supervises us waits longer than this.
        group.maximumGracefulShutdownDuration = .seconds(25)
        try await ServiceGroup(configuration: group).run()
    }

    /// Before anything is served: a database restored from a backup must not bring back what was erased since. Waits for
    /// the database as long as it takes; without an erasure ever, it is not asked.
    private static func replayErasures(with pulse: Composition, logger: Logger) async throws {
        guard try pulse.shredder.hasErased else { return }
        while true {
            do {
                let orgs = try await pulse.shredder.replay()
                try await pulse.eraser.takeUp()
                if !orgs.isEmpty { logger.notice("erasures replayed", metadata: ["count": "\(orgs.count)"]) }
                return
            } catch let error as DatabaseError {
                logger.warning("erasures not replayed yet, trying again", metadata: ["error": "\(error)"])
                try await Task.sleep(for: .seconds(1))
            }
        }
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
