package import Kernel
package import Logging
import ServiceLifecycle

/// The running agent: looks, keeps, delivers, until it is cancelled or the server has removed it.
package struct Reporter: Service {
    let settings: AgentSettings
    let sampler: Sampler
    let live: LiveLane
    let backlog: BacklogLane

    package init(
        settings: AgentSettings, token: Secret<String>, state: StateDirectory, transport: any Transport,
        source: any ReportSource, time: any TimeSource = SystemTime(), randomness: Randomness = .system, logger: Logger
    ) throws(AgentError) {
        try settings.validate()
        let outbox = try Outbox(
            directory: state.queuePath, ackLog: settings.ackLog, randomness: randomness, logger: logger)
        let delivery = Delivery(
            outbox: outbox, transport: transport, token: token, time: time, randomness: randomness, logger: logger,
            pace: Pace(.milliseconds(Int64(settings.intervalSeconds * 1000))))
        self.settings = settings
        sampler = Sampler(source: source, settings: settings, delivery: delivery)
        live = LiveLane(delivery: delivery)
        backlog = BacklogLane(delivery: delivery)
    }

    /// - Throws: `AgentError.revoked` when the server has removed this agent; it reports nothing any more.
    package func run() async throws {
        let outbox = live.delivery.outbox
        let waiting = await outbox.waiting
        live.delivery.logger.info(
            "agent begins",
            metadata: [
                LogKey.version: "\(AgentRelease.version)", LogKey.server: "\(settings.server)",
                LogKey.agent: "\(settings.agentID)", LogKey.waiting: "\(waiting)",
            ])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await sampler.run() }
            group.addTask { try await live.run() }
            group.addTask { try await backlog.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
    }
}
