import ArgumentParser
import Foundation
import History
import Inventory
import Kernel
import Logging
import Postgres

/// What a sample weighs in PostgreSQL, and how many become durable in a second.
///
/// The weight is everything that holds raw samples (chunks, open heads, their TOAST and indexes, empty partitions too,
/// after VACUUM), over all samples stored. Forty-eight machines play the recorded trace through the product's own way in, each
/// from another place of it, for a day and an hour: twelve closed windows each and half an open one.
struct HistoryBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Bytes a sample, samples a second.")

    private static let machines = 48
    private static let hours: Int64 = 25
    private static let window: Int64 = 2 * 3_600_000

    func run() async throws {
        let trace = try HistoryTrace()
        let setting = try BenchDatabase()
        let superuser = BenchSuperuser(setting)
        defer { superuser.database.close() }
        var figures = Figures()
        figures.line("trace_reports", Double(trace.times.count), "reports")
        figures.line("trace_series", Double(trace.metrics.count), "series")

        let all = try await store(trace, on: setting, superuser, into: &figures)
        figures.line("bytes_per_sample", all.raw, "B", atMost: 2)
        figures.line("chunk_bytes_per_sample", all.chunks, "B")
        figures.line("rollup_bytes_per_sample", all.rollups, "B")
        figures.line("checkpointed_per_s", all.checkpointedPerSecond, "samples/s")

        let moving = try await store(trace.moving, on: setting, superuser, into: &figures)
        figures.line("moving_series", Double(trace.moving.metrics.count), "series")
        figures.line("moving_bytes_per_sample", moving.raw, "B", atMost: 3)

        try await DurableBench(setting: setting, superuser: superuser).run(into: &figures)
        try figures.conclude()
    }

    private struct Weight {
        let raw: Double
        let chunks: Double
        let rollups: Double
        let checkpointedPerSecond: Double
    }

    private func store(
        _ trace: HistoryTrace, on setting: BenchDatabase, _ superuser: BenchSuperuser, into figures: inout Figures
    ) async throws -> Weight {
        try await superuser.run(["TRUNCATE pulse.history_heads, pulse.history_chunks"])
        let database = Database(setting.configuration(connections: 4), logger: setting.logger)
        defer { database.close() }
        let history = HistoryStore(database, logger: setting.logger)
        let keeper = HistoryKeeper(history, logger: setting.logger)
        let org = OrgID(UUID())
        let machines = (0..<Self.machines).map { _ in ResourceID(UUID()) }
        let end = SystemTime().now.milliseconds / Self.window * Self.window - Self.window / 2
        var now = end - Self.hours * 3_600_000
        var nextClose = now + Self.window
        var buffer = HeadBuffer()
        var (samples, row, rewritten, checkpointing) = (0, 0, 0, 0.0)

        while now < end {
            let at = Timestamp(milliseconds: now)
            for (number, machine) in machines.enumerated() {
                let report = (row + number * trace.times.count / machines.count) % trace.times.count
                samples += buffer.add(trace.samples(at: report), of: machine, measuredAt: at, now: at)
            }
            if buffer.isDue(at: at) {
                let start = ContinuousClock.now
                let checkpoint = buffer.checkpoint(at: at)
                try await history.append(checkpoint, in: org)
                buffer.stored(checkpoint)
                checkpointing += (ContinuousClock.now - start).inSeconds
                rewritten += machines.count
            }
            // As autovacuum is told to by the table's own threshold.
            if rewritten > 500 + machines.count {
                try await superuser.run(["VACUUM pulse.history_heads"])
                rewritten = 0
            }
            if now > nextClose {
                _ = try await keeper.close(in: org, now: at, limit: 1000)
                try await superuser.run(["VACUUM pulse.history_chunks"])
                nextClose += Self.window
            }
            now += trace.gap(after: row % trace.times.count)
            row += 1
        }
        try await history.append(buffer.checkpoint(at: Timestamp(milliseconds: now)), in: org)
        try await keeper.close(in: org, now: Timestamp(milliseconds: now), limit: 1000)
        try await superuser.run(["VACUUM pulse.history_heads", "VACUUM pulse.history_chunks"])
        let isTrue = try await readsBack(trace, row: row, until: now, machine: machines[0], from: history, in: org)
        figures.require(isTrue, "every sample of the last two hours reads back as it was recorded")

        let raw = try await superuser.bytes(of: "history_raw")
        let heads = try await superuser.bytes(of: "history_heads")
        var rollups = 0
        for table in ["history_minute", "history_hour", "history_day"] {
            rollups += try await superuser.bytes(of: table)
        }
        return Weight(
            raw: Double(raw + heads) / Double(samples), chunks: Double(raw) / Double(samples),
            rollups: Double(rollups) / Double(samples), checkpointedPerSecond: Double(samples) / checkpointing)
    }

    /// The first machine plays the trace from its beginning, so its last reports are known by their number.
    private func readsBack(
        _ trace: HistoryTrace, row rows: Int, until now: Int64, machine: ResourceID, from history: HistoryStore,
        in org: OrgID
    ) async throws -> Bool {
        var expected: [String: [Int64: Double]] = [:]
        var (at, row) = (now, rows)
        while row > 0 {
            row -= 1
            at -= trace.gap(after: row % trace.times.count)
            guard at >= now - Self.window else { break }
            for sample in trace.samples(at: row % trace.times.count) {
                expected[sample.metric.text, default: [:]][at] = sample.value
            }
        }
        let query = HistoryQuery(
            resource: machine, metric: nil, range: HistoryRange("2h"), maxPoints: 2000,
            now: Timestamp(milliseconds: now))
        let answer = try await history.read(query, in: org)
        return answer.series.count == expected.count
            && answer.series.allSatisfy { name, points in
                let unit = MetricName(name)?.unit ?? .count
                return points.count == expected[name]?.count
                    && points.allSatisfy { point in
                        expected[name]?[point.timestamp].map { abs($0 - point.value) <= unit.precision / 2 + 1e-9 }
                            ?? false
                    }
            }
    }
}

/// The superuser's side of a bench, on one connection that stays: thousands of small statements between the rounds.
struct BenchSuperuser: Sendable {
    let database: Database

    init(_ setting: BenchDatabase) {
        var configuration = DatabaseConfiguration(url: setting.superuser)
        configuration.sharedConnections = 1
        configuration.leasedConnections = 1
        configuration.unavailableAfter = .seconds(10)
        database = Database(configuration, logger: setting.logger)
    }

    func run(_ statements: [SQL]) async throws {
        for statement in statements { try await database.executeGlobally(statement, timeout: .seconds(120)) }
    }

    func count(_ sql: SQL) async throws -> Int {
        try await database.firstGlobally(sql, timeout: .seconds(60)) { try Int($0.next(Int64.self)) } ?? 0
    }

    /// A table with its partitions, TOAST and indexes.
    func bytes(of table: String) async throws -> Int {
        try await count(
            """
            SELECT sum(pg_total_relation_size(relid))::bigint FROM (
                SELECT ('pulse.' || \(table))::regclass UNION SELECT relid FROM pg_partition_tree(('pulse.' || \(table))::regclass)
            ) AS tree (relid)
            """)
    }
}
