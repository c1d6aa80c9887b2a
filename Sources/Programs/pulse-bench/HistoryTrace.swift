import Compression
import Foundation
import Inventory

/// What `ops/record-trace` wrote: one machine under a changing load, report by report.
struct HistoryTrace {
    let metrics: [MetricName]
    /// When each report was made, ms.
    let times: [Int64]
    /// By report, then by metric; `nil` where nothing was read.
    let values: [[Double?]]

    static let file = "Tests/Fixtures/history-trace.csv.gz"

    init(contentsOf path: String = Self.file) throws {
        let packed = try Data(contentsOf: URL(fileURLWithPath: path))
        let text = String(decoding: try Gzip.decompress(Array(packed), limit: 64 << 20), as: UTF8.self)
        let lines = text.split(separator: "\n").filter { !$0.hasPrefix("#") }
        let names = lines.first?.split(separator: ",").dropFirst() ?? []
        let metrics = names.compactMap { MetricName(String($0)) }
        guard lines.count > 100, metrics.count == names.count, !metrics.isEmpty else { throw BenchFault.badTrace(path) }
        let cells = lines.dropFirst().map { $0.split(separator: ",", omittingEmptySubsequences: false) }
        self.init(
            metrics: metrics, times: cells.compactMap { Int64($0[0]) },
            values: cells.map { row in row.dropFirst().map { Double($0) } })
    }

    init(metrics: [MetricName], times: [Int64], values: [[Double?]]) {
        self.metrics = metrics
        self.times = times
        self.values = values
    }

    /// Only the series in which most samples differ from the one before.
    var moving: HistoryTrace {
        let kept = metrics.indices.filter { column in
            let changes = zip(values, values.dropFirst()).count { $0[column] != $1[column] }
            return changes * 2 > values.count - 1
        }
        return HistoryTrace(
            metrics: kept.map { metrics[$0] }, times: times, values: values.map { row in kept.map { row[$0] } })
    }

    func samples(at report: Int) -> [(metric: MetricName, value: Double)] {
        zip(metrics, values[report]).compactMap { metric, value in value.map { (metric: metric, value: $0) } }
    }

    /// The time to the next report; from the last to the first, the usual ten seconds.
    func gap(after report: Int) -> Int64 { report + 1 < times.count ? times[report + 1] - times[report] : 10_000 }
}
