/// Samples and roll-ups as roll-ups of a wider step: exact sums (up to 2^61, see `Bucket.stored`), lowest, highest and
/// counts, so that rolling up in one go or in several gives the same numbers. Buckets start at whole multiples of the step
/// since 1970 (UTC: no daylight saving).
enum Rollup {
    /// - Parameter chunks: raw or rolled up, no sample in two of them.
    static func of(_ chunks: [Chunk], every step: Int64) -> Chunk {
        var starts: Set<Int64> = []
        var metrics: Set<String> = []
        for chunk in chunks {
            for time in chunk.times { starts.insert(time.floored(to: step)) }
            for column in chunk.columns { metrics.insert(column.id.metric) }
        }
        let times = starts.sorted()
        var place: [Int64: Int] = [:]
        for (index, time) in times.enumerated() { place[time] = index }

        var columns: [Column] = []
        for metric in metrics.sorted() {
            var buckets = [Bucket](repeating: Bucket(), count: times.count)
            for chunk in chunks {
                let source = Source(metric, in: chunk)
                for (row, time) in chunk.times.enumerated() {
                    guard let bucket = source.bucket(at: row), let index = place[time.floored(to: step)] else {
                        continue
                    }
                    buckets[index].add(bucket)
                }
            }
            columns += Bucket.columns(of: buckets, metric: metric)
        }
        return Chunk(rising: times, columns: columns)
    }

    /// One metric's columns in one chunk, raw or rolled up.
    private struct Source {
        private let value: [Int64]?
        private let rolled: [[Int64]]

        init(_ metric: String, in chunk: Chunk) {
            value = chunk.column(ColumnID(metric))?.values
            rolled = Bucket.aspects.compactMap { chunk.column(ColumnID(metric, $0))?.values }
        }

        func bucket(at row: Int) -> Bucket? {
            if let value, value[row] != Column.absent { return Bucket(value[row]) }
            // An absent count is negative, too.
            guard rolled.count == Bucket.aspects.count, rolled[3][row] > 0 else { return nil }
            return Bucket(sum: rolled[0][row], lowest: rolled[1][row], highest: rolled[2][row], count: rolled[3][row])
        }
    }
}

/// What is known of a metric over one step, in stored units.
struct Bucket: Equatable {
    /// Wide enough for every sample there can be: what is added up here is exact.
    private(set) var sum: Int128 = 0
    private(set) var lowest: Int64 = .max
    private(set) var highest: Int64 = .min
    private(set) var count: Int64 = 0

    static let aspects: [ColumnID.Aspect] = [.sum, .lowest, .highest, .count]

    init() {}

    init(_ value: Int64) { self.init(sum: value, lowest: value, highest: value, count: 1) }

    init(sum: Int64, lowest: Int64, highest: Int64, count: Int64) {
        self.sum = Int128(sum)
        self.lowest = lowest
        self.highest = highest
        self.count = count
    }

    var isEmpty: Bool { count == 0 }
    var average: Double {
        let narrow = Int64(truncatingIfNeeded: sum)
        return (Int128(narrow) == sum ? Double(narrow) : Double(sum)) / Double(count)
    }

    mutating func add(_ other: Bucket) {
        sum &+= other.sum
        lowest = min(lowest, other.lowest)
        highest = max(highest, other.highest)
        count = min(count &+ other.count, Column.largest)
    }

    /// As it fits a column. The sum of a day of a storage of 267 TB does not: sum and count are halved together then, as often
    /// as that takes, and the average stays what it was. What is added later weighs as much more.
    var stored: Bucket {
        let largest = Int128(Column.largest)
        guard sum > largest || sum < -largest, count > 0 else { return self }
        let halvings = Int128.bitWidth - sum.magnitude.leadingZeroBitCount - Column.largest.trailingZeroBitCount
        var halved = self
        halved.count = max(1, count >> Int64(halvings))
        // The average times the new count, rounded, without a product that could outgrow 128 bits.
        let (whole, rest) = sum.quotientAndRemainder(dividingBy: Int128(count))
        let parts = rest * Int128(halved.count)
        let rounding = Int128(sum < 0 ? -count / 2 : count / 2)
        halved.sum = whole * Int128(halved.count) + (parts + rounding) / Int128(count)
        halved.sum = min(max(halved.sum, -largest), largest)
        return halved
    }

    static func columns(of buckets: [Bucket], metric: String) -> [Column] {
        let buckets = buckets.map { $0.stored }
        return aspects.map { aspect in
            Column(
                id: ColumnID(metric, aspect),
                values: buckets.map { bucket in
                    if bucket.isEmpty { return Column.absent }
                    switch aspect {
                    case .sum: return Int64(truncatingIfNeeded: bucket.sum)
                    case .lowest: return bucket.lowest
                    case .highest: return bucket.highest
                    case .count, .value: return bucket.count
                    }
                })
        }
    }
}
