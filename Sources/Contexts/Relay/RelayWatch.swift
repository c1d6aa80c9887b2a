internal import HTTPKit
internal import Kernel
internal import Logging
internal import ServiceLifecycle

/// Asks twice a second, for all gateways of this process at once, whether they may go on: an agent removed, a gateway
/// switched off, an organisation suspended, a newer connection elsewhere. It asks the database and keeps nothing, so
/// nobody has to tell it; the same call says that they are alive.
package struct RelayWatch: Service {
    static let interval: Duration = .milliseconds(500)

    private let board: Switchboard

    package init(_ board: Switchboard) { self.board = board }

    package func run() async throws {
        while !Task.isShuttingDownGracefully, !Task.isCancelled {
            try? await cancelWhenGracefulShutdown { try await board.time.sleep(for: Self.interval) }
            await round()
        }
    }

    func round() async {
        let sessions = board.all
        guard !sessions.isEmpty else { return }
        do {
            let problems = try await board.store.beat(sessions)
            for session in sessions {
                if let problem = problems[session.agent] { session.end(problem) }
            }
        } catch {
            // The database is away: what is open stays so, and nothing new can be asked for.
            board.logger.warning("gateways not asked about, trying again", metadata: [LogKey.reason: "\(error)"])
        }
    }
}
