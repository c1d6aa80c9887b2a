import Kernel
import NIOConcurrencyHelpers
import Postgres

/// Which shard an organisation lives in, remembered for a minute: an organisation moves rarely, and a hint that goes to
/// the old shard only means that the report is found by the next look into the log.
struct ShardDirectory: Sendable {
    private struct Known {
        let shard: Int16
        let until: Duration
    }

    /// About 40 bytes each.
    private static let limit = 20_000

    private let database: Database
    private let time: any TimeSource
    private let known = NIOLockedValueBox<[OrgID: Known]>([:])

    init(_ database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    /// - Returns: `nil` when it cannot be found out now.
    func shard(of org: OrgID) async -> Int16? {
        let now = time.monotonic
        if let entry = known.withLockedValue({ $0[org] }), entry.until > now { return entry.shard }
        let found = try? await database.firstGlobally("SELECT pulse_shard(\(org))") { try $0.next(Int16?.self) }
        guard let shard = found.flatMap({ $0 }) else { return nil }
        known.withLockedValue { known in
            if known.count >= Self.limit { known.removeAll() }
            known[org] = Known(shard: shard, until: now + .seconds(60))
        }
        return shard
    }
}
