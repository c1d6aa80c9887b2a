internal import NIOConcurrencyHelpers
internal import NIOPosix

/// A few threads for blocking work, with a bounded queue before them: what does not fit is refused at once, because a
/// caller that waits longer than its own timeout only costs.
final class BoundedThreads: Sendable {
    private let pool: NIOThreadPool
    private let admitted = NIOLockedValueBox(0)
    private let limit: Int

    init(threads: Int, waiting: Int) {
        self.pool = NIOThreadPool(numberOfThreads: threads)
        self.limit = threads + waiting
        pool.start()
    }

    deinit { pool.shutdownGracefully { _ in } }

    /// Work that has not begun is dropped when its task is cancelled; work that has begun runs to its end.
    func run<T: Sendable>(_ work: @escaping @Sendable () throws -> T) async throws -> T {
        let fits = admitted.withLockedValue { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
        guard fits else { throw PasswordError.busy }
        defer { admitted.withLockedValue { $0 -= 1 } }
        return try await pool.runIfActive(work)
    }
}
