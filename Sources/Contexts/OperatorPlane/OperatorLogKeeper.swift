internal import Kernel
package import Logging
internal import Postgres
internal import ServiceLifecycle

/// Every ten minutes: looks at what the operators' log has grown by, and signs where it stands. Several processes may do
/// this at once: the first signature of an entry stays.
package struct OperatorLogKeeper: Service {
    private enum LogKey {
        static let seq = "seq"
        static let error = "error"
    }

    private let context: OperatorContext
    private let logger: Logger

    package init(_ context: OperatorContext, logger: Logger) {
        self.context = context
        self.logger = logger
    }

    package func run() async throws {
        // Soon after the start, so that a program that is restarted often signs as well.
        var pause: Duration = .seconds(30)
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { [pause] in try await context.time.sleep(for: pause) }
            pause = .seconds(600)
            guard !Task.isShuttingDownGracefully, !Task.isCancelled else { return }
            do {
                _ = try await sign()
            } catch let broken as BrokenLog {
                logger.error("operators' log is broken", metadata: [LogKey.seq: "\(broken.seq)"])
            } catch {
                logger.warning("operators' log was not signed, trying again", metadata: [LogKey.error: "\(error)"])
            }
        }
    }

    /// - Returns: whether something new was signed.
    func sign() async throws -> Bool {
        let auditor = OperatorLogAuditor(keys: context.keys)
        return try await context.staff.asNobody { try await auditor.sign(in: $0, at: context.time.now) } != nil
    }
}
