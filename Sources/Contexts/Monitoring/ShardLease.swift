import Kernel

/// The right to write for the organisations of a shard, as long as nobody else takes it with a later epoch.
struct ShardLease: Sendable, Hashable {
    let shard: Int16
    let epoch: Int64
}

/// When a worker renews, takes, gives up and stops. Pure; times are this worker's monotonic clock.
struct LeaseState {
    struct Terms: Sendable {
        /// How long the database lets a lease live without a renewal, by the database's clock.
        var lifetime: Duration = .seconds(15)
        var renewEvery: Duration = .seconds(5)
        /// After this long without a renewal that came back, counted from when it was sent, the worker stops by itself:
        /// well before another one may take over.
        var trustFor: Duration = .seconds(10)
    }

    let terms: Terms
    private(set) var held: Set<ShardLease> = []
    private var renewedAt: Duration?

    init(terms: Terms = Terms()) { self.terms = terms }

    /// The database has answered a renewal that was sent at `sent`.
    /// - Returns: what is new and what is gone.
    mutating func renewed(_ leases: Set<ShardLease>, sentAt sent: Duration) -> (
        gained: Set<ShardLease>, lost: Set<ShardLease>
    ) {
        defer {
            held = leases
            renewedAt = sent
        }
        return (leases.subtracting(held), held.subtracting(leases))
    }

    /// - Returns: what must be let go because no renewal has come back for too long.
    mutating func expire(at now: Duration) -> Set<ShardLease> {
        guard !held.isEmpty, let renewedAt, now - renewedAt > terms.trustFor else { return [] }
        defer { held = [] }
        return held
    }
}
