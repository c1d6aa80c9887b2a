import Kernel
import Testing

@testable import Cryptography

@Suite struct CRC32Tests {
    @Test(
        "checksums are those of the published vectors",
        arguments: [
            ("", 0x0000_0000), ("a", 0xE8B7_BE43), ("123456789", 0xCBF4_3926),
            ("The quick brown fox jumps over the lazy dog", 0x414F_A339),
        ] as [(String, UInt32)])
    func vectors(text: String, expected: UInt32) { #expect(CRC32.checksum(text.utf8) == expected) }

    @Test("an API token can be told offline: its last four bytes are the CRC-32 of what is before them")
    func token() throws {
        let text = BearerToken.new(.api).text.reveal()
        let bytes = try #require(Base64URL.decode(text.utf8.dropFirst(4)))
        let sum = bytes.suffix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        #expect(sum == CRC32.checksum(Array("pat_".utf8) + bytes.prefix(32)))
        for index in text.indices.dropFirst(4) {
            var mistyped = text
            mistyped.replaceSubrange(index...index, with: text[index] == "A" ? "B" : "A")
            #expect(BearerToken(mistyped, kind: .api) == nil)
        }
    }
}
