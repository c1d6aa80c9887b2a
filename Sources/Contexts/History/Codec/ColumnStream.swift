/// The bytes of one column: which rows have a value, and the values as whole steps from the first one.
struct ColumnStream: Equatable {
    var hint: Hint
    var complete: Bool
    /// The first value there is; the only one when `divisor` is 0.
    var first: Int64
    /// The greatest common divisor of all differences from `first`: memory moves in pages, so nothing is spent on the
    /// bits below. 0 when all values are equal.
    var divisor: Int64
    var bytes: [UInt8]

    /// Tries the hints and keeps the shortest.
    static func writing(_ values: [Int64], hints: [Hint], columns: [Column]) -> ColumnStream {
        let present = values.filter { $0 != Column.absent }
        let first = present.first ?? 0
        let divisor = present.reduce(Int64(0)) { greatestCommonDivisor($0, $1 - first) }
        var best = ColumnStream(
            hint: .none, complete: present.count == values.count, first: first, divisor: divisor, bytes: [])
        if divisor == 0 {
            if !best.complete { best.bytes = best.written(values, guesses: nil) }
            return best
        }
        best.bytes = best.written(values, guesses: nil)
        for hint in hints {
            var other = best
            other.hint = hint
            let guesses = hint.guesses(from: hint.columns.map { columns[$0].values }, rows: values.count)
            other.bytes = other.written(values, guesses: guesses)
            if other.bytes.count < best.bytes.count { best = other }
        }
        return best
    }

    private func written(_ values: [Int64], guesses: [Int64?]?) -> [UInt8] {
        var writer = RangeWriter()
        _ = walk(values, rows: values.count, guesses: guesses, with: &writer)
        return writer.finish()
    }

    /// - Throws: `ChunkError.malformed` when the bytes end early or a value is out of bounds.
    func read(rows: Int, guesses: [Int64?]?) throws(ChunkError) -> [Int64] {
        if complete, divisor == 0 { return Array(repeating: first, count: rows) }
        var reader = RangeReader(bytes[...])
        let values = walk(nil, rows: rows, guesses: guesses, with: &reader)
        guard reader.overran <= RangeReader.spare else { throw .malformed("column ends early") }
        guard values.allSatisfy({ $0 == Column.absent || $0.magnitude <= UInt64(Column.largest) }) else {
            throw .malformed("value out of bounds")
        }
        return values
    }

    /// The way both sides go. `values` is `nil` for the reader.
    private func walk<Coder: BitCoder>(
        _ values: [Int64]?, rows: Int, guesses: [Int64?]?, with coder: inout Coder
    ) -> [Int64] {
        let present = complete ? nil : presence(values, rows: rows, with: &coder)
        var result = [Int64](repeating: Column.absent, count: rows)
        var model = ValueModel(zero: divisor == 0 ? nil : first % divisor == 0 ? 0 &- first / divisor : nil)
        var started = false
        for row in 0..<rows where present?[row] ?? true {
            guard started, divisor != 0 else {
                result[row] = first
                started = true
                continue
            }
            let steps = values.map { ($0[row] &- first) / divisor } ?? 0
            let guess = guesses?[row].map { ($0 &- first) / divisor }
            result[row] = first &+ model.code(steps, hint: guess, with: &coder) &* divisor
        }
        return result
    }

    private func presence<Coder: BitCoder>(_ values: [Int64]?, rows: Int, with coder: inout Coder) -> [Bool] {
        var histories = [BitHistory](repeating: BitHistory(), count: 4)
        var context = 3
        return (0..<rows).map { row in
            let bit = coder.code(
                values.map { $0[row] == Column.absent ? 0 : 1 } ?? 0, one: UInt32(histories[context].one))
            histories[context].learn(bit, limit: 60)
            context = (context << 1 | bit) & 3
            return bit != 0
        }
    }

    private static func greatestCommonDivisor(_ one: Int64, _ other: Int64) -> Int64 {
        var (large, small) = (abs(one), abs(other))
        while small != 0 { (large, small) = (small, large % small) }
        return large
    }
}
