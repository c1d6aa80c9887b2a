import Foundation
import History
import Inventory
import Kernel
import Postgres

/// What samples weigh in PostgreSQL: 128 machines play traces through the product's own way in, each from another
/// place of them, for a day and an hour: twelve closed windows each and half an open one. The weight is everything that
/// holds raw samples (chunks, open heads, their TOAST and indexes, empty partitions too, after VACUUM), over all of them.
struct HistoryWeighing {
    /// So many that the pages which every table has, be it empty, do not count: they are those of all organisations.
    static let machines = 128
    private static let hours: Int64 = 25
    private static let window: Int64 = 2 * 3_600_000

    let raw: Double
    let chunks: Double
    let rollups: Double
    let checkpointedPerSecond: Double

    /// - Parameter traces: of the same times; the first machine plays the first from its beginning, and is read back.
    init(
        _ traces: [HistoryTrace], on setting: BenchDatabase, _ superuser: BenchSuperuser, into figures: inout Figures
    ) async throws {
        try await superuser.run(["TRUNCATE pulse.history_heads, pulse.history_chunks"])
        let database = Database(setting.configuration(connections: 4), logger: setting.logger)
        defer { database.close() }
        let history = HistoryStore(database, logger: setting.logger)
        let keeper = HistoryKeeper(history, logger: setting.logger)
        let org = OrgID(UUID())
        let machines = (0..<Self.machines).map { _ in ResourceID(UUID()) }
        let end = SystemTime().now.milliseconds / Self.window * Self.window - Self.window / 2
        let reports = traces[0].times.count
        var now = end - Self.hours * 3_600_000
        var nextClose = now + Self.window
        var buffer = HeadBuffer()
        var (samples, row, rewritten, checkpointing) = (0, 0, 0, 0.0)

        while now < end {
            let at = Timestamp(milliseconds: now)
            for (number, machine) in machines.enumerated() {
                let trace = traces[number % traces.count]
                let report = (row + number * reports / machines.count) % reports
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
            now += traces[0].gap(after: row % reports)
            row += 1
        }
        try await history.append(buffer.checkpoint(at: Timestamp(milliseconds: now)), in: org)
        try await keeper.close(in: org, now: Timestamp(milliseconds: now), limit: 1000)
        try await superuser.run(["VACUUM pulse.history_heads", "VACUUM pulse.history_chunks"])
        let isTrue = try await Self.readsBack(
            traces[0], row: row, until: now, machine: machines[0], from: history, in: org)
        figures.require(isTrue, "every sample of the last two hours reads back as it was recorded")

        let raw = try await superuser.bytes(of: "history_raw")
        let heads = try await superuser.bytes(of: "history_heads")
        var rollups = 0
        for table in ["history_minute", "history_quarter", "history_hour", "history_day"] {
            rollups += try await superuser.bytes(of: table)
        }
        self.raw = Double(raw + heads) / Double(samples)
        chunks = Double(raw) / Double(samples)
        self.rollups = Double(rollups) / Double(samples)
        checkpointedPerSecond = Double(samples) / checkpointing
    }

    /// The first machine's last reports are known by their number.
    private static func readsBack(
        _ trace: HistoryTrace, row rows: Int, until now: Int64, machine: ResourceID, from history: HistoryStore,
        in org: OrgID
    ) async throws -> Bool {
        var expected: [String: [Int64: Double]] = [:]
        var (at, row) = (now, rows)
        while row > 0 {
            row -= 1
            at -= trace.gap(after: row % trace.times.count)
            guard at >= now - window else { break }
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
