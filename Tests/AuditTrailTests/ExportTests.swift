import Audit
import Cryptography
import Foundation
import FrontDoorKit
import HTTPKit
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import AuditTrail

@Suite(.postgres) struct ExportTests {
    @Test("an export is right offline, in both forms, and says what it holds", arguments: ExportFormat.allCases)
    func roundTrip(format: ExportFormat) async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(25, in: org)
        let bytes = try await trail.export(org, as: format)
        let report = try await ExportVerifier(pinned: trail.keys.signing.verifying).verify(ExportBytes(bytes))
        #expect(report.head.org == org)
        #expect(report.head.count == 25)
        #expect(report.head.firstSeq == 1)
        #expect(report.head.seq == 25)
        #expect(report.key == trail.keys.signing.verifying)
    }

    @Test("an organisation without entries has an export as well", arguments: ExportFormat.allCases)
    func empty(format: ExportFormat) async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        let bytes = try await trail.export(org, as: format)
        #expect(try await ExportVerifier().verify(ExportBytes(bytes)).head.count == 0)
    }

    @Test("an export of some time holds the entries between, and is right by itself") func range() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(10, in: org)
        let export = TrailExport(store: trail.store, keys: trail.keys, time: trail.door.time)
        for (from, to, first, last) in [(3, 6, 4, 6), (0, 100, 1, 10), (50, 60, 11, 10)] as [(Int, Int, Int64, Int64)] {
            var bytes: [UInt8] = []
            try await export.write(
                org, as: .jsonl, from: Given.start + .seconds(from), to: Given.start + .seconds(to)
            ) { bytes += $0 }
            let head = try await ExportVerifier().verify(ExportBytes(bytes)).head
            #expect(head.firstSeq == first)
            #expect(head.seq == last)
        }
    }

    @Test("a broken trail is not signed for") func broken() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(5, in: org)
        try await trail.database.superuser.executeGlobally("UPDATE pulse.audit_entries SET actor = 'x' WHERE seq = 3")
        await #expect(throws: BrokenTrail.self) { _ = try await trail.export(org) }
    }

    @Test("an export by someone else's key is refused where a key is given") func foreignKey() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(2, in: org)
        let bytes = try await trail.export(org)
        let other = TrailKeys(secret: Secret([UInt8](repeating: 7, count: 32))).signing.verifying
        await #expect(throws: ExportVerifier.Fault.self) {
            _ = try await ExportVerifier(pinned: other).verify(ExportBytes(bytes))
        }
    }

    @Test("a file is verified as its bytes are, and what is no export is refused in words") func file() async throws {
        let trail = try TrailCase()
        let org = try await Given.organisation()
        try await trail.entries(5, in: org)
        let folder = FileManager.default.temporaryDirectory.appending(path: "audit-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let path = folder.appending(path: "a.jsonl").path()
        try Data(try await trail.export(org)).write(to: URL(filePath: path))
        #expect(try await ExportVerifier().verify(try ExportFile(path: path)).head.count == 5)
        for (name, text) in [("empty", ""), ("words", "hello\n"), ("object", "{}\n")] {
            let other = folder.appending(path: name).path()
            try Data(text.utf8).write(to: URL(filePath: other))
            await #expect(throws: ExportVerifier.Fault.self) {
                _ = try await ExportVerifier().verify(try ExportFile(path: other))
            }
        }
        #expect(throws: ExportVerifier.Fault.self) { _ = try ExportFile(path: folder.path()) }
        #expect(throws: ExportVerifier.Fault.self) { _ = try ExportFile(path: path + "x") }
    }

    @Test("the download leaves an entry, which it holds already") func download() async throws {
        let trail = try TrailCase()
        let (browser, _, org) = try await trail.member()
        try await trail.entries(2, in: org)
        let answer = await browser.send(.get, "/api/audit/export?format=csv")
        #expect(answer.status == 200)
        #expect(answer.headers["content-type"]?.hasPrefix("text/csv") == true)
        #expect(answer.headers["content-disposition"]?.hasSuffix(".csv\"") == true)
        #expect(await browser.send(.get, "/api/audit").json["data"]?[0]?["action"]?.string == "audit.export")
        let refused = await browser.send(.get, "/api/audit/export?format=xml")
        #expect(refused.status == 400)
        #expect(refused.json["field"]?.string == "format")
        #expect(try await trail.store.ends(of: org).head.seq == 3)
    }

    @Test(
        "a cell that a spreadsheet would compute is kept from it, and comes back as it was",
        arguments: ["=1+1", "+1", "-1", "@SUM(A1)", "'", "'=1", "", "a\"b", "a,b", "a\nb", "\t", "plain", "監査"])
    func cells(text: String) throws {
        let entry = AuditEntryValue(
            seq: 1, id: AuditEntryID.new(at: Given.start), at: Given.start, actor: text, through: text, action: "a.b",
            object: text, before: nil, after: text, address: "", userAgent: text, requestID: text,
            hash: [UInt8](repeating: 1, count: 32))
        let line = ExportLine.csv(entry)
        #expect(try ExportLine.entry(csv: line.dropLast()) == entry)
        let cells = String(decoding: line, as: UTF8.self).split(separator: ",")
        #expect(cells.allSatisfy { !"=+-@".contains($0.first ?? " ") })
        #expect(
            try ExportLine.entry(json: ExportLine.json(entry.with(after: nil)).dropLast()) == entry.with(after: nil))
    }
}

extension AuditEntryValue {
    fileprivate func with(after: String?) -> AuditEntryValue {
        var copy = self
        copy.after = after
        return copy
    }
}
