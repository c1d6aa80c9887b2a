import Kernel
import Logging

/// A thin shell around `LeaseKeeper`: asks the database, begins and stops monitors.
///
/// One event after another; what takes time (a question, a handover, finding organisations) goes on beside them and tells
/// its end as an event, so nothing holds up a renewal or its absence.
actor LeaseOffice {
    private let store: LeaseStore
    private var keeper: LeaseKeeper
    private let desk: MonitorDesk
    private let ears: ReportEars
    private let outside: MonitorOutside
    /// At most a few of each kind; whoever is 1,000 events behind has long lost its leases.
    private nonisolated let events: AsyncStream<LeaseKeeper.Event>
    private nonisolated let post: AsyncStream<LeaseKeeper.Event>.Continuation

    init(_ store: LeaseStore, keeper: LeaseKeeper, desk: MonitorDesk, ears: ReportEars, outside: MonitorOutside) {
        self.store = store
        self.keeper = keeper
        self.desk = desk
        self.ears = ears
        self.outside = outside
        (events, post) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1000))
    }

    /// Somebody has given shards back.
    nonisolated func hearOfFreeShards() { post.yield(.freed) }

    /// What is worked on here.
    var shards: [Int16] { keeper.working.map(\.shard).sorted() }

    func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    self.post.yield(.woke)
                    try? await self.outside.time.sleep(for: self.tick)
                }
            }
            for await event in events {
                for effect in keeper.step(event, at: outside.time.monotonic) { await begin(effect, in: &group) }
            }
        }
    }

    private nonisolated var tick: Duration { outside.terms.renewEvery / 5 }

    private func begin(_ effect: LeaseKeeper.Effect, in group: inout DiscardingTaskGroup) async {
        let lifetime = outside.terms.lifetime
        switch effect {
        case .look: group.addTask { await self.ask { .looked(try await self.store.look(for: lifetime)) } }
        case .renew(let take, let release):
            let sent = outside.time.monotonic
            group.addTask {
                await self.ask {
                    .answered(try await self.store.renew(for: lifetime, take: take, release: release), sentAt: sent)
                }
            }
        case .begin(let leases):
            await desk.note(.begin(leases))
            // First listen, then look: what is accepted in between is heard or seen.
            ears.follow(Set(keeper.working.map(\.shard)))
            outside.logger.info("shards taken", metadata: [LogKey.shards: "\(leases.count)"])
            group.addTask { await self.place(leases) }
        case .stop(let leases):
            await desk.note(.stop(leases))
            ears.follow(Set(keeper.working.map(\.shard)))
            outside.logger.info("shards lost", metadata: [LogKey.shards: "\(leases.count)"])
        case .drain(let shards):
            ears.follow(Set(keeper.working.map(\.shard)))
            group.addTask {
                await self.desk.drain(shards)
                self.outside.logger.info("shards handed over", metadata: [LogKey.shards: "\(shards.count)"])
                self.post.yield(.drained(shards))
            }
        }
    }

    private nonisolated func ask(_ question: () async throws -> LeaseKeeper.Event) async {
        do {
            post.yield(try await question())
        } catch {
            if !Task.isCancelled {
                outside.logger.warning("leases not renewed", metadata: [LogKey.reason: "\(error)"])
            }
            post.yield(.failed)
        }
    }

    /// Should it fail, the round that looks for missed changes finds them.
    private nonisolated func place(_ leases: Set<ShardLease>) async {
        do {
            for place in try await store.organisations(of: leases.map(\.shard).sorted()) {
                await desk.note(.place(place))
            }
        } catch {
            outside.logger.warning("organisations not found yet", metadata: [LogKey.reason: "\(error)"])
        }
    }
}
