/// Samples of one resource over some time: one time axis, shared by all its series, and one column a series.
///
/// A report measures everything of a resource at the same moment, so the times are kept once. Invariants: `times` rise
/// strictly; every column has as many values as there are times; columns are sorted by id, each at most once.
struct Chunk: Equatable, Sendable {
    /// Milliseconds since 1970, strictly rising.
    private(set) var times: [Int64]
    private(set) var columns: [Column]

    static let empty = Chunk(times: [], columns: [])

    /// - Returns: `nil` when the invariants do not hold.
    init?(checking times: [Int64], columns: [Column]) {
        guard zip(times, times.dropFirst()).allSatisfy(<), columns.allSatisfy({ $0.values.count == times.count }),
            zip(columns, columns.dropFirst()).allSatisfy({ $0.id < $1.id })
        else { return nil }
        self.init(times: times, columns: columns)
    }

    private init(times: [Int64], columns: [Column]) {
        self.times = times
        self.columns = columns
    }

    /// For those who keep the times in order themselves; the columns are sorted here.
    init(rising times: [Int64], columns: [Column]) {
        self.init(times: times, columns: columns.sorted { $0.id < $1.id })
    }

    /// How many values there are, absent ones not counted.
    var sampleCount: Int { columns.reduce(0) { $0 + $1.values.count { $0 != Column.absent } } }

    func column(_ id: ColumnID) -> Column? { columns.first { $0.id == id } }

    /// All samples of all chunks on one axis. Where two have the same series at the same time, the earlier chunk of the
    /// list wins: a sample that was handed in twice stays one sample.
    static func merging(_ chunks: [Chunk]) -> Chunk {
        let chunks = chunks.filter { !$0.times.isEmpty }
        guard chunks.count > 1 else { return chunks.first ?? .empty }
        let times = sortedUnique(chunks.flatMap(\.times))
        let ids = sortedUnique(chunks.flatMap { $0.columns.map(\.id) })
        let rowsOfChunks = chunks.map { rows(of: $0.times, in: times) }
        let columns = ids.map { id in
            var values = [Int64](repeating: Column.absent, count: times.count)
            for (chunk, rows) in zip(chunks, rowsOfChunks) {
                guard let column = chunk.column(id) else { continue }
                for (row, value) in zip(rows, column.values) where values[row] == Column.absent {
                    values[row] = value
                }
            }
            return Column(id: id, values: values)
        }
        return Chunk(times: times, columns: columns)
    }

    /// What lies in the half-open range; columns that have nothing there are left out.
    func slice(_ range: Range<Int64>) -> Chunk { filter { range.contains($0) } }

    /// The rows whose time passes; columns that have nothing there are left out.
    func filter(_ passes: (Int64) -> Bool) -> Chunk {
        let kept = times.indices.filter { passes(times[$0]) }
        if kept.count == times.count { return self }
        let columns = columns.compactMap { column -> Column? in
            let values = kept.map { column.values[$0] }
            return values.allSatisfy { $0 == Column.absent } ? nil : Column(id: column.id, values: values)
        }
        return Chunk(times: kept.map { times[$0] }, columns: columns)
    }

    /// These columns alone, and the rows in which they have something.
    func keeping(_ wanted: (ColumnID) -> Bool) -> Chunk {
        let kept = columns.filter { wanted($0.id) }
        if kept.count == columns.count { return self }
        let rows = times.indices.filter { row in kept.contains { $0.values[row] != Column.absent } }
        return Chunk(
            times: rows.map { times[$0] },
            columns: rows.isEmpty
                ? []
                : kept.map { column in
                    Column(id: column.id, values: rows.map { column.values[$0] })
                })
    }

    /// Without the samples that `other` has too (same series, same time), and without rows that this empties.
    func subtracting(_ other: Chunk) -> Chunk {
        if other.times.isEmpty { return self }
        var rowsThere: [Int64: Int] = [:]
        for (row, time) in other.times.enumerated() { rowsThere[time] = row }
        var kept = [Bool](repeating: false, count: times.count)
        let columns = columns.map { column in
            let there = other.column(column.id)?.values
            var values = column.values
            for row in values.indices {
                if let there, let match = rowsThere[times[row]], there[match] != Column.absent {
                    values[row] = Column.absent
                }
                if values[row] != Column.absent { kept[row] = true }
            }
            return Column(id: column.id, values: values)
        }
        var remaining: Set<Int64> = []
        for (row, time) in times.enumerated() where kept[row] { remaining.insert(time) }
        if remaining.isEmpty { return .empty }
        let rest = Chunk(times: times, columns: columns).filter { remaining.contains($0) }
        return Chunk(times: rest.times, columns: rest.columns.filter { $0.values.contains { $0 != Column.absent } })
    }

    private static func sortedUnique<Element: Comparable>(_ all: [Element]) -> [Element] {
        var result: [Element] = []
        for element in all.sorted() where result.last != element { result.append(element) }
        return result
    }

    private static func rows(of some: [Int64], in all: [Int64]) -> [Int] {
        var row = 0
        return some.map { time in
            while all[row] != time { row += 1 }
            return row
        }
    }
}

/// The values of one series, one for each time of its chunk.
struct Column: Equatable, Sendable {
    let id: ColumnID
    /// Stored units (see `MetricUnit`); `absent` where there is no sample.
    var values: [Int64]

    static let absent = Int64.min
    /// Values lie within plus and minus this; sums are made to fit, see `Bucket.stored`.
    static let largest: Int64 = 1 << 61
}

/// Which series, and which side of it: raw samples have values, roll-ups have sum, lowest, highest and count.
/// Sorted by side first, so that a total stands before its parts.
struct ColumnID: Hashable, Comparable, Sendable {
    /// The text of a `MetricName`; kept as text so that a name we no longer know is not lost.
    let metric: String
    let aspect: Aspect

    enum Aspect: UInt8, Sendable, CaseIterable { case value, sum, lowest, highest, count }

    init(_ metric: String, _ aspect: Aspect = .value) {
        self.metric = metric
        self.aspect = aspect
    }

    static func < (left: Self, right: Self) -> Bool {
        left.aspect == right.aspect ? left.metric < right.metric : left.aspect.rawValue < right.aspect.rawValue
    }
}
