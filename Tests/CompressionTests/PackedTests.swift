import Compression
import Testing

@Suite("Packed columns")
struct PackedTests {
    @Test("A text comes back as it was, however long", arguments: [0, 1, 500, 4096, 4097, 40_000, 200_000])
    func roundTrip(length: Int) throws {
        let text = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* $0 >> 3) }
        #expect(try Packed.unpack(Packed.pack(text), limit: length) == text)
    }

    @Test("What was written as a message is read as well")
    func message() throws {
        let text = Array(#"{"name":"pve1","name_again":"pve1"}"#.utf8)
        #expect(try Packed.unpack(Deflate.compress(text), limit: 100) == text)
    }

    @Test("More than the limit is refused, wherever it ends", arguments: [10, 32 * 1024, 100_000])
    func limit(length: Int) throws {
        let packed = Packed.pack([UInt8](repeating: 7, count: length))
        #expect(throws: CompressionError.tooLarge(limit: length - 1)) { try Packed.unpack(packed, limit: length - 1) }
        #expect(try Packed.unpack(packed, limit: length).count == length)
    }

    @Test("Damage is an error or a shorter text, never a crash")
    func damage() throws {
        let packed = Packed.pack(Array("a few words and a few words more, and more words".utf8))
        for place in packed.indices {
            var broken = packed
            broken[place] ^= 0x55
            if let text = try? Packed.unpack(broken, limit: 1000) { #expect(text.count <= 1000) }
            #expect((try? Packed.unpack(packed[..<place], limit: 1000).count) ?? 0 <= 48)
        }
    }
}
