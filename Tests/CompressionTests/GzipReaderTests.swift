import Compression
import Testing

@Suite struct GzipReaderTests {
    private func expand(_ bytes: [UInt8], by step: Int, limit: Int = 1 << 24) throws -> [UInt8] {
        var reader = try GzipReader(limit: limit)
        var text: [UInt8] = []
        for start in stride(from: 0, to: bytes.count, by: step) {
            reader.feed(Array(bytes[start..<min(start + step, bytes.count)]))
            while let piece = try reader.next() {
                #expect(piece.count <= 64 * 1024)
                text += piece
            }
        }
        try reader.finish()
        return text
    }

    private static let text = (0..<300_000).map { UInt8(truncatingIfNeeded: ($0 / 7) &* 31) }

    @Test("however it is cut, the same text comes out, members and all", arguments: [1, 7, 4096, 1 << 20])
    func pieces(step: Int) throws {
        let packed = Gzip.compress(Self.text) + Gzip.compress([]) + Gzip.compress(Array("end".utf8))
        #expect(try expand(packed, by: step) == Self.text + Array("end".utf8))
    }

    @Test("nothing is held back of a member that is whole")
    func whole() throws {
        var reader = try GzipReader(limit: 100)
        reader.feed(Gzip.compress(Array("text".utf8)))
        #expect(try reader.next() == Array("text".utf8))
        #expect(try reader.next() == nil)
        try reader.finish()
    }

    @Test("a bomb goes off at its limit, not in memory")
    func bomb() throws {
        let bomb = Gzip.compress([UInt8](repeating: 0, count: 10 << 20), level: 9)
        #expect(throws: CompressionError.tooLarge(limit: 1 << 20)) { try expand(bomb, by: 4096, limit: 1 << 20) }
    }

    @Test("cut, damaged and padded texts are refused")
    func bad() throws {
        let packed = Gzip.compress(Array("a text long enough to have a body, a body".utf8))
        for length in 0..<packed.count {
            #expect(throws: CompressionError.truncated) { try expand(Array(packed[..<length]), by: 8) }
        }
        #expect(throws: CompressionError.trailingBytes) { try expand(packed + [0], by: 8) }
        var damaged = packed
        damaged[packed.count - 6] ^= 1
        #expect(throws: CompressionError.corrupt) { try expand(damaged, by: 8) }
    }
}
