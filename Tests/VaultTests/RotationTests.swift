import Foundation
import Kernel
import Postgres
import TestKit
import Testing

@testable import Vault

@Suite(.postgres) struct RotationTests {
    let fixture = VaultFixture()
    let database = TestDatabase.current

    private func begin(_ kind: KeyRotation.Kind, _ owner: KeyOwner) async throws -> KeyRotation {
        try await KeyRotations(database.app).begin(kind, for: owner, at: fixture.time.now)
    }

    @Test("every secret opens at every moment of a rotation, and afterwards the old key is gone")
    func online() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        let (reader, rotator) = (fixture.vault(), fixture.rotator())
        try await fixture.fill(org, rows: 450, with: reader)
        let before = try await fixture.ciphertexts(org)
        let rotation = try await begin(.data, .org(org))
        for _ in 0..<20 {
            try await rotator.round()
            fixture.time.advance(by: .seconds(4))
            #expect(try await fixture.readable(org, with: reader) == 450)
        }
        let done = try #require(try await KeyRotations(database.app).rotation(rotation.id, of: .org(org)))
        #expect(done.state == .done)
        #expect(done.rewritten == 450)
        let keys = try await KeyTable(database.app).dataKeys(of: .org(org))
        #expect(keys.map(\.version) == [2])
        let fresh = fixture.vault()
        for (id, sealed) in before.prefix(3) {
            await #expect(throws: VaultError.keyDestroyed) {
                try await fresh.open(sealed, for: .org(org), at: fixture.place(id))
            }
        }
    }

    @Test("a rotation that was cut off goes on in another process") func resume() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        try await fixture.fill(org, rows: 450, with: fixture.vault())
        let rotation = try await begin(.data, .org(org))
        for _ in 0..<2 { try await fixture.rotator().round() }
        let half = try #require(try await KeyRotations(database.app).rotation(rotation.id, of: .org(org)))
        #expect(half.state == .rewriting)
        #expect(half.rewritten == 200)
        try await fixture.finish(fixture.rotator())
        #expect(try await fixture.readable(org, with: fixture.vault()) == 450)
    }

    @Test("what another process seals with the key it still believes in is not lost") func laggard() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        let (laggard, rotator) = (fixture.vault(), fixture.rotator())
        try await fixture.fill(org, rows: 1, with: laggard)
        _ = try await begin(.data, .org(org))
        for _ in 0..<3 { try await rotator.round() }
        let late = try await fixture.fill(org, rows: 1, with: laggard)
        let old = try await fixture.ciphertexts(org).first { $0.id == late[0] }?.sealed.keyID
        let current = try await KeyTable(database.app).currentKey(of: .org(org))
        #expect(old != current)
        try await fixture.finish(rotator)
        #expect(try await fixture.readable(org, with: fixture.vault()) == 2)
    }

    @Test("a row that somebody holds is waited for") func locked() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        let ids = try await fixture.fill(org, rows: 3, with: fixture.vault())
        let rotation = try await begin(.data, .org(org))
        let rotator = fixture.rotator()
        try await database.app.asOrg(org) { transaction in
            try await transaction.execute("SELECT 1 FROM things WHERE id = \(ids[0]) FOR UPDATE")
            for _ in 0..<6 {
                try await rotator.round()
                fixture.time.advance(by: .seconds(30))
            }
            let state = try await KeyRotations(database.app).rotation(rotation.id, of: .org(org))?.state
            #expect(state == .rewriting)
        }
        try await fixture.finish(rotator)
        #expect(try await fixture.readable(org, with: fixture.vault()) == 3)
    }

    @Test("the installation's own secrets rotate too, and no organisation's key with them") func instance() async throws
    {
        try await fixture.makeTables()
        let (org, id) = (try await Given.organisation(), ResourceID.new(at: fixture.time.now))
        let vault = fixture.vault()
        try await fixture.fill(org, rows: 1, with: vault)
        let place = SealedPlace(table: "settings", column: "secret", row: id)
        let sealed = try await vault.seal(Secret("totp"), for: .instance, at: place)
        try await database.superuser.executeGlobally("INSERT INTO pulse.settings VALUES (\(id), \(sealed))")
        let before = try await KeyTable(database.app).currentKey(of: .org(org))
        _ = try await begin(.data, .instance)
        try await fixture.finish(fixture.rotator())
        let now = try await database.superuser.firstGlobally("SELECT secret FROM pulse.settings") {
            try $0.next(Sealed.self)
        }
        let resealed = try #require(now)
        #expect(resealed.keyID != sealed.keyID)
        #expect(try await fixture.vault().openText(resealed, for: .instance, at: place).reveal() == "totp")
        #expect(try await KeyTable(database.app).currentKey(of: .org(org)) == before)
    }

    @Test("a new wrapping key wraps the same data key; the old one is destroyed when no backup needs it any more")
    func wrapping() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        try await fixture.fill(org, rows: 2, with: fixture.vault())
        let before = try await KeyTable(database.app).dataKeys(of: .org(org))
        _ = try await begin(.wrapping, .org(org))
        try await fixture.finish(fixture.rotator())
        let after = try await KeyTable(database.app).dataKeys(of: .org(org))
        #expect(after.map(\.id) == before.map(\.id))
        #expect(after[0].wrapping != before[0].wrapping)
        #expect(try await fixture.readable(org, with: fixture.vault()) == 2)
        #expect(fixture.storedKeys().count == 2)
        #expect(try await fixture.shredder().sweep() == 0)
        fixture.time.advance(by: .seconds(31 * 86_400))
        #expect(try await fixture.shredder().sweep() == 1)
        #expect(fixture.storedKeys().count == 1)
        #expect(try await fixture.readable(org, with: fixture.vault()) == 2)
    }

    @Test("one rotation at a time in an organisation, and none of it in another's sight") func oneAtATime() async throws
    {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let rotation = try await begin(.data, .org(ours))
        await #expect(throws: Problem.keyRotationRunning) { try await begin(.wrapping, .org(ours)) }
        #expect(try await KeyRotations(database.app).rotation(rotation.id, of: .org(ours)) != nil)
        #expect(try await KeyRotations(database.app).rotation(rotation.id, of: .org(theirs)) == nil)
        #expect(try await KeyRotations(database.app).rotations(of: .org(theirs), limit: 10).isEmpty)
    }
}
