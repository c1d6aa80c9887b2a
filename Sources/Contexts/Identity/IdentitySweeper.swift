package import Kernel
package import Logging
package import Postgres
internal import ServiceLifecycle

/// Takes away ended sessions, links and counters, and answers kept for idempotency keys, every ten minutes. None of them
/// works any more; this only saves room.
package struct IdentitySweeper: Service {
    private let database: Database
    private let time: any TimeSource
    private let logger: Logger

    package init(database: Database, time: any TimeSource, logger: Logger) {
        self.database = database
        self.time = time
        self.logger = logger
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            do {
                let count = try await sweep()
                if count > 0 { logger.debug("ended sessions and links swept", metadata: ["count": "\(count)"]) }
            } catch {
                logger.warning("sweep failed, trying again", metadata: ["error": "\(error)"])
            }
            try? await cancelWhenGracefulShutdown { try await time.sleep(for: .seconds(600)) }
        }
    }

    /// - Returns: how many rows went.
    package func sweep() async throws -> Int {
        var swept = try await count("SELECT sweep_identity(\(time.now))")
        swept += try await count("SELECT sweep_sso(\(time.now))")
        // A busy hour keeps more answers than one call takes; what twenty leave is there the next time.
        for _ in 0..<20 {
            let answers = try await count("SELECT sweep_idempotency(\(time.now))")
            swept += answers
            if answers == 0 { break }
        }
        return swept
    }

    private func count(_ sql: SQL) async throws -> Int {
        try await database.firstGlobally(sql, timeout: .seconds(10)) { try $0.next(Int.self) } ?? 0
    }
}
