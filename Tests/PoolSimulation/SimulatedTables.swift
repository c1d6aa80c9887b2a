import FoundationEssentials
import Kernel

@testable import Monitoring

/// What `LeaseStore` and the fence do, in memory and at once, as each of their statements does. Times are ms.
struct SimulatedTables {
    struct Lease {
        var owner: UUID?
        var epoch: Int64 = 0
        var expiresAt = Int.min
        var weight = 1
    }

    struct Org {
        var shard: Int16
        var generation: Int64 = 1
        var isActive = true
        /// Epoch of the last write that was taken.
        var head: Int64 = 0
    }

    var leases: [Lease]
    var orgs: [OrgID: Org] = [:]
    /// When each worker was seen last, and who has a session.
    private var seen: [UUID: Int] = [:]
    var sessions: Set<UUID> = []
    private let lifetime: Int

    init(shards: Int, lifetime: Duration) {
        leases = [Lease](repeating: Lease(), count: shards)
        self.lifetime = Int(lifetime.inSeconds * 1000)
    }

    private func isFree(_ lease: Lease, at now: Int) -> Bool {
        lease.expiresAt <= now
            || (lease.expiresAt < now + lifetime * 6 / 10 && !(lease.owner.map(sessions.contains) ?? false))
    }

    mutating func look(_ worker: UUID, at now: Int) -> LeaseView {
        seen[worker] = now
        let living = seen.filter {
            $0.value > now - lifetime && ($0.value > now - lifetime * 4 / 10 || sessions.contains($0.key))
        }
        return LeaseView(
            shards: leases.enumerated().map {
                LeaseView.Shard(
                    shard: Int16($0), epoch: $1.epoch, owner: $1.owner, isFree: isFree($1, at: now), weight: $1.weight)
            }, workers: Set(living.keys))
    }

    mutating func renew(
        _ worker: UUID, take: Set<ShardLease>, release: Set<ShardLease>, at now: Int
    ) -> (held: Set<ShardLease>, hasFreed: Bool) {
        var (held, hasFreed): (Set<ShardLease>, Bool) = ([], false)
        for index in leases.indices {
            let seen = ShardLease(shard: Int16(index), epoch: leases[index].epoch)
            if leases[index].owner == worker, release.contains(seen) {
                (leases[index].owner, leases[index].expiresAt) = (nil, Int.min)
                hasFreed = true
            } else if leases[index].owner == worker, leases[index].expiresAt > now {
                leases[index].expiresAt = now + lifetime
                held.insert(seen)
            } else if take.contains(seen), isFree(leases[index], at: now) {
                leases[index].owner = worker
                leases[index].epoch += 1
                leases[index].expiresAt = now + lifetime
                held.insert(ShardLease(shard: seen.shard, epoch: leases[index].epoch))
            }
        }
        return (held, hasFreed)
    }

    mutating func leave(_ worker: UUID) {
        for index in leases.indices where leases[index].owner == worker {
            (leases[index].owner, leases[index].expiresAt) = (nil, Int.min)
        }
        seen[worker] = nil
    }

    /// The fence, and the write behind it.
    func accepts(_ org: OrgID, under lease: ShardLease) -> Bool {
        leases[Int(lease.shard)].epoch == lease.epoch && orgs[org]?.shard == lease.shard
    }

    mutating func move(_ org: OrgID, to shard: Int16) {
        guard let before = orgs[org]?.shard, before != shard else { return }
        leases[Int(shard)].epoch = max(leases[Int(shard)].epoch, leases[Int(before)].epoch)
        orgs[org]?.shard = shard
        orgs[org]?.generation += 1
    }

    func place(of org: OrgID) -> OrgPlace? {
        orgs[org].flatMap { $0.isActive ? OrgPlace(org: org, shard: $0.shard, generation: $0.generation) : nil }
    }
}
