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
}
