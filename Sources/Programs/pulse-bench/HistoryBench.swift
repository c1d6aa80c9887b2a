import ArgumentParser
import Foundation
import History
import Inventory
import Kernel
import Logging
import Postgres

/// What a sample weighs in PostgreSQL, and how many become durable in a second; see `HistoryWeighing`.
struct HistoryBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "history", abstract: "Bytes a sample, samples a second.")

    func run() async throws {
        let trace = try HistoryTrace()
        let setting = try BenchDatabase()
        let superuser = BenchSuperuser(setting)
        defer { superuser.database.close() }
        var figures = Figures()
        figures.line("trace_reports", Double(trace.times.count), "reports")
        figures.line("trace_series", Double(trace.metrics.count), "series")

        let all = try await HistoryWeighing([trace], on: setting, superuser, into: &figures)
        figures.line("bytes_per_sample", all.raw, "B", atMost: 1.5)
        figures.line("chunk_bytes_per_sample", all.chunks, "B")
        figures.line("rollup_bytes_per_sample", all.rollups, "B")
        figures.line("checkpointed_per_s", all.checkpointedPerSecond, "samples/s")

        let moving = try await HistoryWeighing([trace.moving], on: setting, superuser, into: &figures)
        figures.line("moving_series", Double(trace.moving.metrics.count), "series")
        figures.line("moving_bytes_per_sample", moving.raw, "B", atMost: 3)

        try await DurableBench(setting: setting, superuser: superuser).run(into: &figures)
        try figures.conclude()
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
