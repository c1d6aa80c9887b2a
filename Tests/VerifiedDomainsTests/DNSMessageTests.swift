import Testing

@testable import VerifiedDomains

@Suite struct DNSMessageTests {
    private static func word(_ number: Int) -> [UInt8] { [UInt8(number >> 8 & 255), UInt8(number & 255)] }

    /// One question and the answers that are given, each a type and its data.
    private static func message(
        _ answers: [(type: Int, data: [UInt8])], flags: Int = 0x8180, counted: Int? = nil
    ) -> [UInt8] {
        let name: [UInt8] = [1, 97, 3, 99, 111, 109, 0]
        var bytes = word(7) + word(flags) + word(1) + word(counted ?? answers.count) + word(0) + word(0)
        bytes += name + word(16) + word(1)
        for answer in answers {
            bytes += [0xC0, 12] + word(answer.type) + word(1) + [0, 0, 0, 60] + word(answer.data.count) + answer.data
        }
        return bytes
    }

    private static func text(_ parts: String...) -> [UInt8] {
        parts.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
    }

    private func texts(_ bytes: [UInt8]) -> [String]? { DNSMessage(bytes[...]).texts }

    @Test("texts are read, their strings joined, and other records passed by") func texts() {
        let read = texts(
            Self.message([
                (16, Self.text("v=spf1 ", "-all")), (5, [1, 98, 0]), (16, Self.text("proof")), (16, Self.text("")),
            ]))
        #expect(read == ["v=spf1 -all", "proof", ""])
        #expect(texts(Self.message([])) == [])
        #expect(texts(Self.message([(16, [2, 0xFF, 0xFE])])) == [], "what is no text is left out")
    }

    @Test("a thousand records of one answer are read") func many() {
        let value = "pulse-domain-verification=vJ9Qm3c0Tt2XkV5bq1uYwA"
        let bytes = Self.message((0..<1000).map { _ in (16, Self.text(value)) })
        #expect(bytes.count <= DNSMessage.limit)
        #expect(texts(bytes)?.count == 1000)
    }

    @Test("a message that is cut anywhere says nothing instead of less") func cut() {
        let whole = Self.message([(16, Self.text("one")), (16, Self.text("two"))])
        #expect(texts(whole) == ["one", "two"])
        for length in 0..<whole.count { #expect(texts(Array(whole.prefix(length))) == nil, "\(length) bytes") }
        #expect(texts(Self.message([(16, Self.text("one"))], flags: 0x8380)) == nil, "the truncation flag")
    }

    @Test("lengths that lie and failures are no answers") func lies() {
        #expect(texts(Self.message([(16, [9, 97])])) == nil, "a string longer than its record")
        #expect(texts(Self.message([(16, Self.text("one"))], counted: 65_535)) == nil)
        #expect(texts(Self.message([], flags: 0x8182)) == nil, "SERVFAIL")
        #expect(texts([UInt8](repeating: 0xC0, count: 600)) == nil)
        #expect(texts([UInt8](repeating: 0x40, count: 600)) == nil)
    }

    @Test("no bytes at all break it") func noise() {
        var seed: UInt64 = 42
        func next() -> UInt8 {
            seed = seed &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(truncatingIfNeeded: seed >> 33)
        }
        let good = Self.message([(16, Self.text("one", "two")), (16, Self.text("three"))])
        for _ in 0..<20_000 {
            var bytes = good
            for _ in 0..<3 { bytes[Int(next()) % bytes.count] = next() }
            _ = texts(bytes)
        }
        #expect(texts(good) == ["onetwo", "three"])
    }
}
