import FoundationEssentials
import Kernel

/// When a worker looks, renews, takes, hands over, gives up and stops. Pure: it is told what has happened and says what is
/// to be done; times are this worker's monotonic clock. Whatever is done twice or told late does no harm.
struct LeaseKeeper {
    struct Terms: Sendable {
        /// How long the database lets a lease live without a renewal, by the database's clock.
        var lifetime: Duration = .seconds(15)
        var renewEvery: Duration = .seconds(5)
        /// After this long without a renewal that came back, counted from when it was sent, the worker stops by itself:
        /// well before another one may take over.
        var trustFor: Duration = .seconds(10)

        init() {}

        init(lifetime: Duration) {
            self.lifetime = lifetime
            renewEvery = lifetime / 3
            trustFor = lifetime * 2 / 3
        }
    }

    enum Event {
        /// Time has passed.
        case woke
        /// Somebody has said that shards are free.
        case freed
        case looked(LeaseView)
        /// The database has answered what was asked at `sentAt`: these are held now.
        case answered(Set<ShardLease>, sentAt: Duration)
        case failed
        /// Everything of these shards is written, and nothing of them goes on.
        case drained(Set<Int16>)
    }

    enum Effect: Equatable {
        case look
        /// Renew what is held but `except`, take `take`, give back `release`; answer with what is held then.
        case renew(take: Set<ShardLease>, release: Set<ShardLease>)
        case begin(Set<ShardLease>)
        case stop(Set<ShardLease>)
        /// Write what is unwritten and stop; then say `drained`.
        case drain(Set<Int16>)
    }

    let worker: UUID
    let terms: Terms
    private(set) var held: Set<ShardLease> = []
    private var draining: Set<Int16> = []
    private var drained: Set<Int16> = []
    /// Let go because no renewal came back. A lease that the database still has for us is given back and taken anew, with
    /// a later epoch: a word of ours that is still on its way could give this one away under our hands.
    private var abandoned: Set<ShardLease> = []
    private(set) var renewedAt: Duration?
    /// A question is under way since then; a second one does not help.
    private var askedAt: Duration?
    private var nextLook: Duration?

    init(worker: UUID, terms: Terms) {
        self.worker = worker
        self.terms = terms
    }

    /// What is worked on: all that is held but for what is being handed over.
    var working: Set<ShardLease> { held.filter { !draining.contains($0.shard) && !abandoned.contains($0) } }
    /// A worker without shards looks more often: there may be some whose owner has just died.
    private var pause: Duration { held.isEmpty ? terms.renewEvery / 5 : terms.renewEvery }

    mutating func step(_ event: Event, at now: Duration) -> [Effect] {
        var effects = expire(at: now)
        switch event {
        case .woke: if now >= nextLook ?? .zero { effects += look(at: now) }
        case .freed: effects += look(at: now)
        case .looked(let view): effects += looked(view)
        case .answered(let leases, let sentAt): effects += answered(leases, sentAt: sentAt, at: now)
        case .failed: askedAt = nil
        case .drained(let shards):
            drained.formUnion(shards.intersection(draining))
            effects += look(at: now)
        }
        return effects
    }

    private mutating func look(at now: Duration) -> [Effect] {
        // Questions have time limits; after this long an answer will not come any more.
        if let askedAt, now - askedAt < terms.renewEvery {
            nextLook = .zero
            return []
        }
        (askedAt, nextLook) = (now, now + pause)
        return [.look]
    }

    private mutating func looked(_ view: LeaseView) -> [Effect] {
        var wish = FairShare.wish(of: worker, holding: Set(working.map(\.shard)), in: view)
        wish.take = wish.take.filter { !draining.contains($0.shard) }
        let fresh = wish.shed.subtracting(draining)
        draining.formUnion(fresh)
        return (fresh.isEmpty ? [] : [.drain(fresh)]) + [
            .renew(take: wish.take, release: abandoned.union(held.filter { drained.contains($0.shard) }))
        ]
    }

    private mutating func answered(_ leases: Set<ShardLease>, sentAt: Duration, at now: Duration) -> [Effect] {
        askedAt = nil
        // An answer that is older than one we have says nothing about now, nor one that we slept over.
        if let renewedAt, sentAt <= renewedAt { return [] }
        guard now - sentAt <= terms.trustFor else { return [] }
        let before = working
        held = leases
        renewedAt = sentAt
        abandoned.formIntersection(leases)
        draining.formIntersection(leases.map(\.shard))
        drained.formIntersection(draining)
        let (gained, lost) = (working.subtracting(before), before.subtracting(held))
        return (lost.isEmpty ? [] : [.stop(lost)]) + (gained.isEmpty ? [] : [.begin(gained)])
    }

    /// Lets go when no renewal has come back for too long.
    private mutating func expire(at now: Duration) -> [Effect] {
        guard !held.isEmpty, let renewedAt, now - renewedAt > terms.trustFor else { return [] }
        defer { (held, draining, drained) = ([], [], []) }
        abandoned.formUnion(held)
        // What was asked before this is not answered any more: it may have been given back meanwhile.
        self.renewedAt = now
        return [.stop(held)]
    }
}
