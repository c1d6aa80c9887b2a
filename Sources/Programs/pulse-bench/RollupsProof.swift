import ArgumentParser
import Foundation
import History
import Inventory
import Kernel
import Postgres

/// The two halves of the proof that roll-ups are exact: `write` plays a feed with gaps, late and repeated samples into
/// history and closes its windows, and is killed by whoever started it; `check` compares all tiers with the feed.
struct RollupsProof: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollups", abstract: "Roll-ups against brute force.", subcommands: [Write.self, Check.self])

    struct Write: AsyncParsableCommand {
        @Option var seed: UInt64
        /// Minutes of the feed.
        @Option var minutes = 2400

        func run() async throws {
            let setting = try BenchDatabase()
            let database = Database(setting.configuration(connections: 2), logger: setting.logger)
            defer { database.close() }
            let history = HistoryStore(database, logger: setting.logger)
            let keeper = HistoryKeeper(history, logger: setting.logger)
            let progress = RollupsProgress(database, seed: seed)
            let (begin, first) = try await progress.read(minutes: minutes)
            let feed = RollupsFeed(seed: seed, begin: begin, minutes: minutes)
            print("from \(first)")
            fflush(nil)
            var buffer = HeadBuffer()
            for minute in first..<max(first, minutes) {
                let now = feed.time(of: minute + 1)
                for told in feed.told(in: minute) {
                    buffer.add(told.samples, of: told.resource, measuredAt: told.at, now: now)
                }
                let checkpoint = buffer.checkpoint(at: now)
                // As a monitor does with the rows of its log: both or neither.
                try await database.asOrg(feed.org) { transaction in
                    try await history.append(checkpoint, in: feed.org, transaction: transaction)
                    try await transaction.execute(progress.advancing(to: minute + 1))
                }
                buffer.stored(checkpoint)
                if minute % 20 == 0 { try await keeper.close(in: feed.org, now: now, limit: 1000) }
            }
            // The last windows are closed when nobody has written to them for a while.
            try await keeper.close(in: feed.org, now: feed.time(of: minutes) + .seconds(3 * 3600), limit: 10_000)
            print("finished")
        }
    }

    struct Check: AsyncParsableCommand {
        @Option var seed: UInt64
        @Option var minutes = 2400

        func run() async throws {
            let setting = try BenchDatabase()
            let database = Database(setting.configuration(connections: 2), logger: setting.logger)
            defer { database.close() }
            let (begin, _) = try await RollupsProgress(database, seed: seed).read(minutes: minutes)
            let feed = RollupsFeed(seed: seed, begin: begin, minutes: minutes)
            let truth = RollupsTruth(feed)
            let found = try await truth.differences(
                from: HistoryStore(database, logger: setting.logger), database: database)
            print("samples: \(truth.sampleCount) samples")
            print("points_compared: \(found.compared) points")
            print("differences: \(found.differences.count) points")
            for difference in found.differences.prefix(10) { print("difference: \(difference)") }
            if !found.differences.isEmpty { throw ExitCode.failure }
        }
    }
}

/// How far the feed has come, in the database: beside the samples in the same transaction. The organisation's slug row is
/// not needed for history; the progress stands in `history_backfills`, which any organisation may write.
struct RollupsProgress {
    let database: Database
    let org: OrgID
    let mark: ConnectionID

    init(_ database: Database, seed: UInt64) {
        self.database = database
        org = RollupsFeed.org(seed)
        mark = ConnectionID(RollupsFeed.uuid(seed, 2))
    }

    /// When the feed begins, which the first to ask decides, and its next minute.
    func read(minutes: Int) async throws -> (begin: Timestamp, next: Int) {
        let hour: Int64 = 3_600_000
        let begin = SystemTime().now.milliseconds / hour * hour - Int64(minutes) * 60_000 - 4 * hour
        try await database.execute(
            in: org,
            """
            INSERT INTO history_backfills (org_id, connection_id, cursor) VALUES (\(org), \(mark), \("\(begin) 0"))
            ON CONFLICT DO NOTHING
            """)
        let text = try await database.first(
            in: org, "SELECT cursor FROM history_backfills WHERE connection_id = \(mark)"
        ) { try $0.next(String.self) }
        let parts = (text ?? "").split(separator: " ").compactMap { Int64($0) }
        guard parts.count == 2 else { throw ProbeFault("no progress to be read") }
        return (Timestamp(milliseconds: parts[0]), Int(parts[1]))
    }

    func advancing(to minute: Int) -> SQL {
        """
        UPDATE history_backfills SET cursor = split_part(cursor, ' ', 1) || ' ' || \(minute)::text
        WHERE connection_id = \(mark)
        """
    }
}
