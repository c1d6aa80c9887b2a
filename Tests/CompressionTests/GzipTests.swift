import Compression
import Testing

private let samples: [[UInt8]] = [
    [], [0], Array("a".utf8), Array(String(repeating: "hello pulse ", count: 10_000).utf8),
    (0..<100_000).map { UInt8(truncatingIfNeeded: $0 &* 2_654_435_761 >> 13) }, Array(repeating: 0, count: 32 * 1024),
    Array(repeating: 7, count: 32 * 1024 + 1),
]

@Suite struct GzipTests {
    @Test("what goes in comes out, at every level", arguments: samples, [1, 6, 9])
    func roundTrip(bytes: [UInt8], level: Int) throws {
        let packed = Gzip.compress(bytes, level: level)
        #expect(packed.prefix(2) == [0x1F, 0x8B])
        #expect(try Gzip.decompress(packed, limit: bytes.count) == bytes)
    }

    @Test("members one after another are one text")
    func members() throws {
        let packed = Gzip.compress(Array("one ".utf8)) + Gzip.compress([]) + Gzip.compress(Array("two".utf8))
        #expect(try Gzip.decompress(packed, limit: 100) == Array("one two".utf8))
    }

    @Test(
        "anything else behind a member is refused",
        arguments: [[0], [0x1F], [0x1F, 0x8B], Array("tail".utf8)] as [[UInt8]])
    func trailing(tail: [UInt8]) {
        #expect(throws: CompressionError.self) {
            try Gzip.decompress(Gzip.compress(Array("text".utf8)) + tail, limit: 1000)
        }
    }

    @Test("every cut is truncated, never half a text")
    func cuts() {
        let packed = Gzip.compress(Array("a text long enough to have a body, a body, a body".utf8))
        for length in 0..<packed.count {
            #expect(throws: CompressionError.truncated) { try Gzip.decompress(packed.prefix(length), limit: 1000) }
        }
    }

    @Test("a changed byte is found by the checksum or the format")
    func damage() {
        let text = Array("a text long enough to have a body, a body, a body".utf8)
        let packed = Gzip.compress(text)
        // Bytes 4...9 are time, hints and system of the header: they say nothing about the text.
        for index in packed.indices where !(4...9).contains(index) {
            var damaged = packed
            damaged[index] ^= 0x10
            #expect((try? Gzip.decompress(damaged, limit: 1000)) != text || index == 3)
        }
        #expect(throws: CompressionError.corrupt) { try Gzip.decompress(Array("{\"plain\":1}".utf8), limit: 1000) }
    }

    @Test("a bomb is stopped at the limit, at the cost of the limit")
    func bomb() {
        let bomb = Gzip.compress(Array(repeating: 0, count: 64 * 1024 * 1024), level: 9)
        #expect(bomb.count < 80_000)
        #expect(throws: CompressionError.tooLarge(limit: 1_572_864)) {
            try Gzip.decompress(bomb, limit: 1_572_864)
        }
        let many = (0..<50).flatMap { _ in Gzip.compress(Array(repeating: 1, count: 1000)) }
        #expect(throws: CompressionError.tooLarge(limit: 49_999)) { try Gzip.decompress(many, limit: 49_999) }
    }

    @Test("the limit is the last size allowed")
    func exactLimit() throws {
        let packed = Gzip.compress(Array(repeating: 3, count: 70_000))
        #expect(try Gzip.decompress(packed, limit: 70_000).count == 70_000)
        #expect(throws: CompressionError.tooLarge(limit: 69_999)) { try Gzip.decompress(packed, limit: 69_999) }
        #expect(throws: CompressionError.tooLarge(limit: 0)) { try Gzip.decompress(packed, limit: -5) }
    }
}

@Suite struct DeflateTests {
    @Test("messages come back, without the four bytes that end each", arguments: samples, [1, 6])
    func roundTrip(bytes: [UInt8], level: Int) throws {
        let message = Deflate.compress(bytes, level: level)
        #expect(message.suffix(4) != [0x00, 0x00, 0xFF, 0xFF])
        #expect(try Deflate.inflate(message, limit: bytes.count) == bytes)
    }

    @Test("the examples of RFC 7692 are read")
    func examples() throws {
        let hello = Array("Hello".utf8)
        for message in [
            [0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]] {
            #expect(try Deflate.inflate(message, limit: 5) == hello)
        }
    }

    @Test("bombs and rubbish are refused")
    func refusals() {
        let bomb = Deflate.compress(Array(repeating: 0, count: 16 * 1024 * 1024), level: 9)
        #expect(throws: CompressionError.tooLarge(limit: 65_536)) { try Deflate.inflate(bomb, limit: 65_536) }
        #expect(throws: CompressionError.corrupt) { try Deflate.inflate([0xFF, 0xFF, 0xFF], limit: 100) }
    }
}
