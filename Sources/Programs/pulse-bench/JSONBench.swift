import AgentProtocol
import ArgumentParser
import Foundation
import JSONKit

/// Decoding a list of agents' reports, 200 KB of it: our reader against Foundation's decoder, to the same values.
struct JSONBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "json", abstract: "JSONKit against Foundation.")

    func run() async throws {
        let reports = ReportSample.list(bytes: 200_000)
        let text = ReportSample.encoded(reports)
        let data = Data(text)
        let decoder = JSONDecoder()

        let ours = try decode(text)
        let theirs = try decoder.decode([PlainReport].self, from: data)
        var figures = Figures()
        figures.require(ours == reports, "our reader gives back what was written")
        figures.require(theirs.map(\.report) == ours, "Foundation reads the same values")

        // The two take turns, so that both see the same weather; the middle of fifteen rounds counts.
        var ourSeconds: [Double] = []
        var theirSeconds: [Double] = []
        var written: [Double] = []
        for _ in 0..<15 {
            ourSeconds.append(try seconds { for _ in 0..<20 { _ = try decode(text) } } / 20)
            theirSeconds.append(try seconds { _ = try decoder.decode([PlainReport].self, from: data) })
            written.append(seconds { for _ in 0..<20 { _ = ReportSample.encoded(reports) } } / 20)
        }
        let megabytes = Double(text.count) / 1e6
        figures.line("bytes", Double(text.count), "B")
        figures.line("decode_mb_per_s", megabytes / median(ourSeconds), "MB/s")
        figures.line("foundation_mb_per_s", megabytes / median(theirSeconds), "MB/s")
        figures.line("encode_mb_per_s", megabytes / median(written), "MB/s")
        figures.line("decode_over_foundation", median(theirSeconds) / median(ourSeconds), "times", atLeast: 8)
        try figures.conclude()
    }

    @inline(never) private func decode(_ text: [UInt8]) throws -> [HostReport] {
        var reader = JSONReader(text)
        let reports = try reader.decode([HostReport].self)
        try reader.finish()
        return reports
    }
}
