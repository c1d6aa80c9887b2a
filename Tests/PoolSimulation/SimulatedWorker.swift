import FoundationEssentials
import Kernel

@testable import Monitoring

/// A worker: the real keeper and the real list, and in place of monitors what they would have done.
struct SimulatedWorker {
    struct Monitor {
        let lease: ShardLease
        /// Of the configuration that it has read; `nil` before the first time.
        var read: Int64?
        var mustRead = false
        var pollsAt: Int?
    }

    let id: UUID
    var keeper: LeaseKeeper
    var list = WatchList()
    var monitors: [OrgID: Monitor] = [:]
    /// Ends with SIGTERM: what comes in is not worked on any more.
    var isLeaving = false
    var pausedUntil = 0
    /// Its clock: so many ms at the beginning of time, so many for one.
    let clockStart: Double
    let clockRate: Double
    /// Questions that were neither answered nor given up.
    var open: Set<Int> = []

    init(id: UUID, terms: LeaseKeeper.Terms, clockStart: Double, clockRate: Double) {
        self.id = id
        keeper = LeaseKeeper(worker: id, terms: terms)
        self.clockStart = clockStart
        self.clockRate = clockRate
    }

    func monotonic(_ now: Int) -> Duration { .milliseconds(Int64(clockStart + Double(now) * clockRate)) }

    /// The shards that it would poll and write for.
    var acting: Set<Int16> { isLeaving ? [] : Set(list.held.keys).intersection(keeper.working.map(\.shard)) }
}
