/// What a dense chunk says about its columns before their bytes.
struct Directory {
    private(set) var ids: [ColumnID]
    private(set) var isWanted: [Bool]
    private var streams: [ColumnStream]
    private var known: [[Int64]?]

    /// A hint's source may have a hint itself (total, part, sibling), but honest chains are no longer than this.
    private static let deepest = 6

    /// The values of one column, after those of the columns it leans on.
    mutating func values(of place: Int, rows: Int, depth: Int = 0) throws(ChunkError) -> [Int64] {
        if let values = known[place] { return values }
        guard depth < Self.deepest else { throw .malformed("hint") }
        let hint = streams[place].hint
        var sources: [[Int64]] = []
        for source in hint.columns { sources.append(try values(of: source, rows: rows, depth: depth + 1)) }
        let values = try streams[place].read(rows: rows, guesses: hint.guesses(from: sources, rows: rows))
        known[place] = values
        return values
    }

    static func read(
        _ count: Int, from cursor: inout ByteCursor, _ book: inout ColumnBook
    ) throws(ChunkError) -> Directory {
        var ids: [ColumnID] = []
        var isWanted: [Bool] = []
        var streams: [ColumnStream] = []
        var sizes: [Int] = []
        for _ in 0..<count {
            let name = try book.next(from: &cursor)
            ids.append(name.id)
            isWanted.append(name.isWanted)
            let (stream, size) = try readEntry(columns: count, from: &cursor)
            streams.append(stream)
            sizes.append(size)
        }
        for place in 0..<count { streams[place].bytes = Array(try cursor.bytes(sizes[place], "column")) }
        return Directory(ids: ids, isWanted: isWanted, streams: streams, known: Array(repeating: nil, count: count))
    }

    // A name is what it shares with the one before, and the rest; the upper half of a byte holds the aspect.
    static func append(_ id: ColumnID, after before: String, to bytes: inout [UInt8]) {
        let shared = min(zip(id.metric.utf8, before.utf8).prefix { $0 == $1 }.count, 255)
        let rest = Array(id.metric.utf8.dropFirst(shared))
        bytes.append(UInt8(shared))
        bytes.append(number: UInt64(rest.count) << 3 | UInt64(id.aspect.rawValue))
        bytes += rest
    }

    static func readID(after before: String, from cursor: inout ByteCursor) throws(ChunkError) -> ColumnID {
        let shared = Int(try cursor.byte("name"))
        let packed = try cursor.count(upTo: 256 << 3 | 7, "name")
        guard shared <= before.utf8.count, let aspect = ColumnID.Aspect(rawValue: UInt8(packed & 7)) else {
            throw .malformed("name")
        }
        let rest = try cursor.bytes(packed >> 3, "name")
        return ColumnID(String(decoding: Array(before.utf8.prefix(shared)) + rest, as: UTF8.self), aspect)
    }

    /// The entry goes to `bytes`, the column's own bytes to `streams`.
    static func append(_ stream: ColumnStream, apart streams: inout [UInt8], to bytes: inout [UInt8]) {
        bytes.append(stream.hint.kind.rawValue << 1 | (stream.complete ? 1 : 0))
        bytes.append(signed: stream.first)
        bytes.append(number: UInt64(stream.divisor))
        if stream.hint.kind != .none {
            bytes.append(number: UInt64(stream.hint.columns.lowerBound))
            bytes.append(number: UInt64(stream.hint.columns.count))
        }
        if stream.hint.kind == .ratio { bytes.append(fixed64: stream.hint.factor.bitPattern) }
        bytes.append(number: UInt64(stream.bytes.count))
        streams += stream.bytes
    }

    /// Entry and bytes together, for the one column that stands alone: the times.
    static func append(_ stream: ColumnStream, to bytes: inout [UInt8]) {
        var apart: [UInt8] = []
        append(stream, apart: &apart, to: &bytes)
        bytes += apart
    }

    static func readStream(from cursor: inout ByteCursor) throws(ChunkError) -> ColumnStream {
        var (stream, size) = try readEntry(columns: 0, from: &cursor)
        stream.bytes = Array(try cursor.bytes(size, "times"))
        return stream
    }

    private static func readEntry(
        columns: Int, from cursor: inout ByteCursor
    ) throws(ChunkError) -> (ColumnStream, size: Int) {
        let flags = try cursor.byte("column flags")
        guard let kind = Hint.Kind(rawValue: flags >> 1) else { throw .malformed("hint") }
        let first = try cursor.signed("first value")
        let divisor = try cursor.number("divisor")
        guard first.magnitude <= UInt64(Column.largest), divisor <= UInt64(Int64.max) else {
            throw .malformed("first value")
        }
        var hint = Hint.none
        if kind != .none {
            let from = try cursor.count(upTo: columns, "hint")
            let count = try cursor.count(upTo: columns - from, "hint")
            let factor = kind == .ratio ? Double(bitPattern: try cursor.fixed64("hint")) : 0
            guard factor.isFinite, count > 0 else { throw .malformed("hint") }
            hint = Hint(kind: kind, columns: from..<from + count, factor: factor)
        }
        let size = try cursor.count(upTo: cursor.rest.count, "column size")
        let stream = ColumnStream(
            hint: hint, complete: flags & 1 != 0, first: first, divisor: Int64(divisor), bytes: [])
        return (stream, size)
    }
}
