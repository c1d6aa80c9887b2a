import Testing

@testable import History

@Suite("chunk codec") struct ChunkCodecTests {
    static let codecs = [ChunkCodec.plain, ChunkCodec.dense]
    static let largest = Column.largest

    @Test(
        "every value comes back, however it moves", arguments: codecs,
        [
            [], [0], [7, 7, 7, 7], [1, 2, 3, 4, 5], [0, 0, 0, 9, 0, 0, 0, 9], [largest, -largest, largest, -largest],
            [-1, 0, 1, -1, 0, 1], [Column.absent, 3, Column.absent, Column.absent, 5], [4096, 8192, 4096, 0, 12288],
            [Column.absent, Column.absent], [Column.absent, 1], [largest], [-largest, Column.absent, largest],
            [9_007_199_254_740_992, 9_007_199_254_740_991, -9_007_199_254_740_992],
        ] as [[Int64]])
    func extremes(codec: Int16, values: [Int64]) throws {
        let chunk = ChunkSamples.regular(values.count, [("cpu", values)])
        #expect(try ChunkCodec.read(ChunkCodec.write(chunk, codec: codec), codec: codec) == expected(chunk))
    }

    // A chunk without rows has nothing to remember its columns by.
    private func expected(_ chunk: Chunk) -> Chunk { chunk.times.isEmpty ? .empty : chunk }

    @Test("machines of many shapes come back", arguments: codecs, 1...24 as ClosedRange<UInt64>)
    func property(codec: Int16, seed: UInt64) throws {
        let rows = [1, 2, 3, 17, 60, 240][Int(seed) % 6]
        let chunk = ChunkSamples.machine(rows: rows, seed: seed)
        #expect(try ChunkCodec.read(ChunkCodec.write(chunk, codec: codec), codec: codec) == chunk)
    }

    @Test("one column can be read without the others, with its parts where it leans on them", arguments: codecs)
    func oneColumn(codec: Int16) throws {
        let parts = (0..<3).map { part in (0..<100).map { Int64(($0 * 7919 + part * 104_729) % 100_003) } }
        let sum = (0..<100).map { row in parts.reduce(0) { $0 + $1[row] } }
        let chunk = ChunkSamples.regular(
            100, [("netin", sum), ("netin:a", parts[0]), ("netin:b", parts[1]), ("netin:c", parts[2])])
        let bytes = ChunkCodec.write(chunk, codec: codec)
        let read = try ChunkCodec.read(bytes, codec: codec) { $0.metric == "netin" }
        #expect(read.columns == chunk.columns.filter { $0.id.metric == "netin" })
    }

    @Test("names that are remembered from the rows before are those of this row", arguments: codecs)
    func remembered(codec: Int16) throws {
        let shapes = [
            ["cpu", "memory", "netin", "netout"], ["cpu", "memory", "netin", "netout"], ["cpu", "netin:a", "netout"],
            ["memory"], ["cpu", "memory", "memoryused", "netin"], [], ["cpu", "memory", "netin", "netout"],
        ]
        let chunks = shapes.map { names in
            ChunkSamples.regular(3, names.enumerated().map { ($1, [Int64($0), 5, 9]) })
        }
        var book = ColumnBook { $0.metric.hasPrefix("net") || $0.metric == "memory" }
        for chunk in chunks + chunks.reversed() {
            let read = try ChunkCodec.read(ChunkCodec.write(chunk, codec: codec), codec: codec, &book)
            #expect(read.columns == chunk.columns.filter { $0.id.metric.hasPrefix("net") || $0.id.metric == "memory" })
        }
        // A row that is damaged half-way through its names leaves the book as it should be.
        let bytes = ChunkCodec.write(chunks[0], codec: codec)
        #expect(throws: ChunkError.self) {
            try ChunkCodec.read(Array(bytes.dropLast(bytes.count / 2)), codec: codec, &book)
        }
        #expect(try ChunkCodec.read(bytes, codec: codec, &book).columns.count == 3)
    }

    @Test("a total costs next to nothing beside its parts")
    func totals() {
        var random = Seeded(5)
        let parts = (0..<2).map { _ in (0..<720).map { _ in Int64.random(in: 0...1_000_000, using: &random) } }
        let sum = (0..<720).map { parts[0][$0] + parts[1][$0] }
        let with = ChunkSamples.regular(720, [("netin", sum), ("netin:a", parts[0]), ("netin:b", parts[1])])
        let without = ChunkSamples.regular(720, [("netin:a", parts[0]), ("netin:b", parts[1])])
        let cost =
            ChunkCodec.write(with, codec: ChunkCodec.dense).count
            - ChunkCodec.write(without, codec: ChunkCodec.dense).count
        #expect(cost < 40)
    }

    @Test("what does not change costs next to nothing")
    func constants() {
        let columns = (0..<50).map { ("cpu.core.\($0)", [Int64](repeating: 4200, count: 720)) }
        #expect(ChunkCodec.write(ChunkSamples.regular(720, columns), codec: ChunkCodec.dense).count < 50 * 14)
    }

    @Test("any damaged byte is noticed", arguments: codecs)
    func damage(codec: Int16) {
        let bytes = ChunkCodec.write(ChunkSamples.machine(rows: 20, seed: 3), codec: codec)
        for place in bytes.indices {
            var damaged = bytes
            damaged[place] ^= 0x10
            #expect(throws: ChunkError.badChecksum) { try ChunkCodec.read(damaged, codec: codec) }
        }
        for length in 0..<bytes.count {
            #expect(throws: ChunkError.self) { try ChunkCodec.read(Array(bytes.prefix(length)), codec: codec) }
        }
        #expect(throws: ChunkError.unknownCodec(99)) { try ChunkCodec.read(bytes, codec: 99) }
    }

    @Test("bytes made to deceive are read as something or refused, never a crash", arguments: codecs)
    func hostile(codec: Int16) {
        var random = Seeded(11)
        let honest = ChunkCodec.write(ChunkSamples.machine(rows: 40, seed: 8), codec: codec)
        var refused = 0
        for _ in 0..<1500 {
            var body = Array(honest.dropFirst(4))
            for _ in 0..<Int.random(in: 1...6, using: &random) {
                let place = Int.random(
                    in: 0..<min(body.count, Bool.random(using: &random) ? 300 : body.count), using: &random)
                body[place] = UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) { body.removeLast(Int.random(in: 0...body.count / 2, using: &random)) }
            var bytes: [UInt8] = []
            bytes.append(fixed32: checksum(of: body[...]))
            do {
                let chunk = try ChunkCodec.read(bytes + body, codec: codec)
                #expect(chunk.times.count <= ChunkCodec.mostRows)
            } catch { refused += 1 }
        }
        #expect(refused > 100)
    }

    @Test("a chunk that claims to be huge is refused before anything is allocated", arguments: codecs)
    func claims(codec: Int16) {
        var body: [UInt8] = []
        body.append(number: 1 << 60)
        var bytes: [UInt8] = []
        bytes.append(fixed32: checksum(of: body[...]))
        #expect(throws: ChunkError.malformed("row count")) { try ChunkCodec.read(bytes + body, codec: codec) }
    }

    // When this fails, stored history can no longer be read: give the new way of writing a new codec number.
    @Test("the bytes of a codec never change", arguments: zip(codecs, [UInt32(3_132_854_439), 1_188_924_235]))
    func golden(codec: Int16, fingerprint: UInt32) {
        let bytes = ChunkCodec.write(ChunkSamples.machine(rows: 300, seed: 42), codec: codec)
        #expect(checksum(of: bytes[...]) == fingerprint)
    }
}
