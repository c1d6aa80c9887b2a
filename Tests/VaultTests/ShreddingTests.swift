import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import Vault

@Suite(.postgres) struct ShreddingTests {
    let fixture = VaultFixture()
    let database = TestDatabase.current

    @Test("after shredding nothing of the organisation opens, and everything of the others does") func shred()
        async throws
    {
        try await fixture.makeTables()
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let vault = fixture.vault()
        for org in [ours, theirs] { try await fixture.fill(org, rows: 3, with: vault) }
        let shredder = fixture.shredder()
        #expect(try await !shredder.isShredded(ours))
        try await shredder.shred(ours)
        #expect(try await shredder.isShredded(ours))
        let fresh = fixture.vault()
        for (id, sealed) in try await fixture.ciphertexts(ours) {
            await #expect(throws: VaultError.keyDestroyed) {
                try await fresh.open(sealed, for: .org(ours), at: fixture.place(id))
            }
        }
        #expect(try await fixture.readable(theirs, with: fresh) == 3)
        #expect(fixture.storedKeys().count == 1)
        try await shredder.shred(ours)  // twice is fine
        #expect(try await !shredder.isShredded(theirs))
    }

    @Test("an organisation that was shredded gets no new key, with or without secrets before")
    func noNewKey() async throws {
        let (org, empty) = (try await Given.organisation(), try await Given.organisation())
        let place = SealedPlace(table: "t", column: "c", row: "1")
        _ = try await fixture.vault().seal(Secret("x"), for: .org(org), at: place)
        for org in [org, empty] {
            try await fixture.shredder().shred(org)
            await #expect(throws: VaultError.keyDestroyed) {
                try await fixture.vault().seal(Secret("y"), for: .org(org), at: place)
            }
        }
    }

    @Test("a process that had the keys in memory forgets them within their lifetime") func memory() async throws {
        let org = try await Given.organisation()
        let place = SealedPlace(table: "t", column: "c", row: "1")
        let elsewhere = fixture.vault()
        let sealed = try await elsewhere.seal(Secret("x"), for: .org(org), at: place)
        try await fixture.shredder().shred(org)
        fixture.time.advance(by: KeyRing.keyLifetime)
        await #expect(throws: VaultError.keyDestroyed) { try await elsewhere.open(sealed, for: .org(org), at: place) }
    }

    @Test("rows of an earlier backup that come back are taken away again by the ledger") func replay() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        try await fixture.fill(org, rows: 2, with: fixture.vault())
        let (ledger, copy) = ("\(fixture.directory)/erasures.jsonl", fixture.directory + "-earlier")
        defer { try? FileManager.default.removeItem(atPath: copy) }
        try FileManager.default.copyItem(atPath: fixture.directory, toPath: copy)
        try await database.superuser.asNobody { transaction in
            for table in ["data_keys", "wrapping_keys"] {
                try await transaction.execute(
                    SQL(unsafeSQL: "CREATE TABLE pulse.earlier_\(table) AS SELECT * FROM pulse.\(table)"))
            }
        }
        try await fixture.shredder(ledger: ledger).shred(org)
        // Both the database and the key store come back as they were.
        try await database.superuser.asNobody { transaction in
            for statement in [
                "DELETE FROM pulse.erasure_ledger", "DELETE FROM pulse.wrapping_keys",
                "INSERT INTO pulse.wrapping_keys SELECT * FROM pulse.earlier_wrapping_keys",
                "INSERT INTO pulse.data_keys SELECT * FROM pulse.earlier_data_keys",
            ] as [SQL] { try await transaction.execute(statement) }
        }
        for name in try FileManager.default.subpathsOfDirectory(atPath: copy) where name.hasSuffix(".key") {
            try? FileManager.default.copyItem(atPath: "\(copy)/\(name)", toPath: "\(fixture.directory)/\(name)")
        }
        #expect(try await fixture.readable(org, with: fixture.vault()) == 2)
        #expect(try await fixture.shredder(ledger: ledger).replay() == [org])
        #expect(try await fixture.shredder().isShredded(org))
        #expect(fixture.storedKeys().isEmpty)
        #expect(try await fixture.shredder(ledger: ledger).replay() == [])
    }

    @Test("a ledger with a line that is none stops the start") func damagedLedger() throws {
        try FileManager.default.createDirectory(atPath: fixture.directory, withIntermediateDirectories: true)
        let path = "\(fixture.directory)/erasures.jsonl"
        try "{\"org\":\"nobody\"}\n".write(toFile: path, atomically: true, encoding: .utf8)
        let error = #expect(throws: Problem.self) { try ErasureLedger(path: path).lines() }
        #expect(error?.detail?.contains("line 1") == true)
    }
}
