/// What other columns of the same chunk say about a column. Totals follow from their parts, a percentage from its
/// bytes, and the two directions of one device move together.
struct Hint: Equatable, Sendable {
    enum Kind: UInt8, Sendable, CaseIterable { case none, sum, mean, highest, ratio, like }

    let kind: Kind
    /// The columns it looks at, by their place in the chunk.
    let columns: Range<Int>
    /// For `ratio`: this column over the other.
    let factor: Double

    static let none = Hint(kind: .none, columns: 0..<0, factor: 0)

    /// - Parameter sources: the values of `columns`, in order.
    /// - Returns: one guess a row; `nil` where a source has no value.
    func guesses(from sources: [[Int64]], rows: Int) -> [Int64?]? {
        guard kind != .none, !sources.isEmpty else { return nil }
        return (0..<rows).map { row in
            var total: Int64 = 0
            var highest = Int64.min
            for source in sources {
                guard source[row] != Column.absent else { return nil }
                total = total &+ source[row]
                highest = max(highest, source[row])
            }
            switch kind {
            case .highest: return highest
            case .mean: return total / Int64(sources.count)
            case .ratio: return Int64(min(max((Double(total) * factor).rounded(), -0x1p60), 0x1p60))
            case .sum, .like, .none: return total
            }
        }
    }

    /// What is worth trying for the column at `place`. A hint only ever points to columns whose own hints point
    /// further down the list total, part, sibling, so following them ends.
    static func candidates(for place: Int, in columns: [Column]) -> [Hint] {
        let id = columns[place].id
        func find(_ metric: String, _ aspect: ColumnID.Aspect) -> Int? {
            columns.firstIndex { $0.id == ColumnID(metric, aspect) }
        }
        if id.aspect != .value {
            guard id.aspect == .lowest || id.aspect == .highest, let sum = find(id.metric, .sum) else { return [] }
            return [ratio(of: place, to: sum, in: columns)]
        }
        guard let colon = id.metric.firstIndex(of: ":") else { return total(id.metric, in: columns, find) }
        let siblings = ["netout": "netin", "diskwrite": "diskread"]
        guard let other = siblings[String(id.metric[..<colon])].flatMap({ find($0 + id.metric[colon...], .value) })
        else {
            return []
        }
        return [Hint(kind: .like, columns: other..<other + 1, factor: 0)]
    }

    /// For the total of a family: its parts are right behind it, since columns are sorted.
    private static func total(
        _ family: String, in columns: [Column], _ find: (String, ColumnID.Aspect) -> Int?
    ) -> [Hint] {
        func whole(_ kind: Kind, _ prefix: String) -> [Hint] {
            let parts = columns.indices.filter {
                columns[$0].id.metric.hasPrefix(prefix) && columns[$0].id.aspect == .value
            }
            guard let first = parts.first, let last = parts.last, last - first + 1 == parts.count else { return [] }
            return [Hint(kind: kind, columns: first..<last + 1, factor: 0)]
        }
        guard let place = find(family, .value) else { return [] }
        switch family {
        case "cpu": return whole(.mean, "cpu.core.")
        case "memory": return find("memoryused", .value).map { [ratio(of: place, to: $0, in: columns)] } ?? []
        case "disk": return find("disk:/", .value).map { [Hint(kind: .like, columns: $0..<$0 + 1, factor: 0)] } ?? []
        case "temperature": return whole(.highest, "temperature:")
        case "netin", "netout", "diskread", "diskwrite": return whole(.sum, family + ":")
        default: return []
        }
    }

    private static func ratio(of place: Int, to other: Int, in columns: [Column]) -> Hint {
        let factor = factor(of: columns[place].values, over: columns[other].values)
        return Hint(kind: .ratio, columns: other..<other + 1, factor: factor)
    }

    private static func factor(of some: [Int64], over others: [Int64]) -> Double {
        var (top, bottom) = (0.0, 0.0)
        for (one, other) in zip(some, others) where one != Column.absent && other != Column.absent {
            top += Double(one)
            bottom += Double(other)
        }
        return bottom == 0 ? 0 : top / bottom
    }
}
