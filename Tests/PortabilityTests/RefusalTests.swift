import Compression
import Cryptography
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Portability

/// Archives that are not taken; and that nothing of them stays.
@Suite(.postgres) struct RefusalTests {
    private func scene() async throws -> (place: PortabilityCase, archive: Unpacked) {
        let place = try await PortabilityCase()
        for (index, name) in ["Bremen", "Hamburg"].enumerated() {
            try await TestDatabase.current.superuser.executeGlobally(
                """
                INSERT INTO pulse.sites (org_id, id, name, name_key, created_at)
                VALUES (\(place.org), \(SiteID.new(at: Given.start + .seconds(index))), \(name), \(name.lowercased()), \(Given.start))
                """)
        }
        return (place, try Unpacked(await place.export().bytes))
    }

    private func refuses(_ bytes: [UInt8], _ bad: Bad, _ place: PortabilityCase) async throws {
        let target = try await place.fresh()
        let before = try await place.count(in: target)
        let answer = await place.take(bytes, into: target)
        #expect(answer.slug == "archive-refused", "\(answer.text)")
        let detail = answer.json["detail"]?.string ?? ""
        #expect(bad.says.isEmpty || bad.says.split(separator: "|").contains { detail.contains($0) }, "\(detail)")
        if let file = bad.file { #expect(answer.json["file"]?.string == file, "\(answer.text)") }
        if let line = bad.line { #expect(answer.json["line"]?.string == "\(line)", "\(answer.text)") }
        #expect(try await place.count(in: target) == before)
    }

    @Test("an archive that is not what was signed is refused whole", arguments: BadArchives.forgeries)
    func forged(bad: Bad) async throws {
        var (place, archive) = try await scene()
        try bad.change(&archive)
        try await refuses(archive.packed, bad, place)
    }

    @Test(
        "rows that do not fit are refused, naming file and line, though they are signed", arguments: BadArchives.misfits
    )
    func malformed(bad: Bad) async throws {
        var (place, archive) = try await scene()
        try bad.change(&archive)
        try archive.sign()
        try await refuses(archive.packed, bad, place)
    }

    @Test("whatever byte is damaged and wherever it is cut off, nothing is taken")
    func damage() async throws {
        let (place, archive) = try await scene()
        let packed = archive.packed
        let target = try await place.fresh()
        let before = try await place.count(in: target)
        for step in 1...12 {
            let cut = await place.take(Array(packed[..<(packed.count * step / 13)]), into: target)
            #expect(cut.slug == "archive-refused", "\(cut.text)")
            var damaged = packed
            damaged[packed.count * step / 13] ^= 0x41
            #expect(await place.take(damaged, into: target).slug == "archive-refused")
        }
        for odd in [
            [], Array("not an archive".utf8), Gzip.compress(Array("no tar".utf8)), packed + [0], packed + packed,
        ] {
            #expect(await place.take(odd, into: target).slug == "archive-refused")
        }
        #expect(try await place.count(in: target) == before)
        #expect(await place.take(packed, into: target).status == 200)
    }

    @Test("links, folders and files too large to unpack are refused")
    func tar() async throws {
        let (place, archive) = try await scene()
        let target = try await place.fresh()
        for (offset, value) in [(156, UInt8(ascii: "2")), (156, UInt8(ascii: "5")), (345, UInt8(ascii: "x"))] {
            var tar = archive.files.flatMap { Tar.bytes(of: $0, at: Given.start) } + Tar.end
            tar[offset] = value
            let sum = (0..<512).reduce(0) { $0 + ((148..<156).contains($1) ? 32 : Int(tar[$1])) }
            let digits = String(sum, radix: 8)
            let text = String(repeating: "0", count: 6 - digits.count) + digits
            for (index, byte) in text.utf8.enumerated() { tar[148 + index] = byte }
            let answer = await place.take(Gzip.compress(tar), into: target)
            #expect(answer.json["detail"]?.string?.contains("only plain files") == true, "\(answer.text)")
        }
        let large = Tar.File(name: "export.json", bytes: [UInt8](repeating: 32, count: PortabilityLimits.fileBytes + 1))
        let bomb = await place.take(Gzip.compress(Tar.bytes(of: large, at: Given.start), level: 1), into: target)
        #expect(bomb.json["detail"]?.string?.contains("too large") == true, "\(bomb.text)")
    }
}
