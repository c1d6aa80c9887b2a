/// A column as differences in LEB128; 0 stands for an absent value, so every difference is one up in zigzag.
enum PlainColumn {
    static func write(_ values: [Int64]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(values.count * 2)
        var before: Int64 = 0
        for value in values {
            guard value != Column.absent else {
                bytes.append(0)
                continue
            }
            let step = value - before
            bytes.append(number: UInt64(bitPattern: (step << 1) ^ (step >> 63)) + 1)
            before = value
        }
        return bytes
    }

    static func read(_ bytes: ArraySlice<UInt8>, rows: Int) throws(ChunkError) -> [Int64] {
        guard rows <= bytes.count else { throw .malformed("column ends early") }
        var cursor = ByteCursor(bytes)
        var values: [Int64] = []
        values.reserveCapacity(rows)
        var before: Int64 = 0
        for _ in 0..<rows {
            let code = try cursor.number("value")
            if code == 0 {
                values.append(Column.absent)
                continue
            }
            let folded = code - 1
            before = before &+ (Int64(bitPattern: folded >> 1) ^ -Int64(bitPattern: folded & 1))
            guard before.magnitude <= UInt64(Column.largest) else { throw .malformed("value out of bounds") }
            values.append(before)
        }
        return values
    }
}
