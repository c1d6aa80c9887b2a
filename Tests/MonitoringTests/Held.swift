import FoundationEssentials
import Kernel
import Postgres
import TestKit

@testable import Monitoring

/// Leases for tests that are about something else.
enum Held {
    static func store(_ worker: UUID = UUID()) -> LeaseStore {
        LeaseStore(database: TestDatabase.current.worker, worker: worker)
    }

    /// The shard of this organisation, by a worker that lives for ten minutes without a renewal.
    static func lease(of org: OrgID) async throws -> ShardLease {
        let shard = try await TestDatabase.current.app.firstGlobally("SELECT pulse_shard(\(org))") {
            try $0.next(Int16.self)
        }
        let store = store()
        let view = try await store.look(for: .seconds(600))
        let wanted = view.shards.first { $0.shard == shard }!
        let held = try await store.renew(
            for: .seconds(600), take: [ShardLease(shard: wanted.shard, epoch: wanted.epoch)])
        return held.first!
    }

    /// One round of a worker as its keeper would make it, without handing anything over.
    static func round(_ store: LeaseStore, for lifetime: Duration = .seconds(15)) async throws -> Set<ShardLease> {
        let view = try await store.look(for: lifetime)
        let mine = Set(view.shards.filter { $0.owner == store.worker && !$0.isFree }.map(\.shard))
        let wish = FairShare.wish(of: store.worker, holding: mine, in: view)
        let release = view.shards.filter { wish.shed.contains($0.shard) }
        return try await store.renew(
            for: lifetime, take: wish.take,
            release: Set(release.map { ShardLease(shard: $0.shard, epoch: $0.epoch) }))
    }
}
