import FoundationEssentials

/// How workers share shards by weight. Pure.
///
/// A worker below the share takes free shards until it has reached it, and one above gives away what leaves it at or above
/// it. So nothing stays free (all at their share hold everything), and nothing goes back and forth.
enum FairShare {
    /// Handed over in one round at most, so that a worker that comes up does not stop half of everything at once.
    static let shedLimit = 64

    /// - Parameter held: what this worker holds, heavier than nothing even where the table says otherwise by now.
    static func wish(of worker: UUID, holding held: Set<Int16>, in view: LeaseView) -> LeaseWish {
        let total = view.shards.reduce(0) { $0 + $1.weight }
        let fair = Double(total) / Double(max(view.workers.count, 1))
        let mine = view.shards.filter { held.contains($0.shard) }
        var load = Double(mine.reduce(0) { $0 + $1.weight })
        var wish = LeaseWish()
        for one in view.shards.filter({ $0.isFree && !held.contains($0.shard) }).sorted(by: isTakenFirst) {
            guard load < fair else { break }
            wish.take.insert(ShardLease(shard: one.shard, epoch: one.epoch))
            load += Double(one.weight)
        }
        guard wish.take.isEmpty else { return wish }
        for one in mine.sorted(by: isTakenFirst) where load - Double(one.weight) >= fair {
            guard wish.shed.count < shedLimit else { break }
            wish.shed.insert(one.shard)
            load -= Double(one.weight)
        }
        return wish
    }

    /// The heavy first, so that the light ones even things out.
    private static func isTakenFirst(_ left: LeaseView.Shard, _ right: LeaseView.Shard) -> Bool {
        (right.weight, left.shard) < (left.weight, right.shard)
    }
}
