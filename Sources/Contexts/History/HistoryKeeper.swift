import CoreMetrics
package import Kernel
package import Logging
package import Postgres

/// Housekeeping: closes windows and keeps the partitions ahead of the clock. The steps take the time from their caller.
package struct HistoryKeeper: Sendable {
    let store: HistoryStore
    let logger: Logger

    /// A window is closed this long after its end: agents that lag a little still land in it.
    private static let grace: Duration = .seconds(300)
    /// Somebody still writes to it: a backlog that is coming in is closed once, not at every batch.
    private static let quiet: Duration = .seconds(60)
    /// Windows of one transaction: 16 of them are some 3 MB read and written.
    private static let batch = 16

    package init(_ store: HistoryStore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Closes at most `limit` windows of one organisation. Call it about every minute.
    /// - Parameter fence: the first statement of every transaction.
    /// - Returns: how many were closed; `limit` means that there may be more.
    @discardableResult
    package func close(in org: OrgID, now: Timestamp, limit: Int = 64, fence: SQL? = nil) async throws -> Int {
        let due = try await store.due(
            in: org, endedBefore: now - Self.grace, quietSince: now - Self.quiet, limit: limit)
        var pieces = 0
        for start in stride(from: 0, to: due.count, by: Self.batch) {
            let some = Array(due[start..<min(start + Self.batch, due.count)])
            pieces += try await store.seal(some, in: org, now: now, fence: fence)
        }
        if pieces > 0 {
            HistoryMetrics.sealed.increment(by: Int64(pieces))
            logger.debug("history windows closed", metadata: [LogKey.org: "\(org)", LogKey.count: "\(due.count)"])
        }
        return due.count
    }

    /// The organisation's monitor is here. Call it about every minute.
    package func beat(in org: OrgID, now: Timestamp, fence: SQL? = nil) async throws {
        _ = try await store.database.batch(in: org, (fence.map { [$0] } ?? []) + [Presence.beat(in: org, at: now)])
    }

    /// Deletes what the organisation's plan does not keep. Call it hourly.
    package func forget(in org: OrgID, now: Timestamp, fence: SQL? = nil) async throws {
        try await store.forgetBeyondPlan(in: org, now: now, fence: fence)
    }

    /// Makes the partitions of the coming days and drops the expired. Call it at start and hourly, for all organisations.
    /// - Parameter workers: the workers' role; nobody else may call the function.
    package static func prepare(around now: Timestamp, workers: Database) async throws {
        try await workers.executeGlobally("SELECT history_prepare(\(now))", timeout: .seconds(30))
    }
}
