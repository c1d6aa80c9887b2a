extension Hint {
    /// What is worth trying for the column at `place`. Hints lead from a total to its parts, from one direction to the
    /// other, from lowest and highest to the sum, and never back, so following them ends.
    static func candidates(for place: Int, in columns: [Column]) -> [Hint] {
        let id = columns[place].id
        func find(_ metric: String, _ aspect: ColumnID.Aspect) -> Int? {
            columns.firstIndex { $0.id == ColumnID(metric, aspect) }
        }
        func like(_ other: Int?) -> [Hint] {
            other.map { [Hint(kind: .like, columns: $0..<$0 + 1, factor: 0)] } ?? []
        }
        func ratio(_ other: Int?) -> [Hint] {
            guard let other else { return [] }
            let factor = factor(of: columns[place].values, over: columns[other].values)
            return [Hint(kind: .ratio, columns: other..<other + 1, factor: factor)]
        }
        func parts(_ kind: Kind, _ prefix: String) -> [Hint] {
            let parts = columns.indices.filter {
                columns[$0].id.aspect == id.aspect && columns[$0].id.metric.hasPrefix(prefix)
            }
            guard let first = parts.first, let last = parts.last, last - first + 1 == parts.count else { return [] }
            return [Hint(kind: kind, columns: first..<last + 1, factor: 0)]
        }

        // All series of a machine miss the same reports.
        if id.aspect == .count { return like(columns[..<place].firstIndex { $0.id.aspect == .count }) }
        let ofSum = id.aspect == .lowest || id.aspect == .highest ? ratio(find(id.metric, .sum)) : []
        if let colon = id.metric.firstIndex(of: ":") {
            let siblings = ["netout": "netin", "diskwrite": "diskread"]
            let sibling = siblings[String(id.metric[..<colon])].flatMap { find($0 + id.metric[colon...], id.aspect) }
            return ofSum + like(sibling)
        }
        switch id.metric {
        case "cpu": return ofSum + parts(.mean, "cpu.core.")
        case "memory": return ofSum + ratio(find("memoryused", id.aspect))
        case "disk": return ofSum + like(find("disk:/", id.aspect))
        case "temperature": return ofSum + parts(.highest, "temperature:")
        case "netin", "netout", "diskread", "diskwrite": return ofSum + parts(.sum, id.metric + ":")
        default: return ofSum
        }
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
