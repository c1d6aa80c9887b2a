import Inventory

/// A few rows of samples, growing. Rows are kept in order of time; a late one is put where it belongs.
struct SampleTable: Sendable {
    private var times: [Int64] = []
    /// Sorted by id, as a chunk wants them.
    private var columns: [Column] = []

    var rowCount: Int { times.count }
    /// Samples, absent ones counted too.
    var cellCount: Int { times.count * columns.count }

    func contains(_ time: Int64) -> Bool { row(of: time).isThere }

    /// - Returns: how many of the samples were not there before.
    mutating func add(_ samples: [(metric: MetricName, value: Double)], at time: Int64) -> Int {
        var (row, isThere) = row(of: time)
        var taken = 0
        for (index, sample) in samples.enumerated() {
            guard let value = sample.metric.unit.stored(sample.value) else { continue }
            if !isThere {
                times.insert(time, at: row)
                for place in columns.indices { columns[place].values.insert(Column.absent, at: row) }
                isThere = true
            }
            let place = column(of: sample.metric.text, near: index)
            guard columns[place].values[row] == Column.absent else { continue }
            columns[place].values[row] = value
            taken += 1
        }
        return taken
    }

    /// Samples come in the same order in every report, so a column is mostly where its sample is.
    private mutating func column(of metric: String, near place: Int) -> Int {
        if columns.indices.contains(place), columns[place].id.metric == metric { return place }
        let id = ColumnID(metric)
        let place = columns.firstIndex { $0.id >= id } ?? columns.count
        if place == columns.count || columns[place].id != id {
            columns.insert(Column(id: id, values: Array(repeating: Column.absent, count: times.count)), at: place)
        }
        return place
    }

    var chunk: Chunk { Chunk(rising: times, columns: columns) }

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
