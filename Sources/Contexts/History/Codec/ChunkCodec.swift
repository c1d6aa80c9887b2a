/// Chunks as bytes. The number of the codec stands beside the bytes in the row; a number is never given a new meaning.
///
/// All codecs: checksum (4 bytes, of all that follows), rows, first time, times, then a directory of the columns, then
/// their bytes, so that one series can be read without decoding the others.
enum ChunkCodec {
    /// Small and quick to write, three bytes a value: for what is rewritten in seconds.
    static let plain: Int16 = 1
    /// Arithmetic coding with learned probabilities: for what stays.
    static let dense: Int16 = 2

    /// Two days at 10 s, and what one host can have in cores, mounts and interfaces: no honest chunk is larger, and
    /// damaged bytes cannot make a reader allocate more.
    static let mostRows = 20_000
    static let mostColumns = 4_000
    static let mostValues = 8_000_000

    static func write(_ chunk: Chunk, codec: Int16) -> [UInt8] {
        precondition(chunk.times.count <= mostRows && chunk.columns.count <= mostColumns, "too large for one chunk")
        var body: [UInt8] = []
        body.append(number: UInt64(chunk.times.count))
        guard let start = chunk.times.first else { return sealed(body) }
        body.append(signed: start)
        let gaps = zip(chunk.times.dropFirst(), chunk.times).map { $0 - $1 }
        switch codec {
        case dense: Directory.append(ColumnStream.writing(gaps, hints: [], columns: []), to: &body)
        default: for gap in gaps { body.append(number: UInt64(gap)) }
        }
        body.append(number: UInt64(chunk.columns.count))
        var streams: [UInt8] = []
        var before = ""
        for (place, column) in chunk.columns.enumerated() {
            Directory.append(column.id, after: before, to: &body)
            before = column.id.metric
            switch codec {
            case dense:
                let hints = Hint.candidates(for: place, in: chunk.columns)
                let stream = ColumnStream.writing(column.values, hints: hints, columns: chunk.columns)
                Directory.append(stream, apart: &streams, to: &body)
            default:
                let bytes = PlainColumn.write(column.values)
                body.append(number: UInt64(bytes.count))
                streams += bytes
            }
        }
        return sealed(body + streams)
    }

    private static func sealed(_ body: [UInt8]) -> [UInt8] {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(body.count + 4)
        bytes.append(fixed32: checksum(of: body[...]))
        return bytes + body
    }

    /// - Parameter wanted: which columns to decode; the others are skipped.
    static func read(
        _ bytes: [UInt8], codec: Int16, wanted: @escaping (ColumnID) -> Bool = { _ in true }
    ) throws(ChunkError) -> Chunk {
        var book = ColumnBook(wanted: wanted)
        return try read(bytes, codec: codec, &book)
    }

    /// - Parameter book: of the rows before, with the columns that are wanted of all.
    static func read(_ bytes: [UInt8], codec: Int16, _ book: inout ColumnBook) throws(ChunkError) -> Chunk {
        guard codec == plain || codec == dense else { throw .unknownCodec(codec) }
        var cursor = ByteCursor(bytes[...])
        let expected = try cursor.fixed32("checksum")
        guard checksum(of: cursor.rest) == expected else { throw .badChecksum }
        let rows = try cursor.count(upTo: mostRows, "row count")
        if rows == 0 { return .empty }
        let times = try readTimes(rows, codec: codec, from: &cursor)
        let count = try cursor.count(upTo: min(mostColumns, mostValues / rows), "column count")
        book.begin()
        var columns: [Column] = []
        switch codec {
        case dense:
            var streams = try Directory.read(count, from: &cursor, &book)
            for place in 0..<count where streams.isWanted[place] {
                columns.append(Column(id: streams.ids[place], values: try streams.values(of: place, rows: rows)))
            }
        default:
            var wanted: [(id: ColumnID, from: Int, size: Int)] = []
            var end = 0
            for _ in 0..<count {
                let (id, isWanted) = try book.next(from: &cursor)
                let size = try cursor.count(upTo: bytes.count, "column size")
                if isWanted { wanted.append((id, end, size)) }
                end += size
            }
            let streams = try cursor.bytes(end, "column")
            for (id, from, size) in wanted {
                let part = streams.dropFirst(from).prefix(size)
                columns.append(Column(id: id, values: try PlainColumn.read(part, rows: rows)))
            }
        }
        guard let chunk = Chunk(checking: times, columns: columns) else { throw .malformed("order") }
        return chunk
    }

    private static func readTimes(_ rows: Int, codec: Int16, from cursor: inout ByteCursor) throws(ChunkError)
        -> [Int64]
    {
        var time = try cursor.signed("first time")
        var gaps: [Int64] = []
        if codec == dense {
            let stream = try Directory.readStream(from: &cursor)
            gaps = try stream.read(rows: rows - 1, guesses: nil)
        } else {
            for _ in 1..<rows { gaps.append(Int64(try cursor.count(upTo: 1 << 50, "time"))) }
        }
        var times = [time]
        times.reserveCapacity(rows)
        for gap in gaps {
            guard gap > 0, gap < 1 << 50, abs(time) < 1 << 55 else { throw .malformed("time") }
            time += gap
            times.append(time)
        }
        return times
    }
}
