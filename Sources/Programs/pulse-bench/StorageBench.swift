import ArgumentParser
import Foundation
import Postgres

/// What a sample weighs: of the recorded machine, and of an estate's guests, nodes and storages.
struct StorageBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "storage", abstract: "Bytes a sample, two sources.")

    func run() async throws {
        let setting = try BenchDatabase()
        let superuser = BenchSuperuser(setting)
        defer { superuser.database.close() }
        var figures = Figures()

        let trace = try HistoryTrace()
        let recorded = try await HistoryWeighing([trace], on: setting, superuser, into: &figures)
        figures.line("recorded_series", Double(trace.metrics.count), "series")
        figures.line("bytes_per_sample", recorded.raw, "B", atMost: 1.5)
        figures.line("bytes_per_sample", recorded.raw, "B", aim: 1)
        figures.line("chunk_bytes_per_sample", recorded.chunks, "B")
        figures.line("rollup_bytes_per_sample", recorded.rollups, "B")

        let estate = try await EstateTraces.record()
        figures.line("estate_things", Double(estate.count), "resources")
        figures.line("estate_series", Double(estate.reduce(0) { $0 + $1.metrics.count }), "series")
        let played = try await HistoryWeighing(estate, on: setting, superuser, into: &figures)
        figures.line("estate_bytes_per_sample", played.raw, "B", atMost: 1.5)
        figures.line("estate_chunk_bytes_per_sample", played.chunks, "B")
        figures.line("estate_rollup_bytes_per_sample", played.rollups, "B")
        try figures.conclude()
    }
}
