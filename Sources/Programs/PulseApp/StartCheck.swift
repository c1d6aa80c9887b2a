package import Kernel
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Ends the program when it would serve with a role that row-level security does not bind.
package struct StartCheck: Service {
    private let database: Database
    private let time: any TimeSource
    private let logger: Logger

    package init(_ database: Database, time: any TimeSource, logger: Logger) {
        self.database = database
        self.time = time
        self.logger = logger
    }

    /// Asks as soon as the database can be reached; while it cannot, nothing can be served either.
    package func run() async throws {
        try await cancelWhenGracefulShutdown {
            while !Task.isCancelled {
                do {
                    return try await Self.tenantRole(database)
                } catch let error as DatabaseError {
                    logger.warning("role not checked yet, trying again", metadata: ["error": "\(error)"])
                    try? await time.sleep(for: .seconds(1))
                }
            }
        }
        try? await gracefulShutdown()
    }

    /// Superusers and roles that bypass row-level security would show everyone everything.
    /// - Throws: `ConfigurationError` when the role of PULSE_DATABASE_URL may see past the policies.
    static func tenantRole(_ database: Database) async throws {
        let found = try await database.firstGlobally(
            "SELECT NOT (rolsuper OR rolbypassrls), current_user::text FROM pg_roles WHERE rolname = current_user",
            timeout: .seconds(10)
        ) { (isBound: try $0.next(Bool.self), role: try $0.next(String.self)) }
        guard let found, found.isBound else {
            throw ConfigurationError.unfit(
                "PULSE_DATABASE_URL", saw: found?.role ?? "?",
                wanted: "a role without superuser rights and BYPASSRLS, such as pulse_app")
        }
    }
}
