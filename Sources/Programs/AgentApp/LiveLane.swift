import Kernel
import Logging

/// Sends the newest report at once. When the server is away it keeps trying with the newest; what it could not send in
/// its time has become backlog.
struct LiveLane {
    let delivery: Delivery

    func run() async throws {
        var usual = Backoff.usual
        var slow = Backoff.slow
        var wasRefused = false
        for await _ in delivery.newReport.stream {
            while let parcel = await delivery.outbox.takeLive() {
                let verdict = await delivery.send("/api/agents/agent/report", parcel.gzippedBody)
                await delivery.outbox.liveEnded()
                switch verdict {
                case .accepted(let seconds):
                    if let number = parcel.number { await delivery.outbox.acknowledge([number]) }
                    if let seconds { delivery.pace.ask(seconds: seconds) }
                    if await !delivery.outbox.linkIsUp { delivery.logger.info("reports are arriving") }
                    await delivery.outbox.setLink(up: true)
                    usual.reset()
                    slow.reset()
                    wasRefused = false
                    if await delivery.outbox.hasBacklog { delivery.backlog.raise() }
                case .refused(let reason):
                    if let number = parcel.number { await delivery.outbox.drop([number], reason) }
                case .revoked(let reason):
                    throw AgentError.revoked(reason)
                case .unauthorised(let reason):
                    await delivery.outbox.setLink(up: false)
                    if !wasRefused {
                        delivery.logger.error(
                            "server refuses our token, reports are kept", metadata: [LogKey.reason: "\(reason)"])
                    }
                    wasRefused = true
                    try await delivery.time.sleep(for: slow.next(randomness: delivery.randomness))
                case .busy(let reason, let retryAfter):
                    let pause = usual.next(retryAfterSeconds: retryAfter, randomness: delivery.randomness)
                    if await delivery.outbox.linkIsUp {
                        delivery.logger.info(
                            "server takes no reports, they are kept", metadata: [LogKey.reason: "\(reason)"])
                    }
                    await delivery.outbox.setLink(up: false)
                    try await delivery.time.sleep(for: pause)
                }
            }
            try Task.checkCancellation()
        }
    }
}
