import FoundationEssentials
import Inventory
import Kernel
import Postgres
import Resources
import TestKit
import Testing

@testable import Monitoring

@Suite struct LeaseKeeperTests {
    private let me = UUID()
    private let one = ShardLease(shard: 1, epoch: 4)

    private func keeper() -> LeaseKeeper { LeaseKeeper(worker: me, terms: LeaseKeeper.Terms()) }

    private func view(_ shards: [LeaseView.Shard], others: Int = 0) -> LeaseView {
        LeaseView(shards: shards, workers: Set([me] + (0..<others).map { _ in UUID() }))
    }

    private func free(_ shard: Int16, weight: Int = 1) -> LeaseView.Shard {
        .init(shard: shard, epoch: 3, owner: nil, isFree: true, weight: weight)
    }

    private func mine(_ shard: Int16, weight: Int = 1) -> LeaseView.Shard {
        .init(shard: shard, epoch: 4, owner: me, isFree: false, weight: weight)
    }

    @Test("it looks, takes what is free, begins with what it got, and renews in time") func takes() {
        var keeper = keeper()
        #expect(keeper.step(.woke, at: .seconds(100)) == [.look])
        #expect(keeper.step(.woke, at: .seconds(100)).isEmpty, "one question at a time")
        #expect(
            keeper.step(.looked(view([free(1)])), at: .seconds(100))
                == [.renew(take: [ShardLease(shard: 1, epoch: 3)], release: [])])
        #expect(keeper.step(.answered([one], sentAt: .seconds(100)), at: .seconds(100)) == [.begin([one])])
        #expect(keeper.step(.woke, at: .seconds(105)) == [.look])
        #expect(keeper.step(.looked(view([mine(1)])), at: .seconds(105)) == [.renew(take: [], release: [])])
        #expect(keeper.step(.answered([one], sentAt: .seconds(105)), at: .seconds(105)).isEmpty)
    }

    @Test("a worker that hears nothing of its renewals lets go by itself") func expiry() {
        var keeper = keeper()
        _ = keeper.step(.answered([one], sentAt: .seconds(100)), at: .seconds(100))
        #expect(!keeper.step(.woke, at: .seconds(110)).contains(.stop([one])))
        #expect(keeper.step(.woke, at: .seconds(111)).contains(.stop([one])))
        #expect(keeper.held.isEmpty)
    }

    @Test("after it let go only what it asked since is an answer") func lateAnswers() {
        var keeper = keeper()
        _ = keeper.step(.answered([one], sentAt: .seconds(100)), at: .seconds(100))
        _ = keeper.step(.woke, at: .seconds(111))
        #expect(keeper.step(.answered([one], sentAt: .seconds(99)), at: .seconds(112)).isEmpty)
        #expect(keeper.step(.answered([one], sentAt: .seconds(109)), at: .seconds(112)).isEmpty)
        #expect(keeper.step(.answered([one], sentAt: .seconds(112)), at: .seconds(113)).isEmpty, "it is taken anew")
        #expect(keeper.step(.looked(view([mine(1)])), at: .seconds(114)) == [.renew(take: [], release: [one])])
        #expect(keeper.step(.answered([], sentAt: .seconds(114)), at: .seconds(114)).isEmpty)
        let again = ShardLease(shard: 1, epoch: 5)
        #expect(keeper.step(.answered([again], sentAt: .seconds(115)), at: .seconds(115)) == [.begin([again])])
    }

    @Test("an answer that it slept over is none") func sleptOver() {
        var keeper = keeper()
        #expect(keeper.step(.answered([one], sentAt: .seconds(100)), at: .seconds(111)).isEmpty)
        #expect(keeper.held.isEmpty)
    }

    @Test("a later epoch of a shard is another lease") func epochs() {
        var keeper = keeper()
        let later = ShardLease(shard: 1, epoch: 6)
        _ = keeper.step(.answered([one], sentAt: .seconds(1)), at: .seconds(1))
        #expect(
            keeper.step(.answered([later], sentAt: .seconds(6)), at: .seconds(6)) == [.stop([one]), .begin([later])])
    }

    @Test("what is handed over is written first, and given back after") func handover() {
        var keeper = keeper()
        let two = ShardLease(shard: 2, epoch: 4)
        _ = keeper.step(.answered([one, two], sentAt: .seconds(100)), at: .seconds(100))
        let both = view([mine(1), mine(2)], others: 1)
        #expect(keeper.step(.looked(both), at: .seconds(105)) == [.drain([1]), .renew(take: [], release: [])])
        #expect(keeper.working == [two])
        #expect(keeper.step(.answered([one, two], sentAt: .seconds(105)), at: .seconds(105)).isEmpty)
        #expect(keeper.step(.drained([1]), at: .seconds(106)) == [.look])
        #expect(keeper.step(.looked(both), at: .seconds(106)) == [.renew(take: [], release: [one])])
        #expect(keeper.step(.answered([two], sentAt: .seconds(106)), at: .seconds(106)).isEmpty)
        #expect(keeper.held == [two])
    }
}

@Suite struct FairShareTests {
    private let workers = (0..<3).map { _ in UUID() }

    /// Rounds of all workers until nobody wishes anything; what each holds.
    private func settled(_ weights: [Int], workers: [UUID], from held: [UUID: Set<Int16>] = [:]) -> [UUID: Set<Int16>] {
        var held = held
        for _ in 0..<100 {
            var isQuiet = true
            for worker in workers {
                let owners = Dictionary(held.flatMap { owner, shards in shards.map { ($0, owner) } }) { $1 }
                let shards = weights.indices.map { index -> LeaseView.Shard in
                    let owner = owners[Int16(index)]
                    return .init(
                        shard: Int16(index), epoch: 1, owner: owner, isFree: owner == nil, weight: weights[index])
                }
                let wish = FairShare.wish(
                    of: worker, holding: held[worker] ?? [], in: LeaseView(shards: shards, workers: Set(workers)))
                isQuiet = isQuiet && wish == LeaseWish()
                held[worker, default: []].formUnion(wish.take.map(\.shard))
                held[worker]?.subtract(wish.shed)
            }
            if isQuiet { return held }
        }
        Issue.record("they never settle")
        return held
    }

    @Test("whatever the weights, all shards are held and nobody has more than a fair share and one shard")
    func shares() {
        var chance = SystemRandomNumberGenerator()
        for _ in 0..<50 {
            let weights = (0..<256).map { _ in Int.random(in: 0...9, using: &chance) == 0 ? 200 : 3 }
            let held = settled(weights, workers: workers)
            #expect(held.values.reduce(0) { $0 + $1.count } == 256)
            let fair = Double(weights.reduce(0, +)) / 3
            for shards in held.values {
                let load = Double(shards.reduce(0) { $0 + weights[Int($1)] })
                #expect(load < fair + 200)
            }
        }
    }

    @Test("a worker that comes up gets its share from one that had everything, and things stay as they are then")
    func newcomer() {
        let weights = [Int](repeating: 2, count: 256)
        let all: [UUID: Set<Int16>] = [workers[0]: Set(0..<256)]
        let held = settled(weights, workers: Array(workers.prefix(2)), from: all)
        #expect(held.values.map(\.count).sorted() == [128, 128])
    }

    @Test("one heavy shard leaves its worker little else") func heavy() {
        var weights = [Int](repeating: 1, count: 256)
        weights[17] = 255
        let held = settled(weights, workers: Array(workers.prefix(2)))
        #expect(held.values.map(\.count).sorted() == [1, 255])
    }
}

@Suite(.postgres) struct LeaseStoreTests {
    private let database = TestDatabase.current

    @Test("a worker that comes up gets half of what one had, and all of it when that one leaves") func share()
        async throws
    {
        let (first, second) = (Held.store(), Held.store())
        let all = try await Held.round(first)
        #expect(all.count == 256)
        #expect(try await Held.round(second).isEmpty)
        var kept = all
        for _ in 0..<4 where kept.count > 128 { kept = try await Held.round(first) }
        #expect(kept.count == 128)
        #expect(kept.isSubset(of: all), "a renewal leaves the epoch as it is")
        let taken = try await Held.round(second)
        #expect(taken.count == 128)
        try await first.leave()
        let rest = try await Held.round(second)
        #expect(rest.count == 256)
        #expect(rest.allSatisfy { lease in all.first { $0.shard == lease.shard }!.epoch < lease.epoch })
    }

    @Test("shards of a worker that missed a renewal and has no session are taken before they expire")
    func deadOwner() async throws {
        let (dead, heir) = (Held.store(), Held.store())
        #expect(try await Held.round(dead, for: .seconds(5)).count == 256)
        // Its row is fresh, so it counts as alive; what is left of its leases says that it missed a renewal of 15 s.
        let view = try await heir.look(for: .seconds(15))
        #expect(view.shards.count { !$0.isFree } == 0)
        let taken = try await heir.renew(
            for: .seconds(15), take: Set(view.shards.map { ShardLease(shard: $0.shard, epoch: $0.epoch) }))
        #expect(taken.count == 256)
    }

    @Test("what another one took meanwhile is not given") func races() async throws {
        let (first, second) = (Held.store(), Held.store())
        let view = try await first.look(for: .seconds(15))
        let wanted = Set(view.shards.prefix(10).map { ShardLease(shard: $0.shard, epoch: $0.epoch) })
        #expect(try await second.renew(for: .seconds(15), take: wanted).count == 10)
        #expect(try await first.renew(for: .seconds(15), take: wanted).isEmpty)
    }

    @Test("a release that comes late does not give back what was taken again") func lateRelease() async throws {
        let store = Held.store()
        let old = try #require(try await Held.round(store).first { $0.shard == 5 })
        _ = try await store.renew(for: .seconds(15), release: [old])
        let again = try #require(try await Held.round(store).first { $0.shard == 5 })
        #expect(try await store.renew(for: .seconds(15), release: [old]).contains(again))
    }

    @Test("a moved organisation is written by its new shard's holder alone") func moved() async throws {
        let org = try await Given.organisation(shard: 10)
        let old = try await Held.lease(of: org)
        func write(_ lease: ShardLease, _ seq: Int64) async throws {
            _ = try await database.app.batch(
                in: org,
                [
                    ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch),
                    ResourceWrites.advance(OrgHead(epoch: lease.epoch, seq: seq), in: org, at: SystemTime().now),
                ])
        }
        try await write(old, 1)
        let before = try await database.worker.firstGlobally("SELECT pulse_move_org(\(org), \(Int16(11)))") {
            try $0.next(Int16.self)
        }
        #expect(before == 10)
        let error = await #expect(throws: DatabaseError.self) { try await write(old, 2) }
        #expect(error?.sqlState == SQLState.fenced)
        try await write(try await Held.lease(of: org), 3)
    }

    @Test("a move to a shard with a lower epoch makes its epoch as high, so that numbers go on upwards")
    func forward() async throws {
        let org = try await Given.organisation(shard: 12)
        try await database.superuser.executeGlobally("UPDATE pulse.shard_leases SET epoch = 40 WHERE shard = 12")
        let before = try await Held.lease(of: org)
        _ = try await database.worker.executeGlobally("SELECT pulse_move_org(\(org), 13)")
        #expect(try await Held.lease(of: org).epoch >= before.epoch)
    }

    @Test("a move waits for the write that is under way") func moveWaits() async throws {
        let org = try await Given.organisation(shard: 20)
        let lease = try await Held.lease(of: org)
        let (started, start) = AsyncStream.makeStream(of: Void.self)
        let (released, release) = AsyncStream.makeStream(of: Void.self)
        async let writing: Void = database.app.asOrg(org) { transaction in
            try await transaction.execute(ResourceWrites.fence(shard: lease.shard, epoch: lease.epoch))
            start.finish()
            for await _ in released {}
        }
        for await _ in started {}
        let moving = Task { [database] in
            try await database.worker.executeGlobally("SELECT pulse_move_org(\(org), \(Int16(21)))")
        }
        while try await blocked() == 0 { await Task.yield() }
        let shard = try await database.app.firstGlobally("SELECT pulse_shard(\(org))") { try $0.next(Int16.self) }
        #expect(shard == 20)
        release.finish()
        try await writing
        _ = try await moving.value
    }

    private func blocked() async throws -> Int {
        try await database.superuser.firstGlobally(
            """
            SELECT count(*) FROM pg_stat_activity
            WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '%pulse_move_org%'
            """
        ) { try $0.next(Int.self) } ?? 0
    }

    @Test("a shard weighs what its organisations cost") func weights() async throws {
        let store = Held.store()
        _ = try await Given.organisation(shard: 30)
        let large = try await Given.organisation(shard: 31)
        try await database.app.execute(
            in: large,
            """
            INSERT INTO org_summaries (org_id, resources, online, offline, warning, unknown, updated_at)
            VALUES (\(large), 2000, 2000, 0, 0, 0, \(SystemTime().now))
            """)
        try await store.weigh()
        let view = try await store.look(for: .seconds(15))
        #expect(view.shards.first { $0.shard == 29 }?.weight == 1)
        #expect(view.shards.first { $0.shard == 30 }?.weight == 2)
        #expect(view.shards.first { $0.shard == 31 }?.weight == 102)
    }
}
