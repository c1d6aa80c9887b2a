package import Kernel
package import Logging
internal import NIOConcurrencyHelpers
package import Postgres
internal import ServiceLifecycle

/// Remembers which sessions and API tokens were used and tells the database once a minute, all in one statement: a request never waits
/// for its own session to be prolonged.
///
/// Each is noted at most once a minute; of more than 50,000 the rest waits for its next request. What a crash
/// loses is a minute of sliding, out of 24 hours.
package final class SessionTouches: Service {
    package static let interval: Duration = .seconds(60)
    private static let limit = 50_000

    private let database: Database
    private let time: any TimeSource
    private let logger: Logger
    private let used = NIOLockedValueBox<[SessionID: Timestamp]>([:])

    private let usedTokens = NIOLockedValueBox<[TokenID: TokenUse]>([:])

    private struct TokenUse {
        let at: Timestamp
        let address: String
    }

    package init(database: Database, time: any TimeSource, logger: Logger) {
        self.database = database
        self.time = time
        self.logger = logger
    }

    package func note(_ session: SessionID, seenBefore: Timestamp, now: Timestamp) {
        guard now - seenBefore >= Self.interval else { return }
        used.withLockedValue { if $0.count < Self.limit { $0[session] = now } }
    }

    package func note(_ token: TokenID, from address: String, seenBefore: Timestamp?, now: Timestamp) {
        if let seenBefore, now - seenBefore < Self.interval { return }
        usedTokens.withLockedValue {
            if $0.count < Self.limit { $0[token] = TokenUse(at: now, address: address) }
        }
    }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await self.time.sleep(for: Self.interval) }
            await flush()
        }
    }

    /// Writes what was noted. What cannot be written is kept for the next time.
    package func flush() async {
        await flushSessions()
        await flushTokens()
    }

    private func flushTokens() async {
        let batch = usedTokens.withLockedValue { used in
            defer { used = [:] }
            return used
        }
        guard !batch.isEmpty else { return }
        let (tokens, uses) = (Array(batch.keys), Array(batch.values))
        do {
            try await database.executeGlobally(
                "SELECT touch_tokens(\(tokens), \(uses.map(\.at)), \(uses.map(\.address)))")
        } catch {
            usedTokens.withLockedValue { $0.merge(batch) { newer, _ in newer } }
            logger.warning("use of tokens not noted, trying again", metadata: ["error": "\(error)"])
        }
    }

    private func flushSessions() async {
        let batch = used.withLockedValue { used in
            defer { used = [:] }
            return used
        }
        guard !batch.isEmpty else { return }
        let (sessions, moments) = (Array(batch.keys), Array(batch.values))
        do {
            try await database.executeGlobally("SELECT touch_sessions(\(sessions), \(moments))")
        } catch {
            used.withLockedValue { $0.merge(batch) { newer, _ in newer } }
            logger.warning("sessions not prolonged, trying again", metadata: ["error": "\(error)"])
        }
    }
}
