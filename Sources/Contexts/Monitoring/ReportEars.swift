import Bus
import NIOConcurrencyHelpers

/// Listens to the accepted reports of the shards that this worker holds, and of no others.
final class ReportEars: Sendable {
    /// Reports that may wait for a shard: 1,000 agents, all at once. What does not fit is read from the log.
    private static let capacity = 1024

    /// Each subscription as it is opened; ends with the shard's loss.
    let opened: AsyncStream<(shard: Int16, reports: Subscription)>
    private let open: AsyncStream<(shard: Int16, reports: Subscription)>.Continuation
    private let bus: any MessageBus
    private let subscriptions = NIOLockedValueBox<[Int16: Subscription]>([:])

    init(bus: any MessageBus) {
        self.bus = bus
        // As many as there are shards, twice: who falls behind by more than a full exchange of all shards is not running.
        (opened, open) = AsyncStream.makeStream(bufferingPolicy: .bufferingOldest(2 * LeaseStore.shardCount))
    }

    /// From its return on nothing of these shards is missed.
    func follow(_ shards: Set<Int16>) {
        let gone = subscriptions.withLockedValue { subscriptions in
            let gone = subscriptions.filter { !shards.contains($0.key) }
            for shard in gone.keys { subscriptions[shard] = nil }
            for shard in shards where subscriptions[shard] == nil {
                let reports = bus.subscribe(to: .reports(shard: shard), capacity: Self.capacity)
                subscriptions[shard] = reports
                open.yield((shard, reports))
            }
            return gone
        }
        for reports in gone.values { reports.cancel() }
    }
}
