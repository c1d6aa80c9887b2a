import FoundationEssentials

/// The right to write for the organisations of a shard, as long as nobody else takes it with a later epoch.
struct ShardLease: Sendable, Hashable {
    let shard: Int16
    let epoch: Int64
}

/// What a worker was told of all shards and of the other workers.
struct LeaseView: Sendable {
    struct Shard: Sendable {
        let shard: Int16
        let epoch: Int64
        let owner: UUID?
        /// Run out, or its owner is known to be dead. Should it live after all, the fence refuses it.
        let isFree: Bool
        /// What its organisations cost; at least 1.
        let weight: Int
    }

    let shards: [Shard]
    /// Workers that live, this one among them.
    let workers: Set<UUID>
}

/// What a worker asks of the leases' table. Nothing is given that another one took meanwhile.
struct LeaseWish: Sendable, Equatable {
    /// Free shards, with the epochs that they were seen with.
    var take: Set<ShardLease> = []
    /// Shards to hand over, once what is unwritten of them is written.
    var shed: Set<Int16> = []
}
