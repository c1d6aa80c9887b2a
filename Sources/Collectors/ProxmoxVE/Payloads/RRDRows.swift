internal import CollectorKit
internal import Inventory
internal import JSONKit
internal import Kernel

/// One row of `rrddata`: what a step lacks is not there, never null; `time` is where the step begins.
struct RRDRow: Sendable, Hashable {
    var time: Int64 = 0
    /// 0...1 of all cores it has.
    var cpu: Double?
    var load: Double?
    /// Bytes: of guests, then of nodes, then of storages.
    var mem: Double?
    var maxMem: Double?
    var disk: Double?
    var maxDisk: Double?
    var memUsed: Double?
    var memTotal: Double?
    var rootUsed: Double?
    var rootTotal: Double?
    var swapUsed: Double?
    var used: Double?
    var total: Double?
    /// Bytes a second.
    var netIn: Double?
    var netOut: Double?
    var diskRead: Double?
    var diskWrite: Double?

    /// A year of six hours has 1460; nobody makes us read more.
    private static let most = 5000

    static func read(_ reader: inout JSONReader) throws(JSONError) -> [RRDRow] {
        let rows = try reader.laxList(most: most) { reader throws(JSONError) in try reader.row(RRDRow(), member) }
        return rows.filter { $0.time > 0 }
    }

    private static func member(_ key: JSONKey, _ reader: inout JSONReader, _ row: inout RRDRow) throws(JSONError) {
        switch key {
        case "time": row.time = try reader.laxMoment() ?? 0
        case "cpu": row.cpu = try amount(&reader)
        case "loadavg": row.load = try amount(&reader)
        case "mem": row.mem = try amount(&reader)
        case "maxmem": row.maxMem = try amount(&reader)
        case "disk": row.disk = try amount(&reader)
        case "maxdisk": row.maxDisk = try amount(&reader)
        case "memused": row.memUsed = try amount(&reader)
        case "memtotal": row.memTotal = try amount(&reader)
        case "rootused": row.rootUsed = try amount(&reader)
        case "roottotal": row.rootTotal = try amount(&reader)
        case "swapused": row.swapUsed = try amount(&reader)
        case "used": row.used = try amount(&reader)
        case "total": row.total = try amount(&reader)
        case "netin": row.netIn = try amount(&reader)
        case "netout": row.netOut = try amount(&reader)
        case "diskread": row.diskRead = try amount(&reader)
        case "diskwrite": row.diskWrite = try amount(&reader)
        default: try reader.skip()
        }
    }

    /// None of these is ever less than nothing.
    private static func amount(_ reader: inout JSONReader) throws(JSONError) -> Double? {
        try reader.laxDouble().flatMap { $0 >= 0 ? $0 : nil }
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
        let cpu = row.cpu.map { min(100, $0 * 100) }
        let all: [(MetricFamily, Double?)]
        switch subject {
        case .node:
            all = [
                (.cpu, cpu), (.disk, share(row.rootUsed, of: row.rootTotal)), (.load1, row.load),
                (.memory, share(row.memUsed, of: row.memTotal)), (.memoryUsed, row.memUsed), (.netIn, row.netIn),
                (.netOut, row.netOut), (.swapUsed, row.swapUsed),
            ]
        case .guest:
            // A VM's disk is 0 here: unknown, not empty.
            let disk = share(row.disk, of: row.maxDisk).flatMap { $0 > 0 ? $0 : nil }
            all = [
                (.cpu, cpu), (.disk, disk), (.diskRead, row.diskRead), (.diskWrite, row.diskWrite),
                (.memory, share(row.mem, of: row.maxMem)), (.memoryUsed, row.mem), (.netIn, row.netIn),
                (.netOut, row.netOut),
            ]
        case .storage:
            let free = row.total.flatMap { total in row.used.map { max(0, total - $0) } }
            all = [
                (.available, free), (.total, row.total), (.usage, share(row.used, of: row.total)), (.used, row.used),
            ]
        }
        return all.compactMap { family, value in value.map { (MetricName(family), $0) } }
    }

    private static func share(_ used: Double?, of total: Double?) -> Double? {
        guard let used, let total, total > 0 else { return nil }
        return min(100, used / total * 100)
    }
}
