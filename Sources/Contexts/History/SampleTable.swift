import Inventory

/// A few rows of samples, growing. Rows are kept in order of time; a late one is put where it belongs.
struct SampleTable: Sendable {
    private var times: [Int64] = []
    private var columns: [ColumnID: [Int64]] = [:]

    var rowCount: Int { times.count }
    /// Samples, absent ones counted too.
    var cellCount: Int { times.count * columns.count }

    func contains(_ time: Int64) -> Bool { row(of: time).isThere }

    /// - Returns: how many of the samples were not there before.
    mutating func add(_ samples: [(metric: MetricName, value: Double)], at time: Int64) -> Int {
        let (row, isThere) = row(of: time)
        let stored = samples.compactMap { sample in
            sample.metric.unit.stored(sample.value).map { (ColumnID(sample.metric.text), $0) }
        }
        guard !stored.isEmpty else { return 0 }
        if !isThere {
            times.insert(time, at: row)
            for id in columns.keys { columns[id]!.insert(Column.absent, at: row) }
        }
        var taken = 0
        for (id, value) in stored {
            if columns[id] == nil { columns[id] = Array(repeating: Column.absent, count: times.count) }
            guard columns[id]![row] == Column.absent else { continue }
            columns[id]![row] = value
            taken += 1
        }
        return taken
    }

    var chunk: Chunk {
        Chunk(rising: times, columns: columns.map { Column(id: $0.key, values: $0.value) })
    }

    private func row(of time: Int64) -> (row: Int, isThere: Bool) {
        if let last = times.last, last < time { return (times.count, false) }
        var (low, high) = (0, times.count)
        while low < high {
            let middle = (low + high) / 2
            if times[middle] < time { low = middle + 1 } else { high = middle }
        }
        return (low, low < times.count && times[low] == time)
    }
}
