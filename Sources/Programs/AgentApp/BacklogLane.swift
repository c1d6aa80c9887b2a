import AgentProtocol
import Kernel
import Logging

/// Delivers what could not be sent in its time: a hundred at once, oldest first, beside the live reports and only while
/// those arrive.
struct BacklogLane {
    let delivery: Delivery

    func run() async throws {
        for await _ in delivery.backlog.stream { try await drain() }
    }

    private func drain() async throws {
        var backoff = Backoff.usual
        var size = ReportLimits.backfillReports
        while await delivery.outbox.linkIsUp, let batch = await delivery.outbox.takeBatch(size) {
            switch await delivery.send("/api/agents/agent/backfill", batch.gzippedBody) {
            case .accepted:
                await delivery.outbox.acknowledge(batch.numbers)
                let waiting = await delivery.outbox.waiting
                delivery.logger.info(
                    "backlog delivered",
                    metadata: [
                        LogKey.count: "\(batch.numbers.count)", LogKey.waiting: "\(waiting)",
                    ])
                backoff.reset()
                size = min(size * 2, ReportLimits.backfillReports)
            case .refused(let reason):
                // One bad report must not take ninety-nine good ones with it: halve until it is alone.
                if batch.numbers.count == 1 {
                    await delivery.outbox.drop(batch.numbers, reason)
                } else {
                    size = max(batch.numbers.count / 2, 1)
                }
            case .revoked(let reason): throw AgentError.revoked(reason)
            case .unauthorised: return  // the live lane meets the same refusal and waits
            case .busy(_, let retryAfter):
                try await delivery.time.sleep(
                    for: backoff.next(retryAfterSeconds: retryAfter, randomness: delivery.randomness))
            }
            try Task.checkCancellation()
        }
    }
}
