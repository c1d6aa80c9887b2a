internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel

/// One row of `rrddata`: what a step lacks is not there, never null; `time` is where the step begins.
struct RRDRow: Sendable, Hashable {
    var time: Int64 = 0
    var values: [String: Double] = [:]

    private static let names: Set<String> = [
        "cpu", "mem", "maxmem", "memused", "memtotal", "disk", "maxdisk", "rootused", "roottotal", "swapused",
        "loadavg",
        "netin", "netout", "diskread", "diskwrite", "used", "total",
    ]
    /// A year of six hours has 1460; nobody makes us read more.
    private static let most = 5000

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [RRDRow] {
        let rows = try reader.laxList(most: most) { reader throws(JSONError) in
            try reader.row(RRDRow()) { key, reader, row throws(JSONError) in
                if key == "time" {
                    row.time = try reader.laxCount() ?? 0
                } else if names.contains(key.description) {
                    row.values[key.description] = try reader.laxDouble()
                } else {
                    try reader.skip()
                }
            }
        }
        return rows.filter { $0.time > 0 && $0.time < 253_402_300_799 }
    }
}

/// What `rrddata` tells of a thing, as samples: means over steps. Pure.
enum RRDMapping {
    enum Subject: Sendable, Hashable { case node, guest, storage }

    /// Rows of one archive; the step is the smallest gap between them.
    /// - Returns: `nil` when nothing was measured, or no step can be told.
    static func frame(_ rows: [RRDRow], of subject: Subject, key: String, name: String) -> RememberedFrame? {
        let sorted = rows.sorted { $0.time < $1.time }
        guard let step = zip(sorted, sorted.dropFirst()).map({ $1.time - $0.time }).filter({ $0 > 0 }).min(),
            step <= 31_536_000
        else { return nil }
        var told: [RememberedFrame.Row] = []
        for row in sorted {
            let samples = samples(row, of: subject)
            guard !samples.isEmpty, told.last.map({ $0.at < Timestamp(seconds: row.time) }) ?? true else { continue }
            told.append(RememberedFrame.Row(at: Timestamp(seconds: row.time), samples: samples))
        }
        return told.isEmpty ? nil : RememberedFrame(key: key, name: name, step: .seconds(step), rows: told)
    }

    static func samples(_ row: RRDRow, of subject: Subject) -> [(metric: MetricName, value: Double)] {
        let values = row.values.filter { $0.value.isFinite && $0.value >= 0 }
        func share(_ used: String, of total: String) -> Double? {
            guard let used = values[used], let total = values[total], total > 0 else { return nil }
            return min(100, used / total * 100)
        }
        let cpu = values["cpu"].map { min(100, $0 * 100) }
        let all: [(MetricFamily, Double?)]
        switch subject {
        case .node:
            all = [
                (.cpu, cpu), (.disk, share("rootused", of: "roottotal")), (.load1, values["loadavg"]),
                (.memory, share("memused", of: "memtotal")), (.memoryUsed, values["memused"]),
                (.netIn, values["netin"]),
                (.netOut, values["netout"]), (.swapUsed, values["swapused"]),
            ]
        case .guest:
            // A VM's disk is 0 here: unknown, not empty.
            let disk = share("disk", of: "maxdisk").flatMap { $0 > 0 ? $0 : nil }
            all = [
                (.cpu, cpu), (.disk, disk), (.diskRead, values["diskread"]), (.diskWrite, values["diskwrite"]),
                (.memory, share("mem", of: "maxmem")), (.memoryUsed, values["mem"]), (.netIn, values["netin"]),
                (.netOut, values["netout"]),
            ]
        case .storage:
            let free = values["total"].flatMap { total in values["used"].map { max(0, total - $0) } }
            all = [
                (.available, free), (.total, values["total"]), (.usage, share("used", of: "total")),
                (.used, values["used"]),
            ]
        }
        return all.compactMap { family, value in value.map { (MetricName(family), $0) } }
    }
}
