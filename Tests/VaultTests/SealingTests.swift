import Crypto
import Foundation
import Kernel
import NIOConcurrencyHelpers
import Postgres
import TestKit
import Testing

@testable import Vault

@Suite(.postgres) struct SealingTests {
    let fixture = VaultFixture()

    @Test("what was sealed opens at its place, in another process too") func roundTrip() async throws {
        let org = try await Given.organisation()
        let place = SealedPlace(table: "t", column: "c", row: "1")
        let sealed = try await fixture.vault().seal(Secret("correct horse"), for: .org(org), at: place)
        #expect(try await fixture.vault().openText(sealed, for: .org(org), at: place).reveal() == "correct horse")
        let personal = try await fixture.vault().seal(Secret(""), for: .instance, at: place)
        #expect(try await fixture.vault().openText(personal, for: .instance, at: place).reveal() == "")
    }

    @Test("a ciphertext opens for no other owner, table, column or row, and not when a byte of it is changed")
    func bound() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        let vault = fixture.vault()
        let place = SealedPlace(table: "t", column: "c", row: "1")
        let sealed = try await vault.seal(Secret("x"), for: .org(ours), at: place)
        _ = try await vault.seal(Secret("y"), for: .org(theirs), at: place)
        for other in [
            SealedPlace(table: "u", column: "c", row: "1"), SealedPlace(table: "t", column: "d", row: "1"),
            SealedPlace(table: "t", column: "c", row: "2"), SealedPlace(table: "tc", column: "", row: "1"),
        ] {
            await #expect(throws: VaultError.damaged) { try await vault.open(sealed, for: .org(ours), at: other) }
        }
        for owner in [KeyOwner.org(theirs), .instance] {
            await #expect(throws: VaultError.keyDestroyed) { try await vault.open(sealed, for: owner, at: place) }
        }
        for index in sealed.bytes.indices {
            var bytes = sealed.bytes
            bytes[index] ^= 1
            await #expect(throws: VaultError.self, "byte \(index)") {
                try await vault.open(Sealed(bytes: bytes), for: .org(ours), at: place)
            }
        }
    }

    @Test("even under one and the same key a ciphertext opens for its own owner alone") func boundToOwner() throws {
        let key = DataKeyMaterial(id: .new(at: Given.start), secret: SymmetricKey(size: .bits256))
        let place = SealedPlace(table: "t", column: "c", row: "1")
        let owners = [KeyOwner.org(.new(at: Given.start)), .org(.new(at: Given.start)), .instance]
        for (number, owner) in owners.enumerated() {
            let sealed = try Sealed.seal(Secret([1, 2]), under: key, for: owner, at: place)
            for (otherNumber, other) in owners.enumerated() {
                let opened = try? sealed.open(under: key, for: other, at: place).reveal()
                #expect(opened == (number == otherNumber ? [1, 2] : nil), "\(number) for \(otherNumber)")
            }
        }
    }

    /// Lets five seconds pass and says nothing.
    private struct Silent: KeyProvider {
        let kind: KeyProviderKind
        let time: ManualTime
        let asked: NIOLockedValueBox<Int>

        private func silence() throws(KeyProviderError) -> Never {
            asked.withLockedValue { $0 += 1 }
            time.advance(by: .seconds(5))
            throw .unreachable("no answer")
        }
        func create(_ id: WrappingKeyID, for owner: KeyOwner) async throws(KeyProviderError) -> String { try silence() }
        func wrap(
            _ key: Secret<[UInt8]>, under wrapping: WrappingKey, for binding: WrapBinding
        ) async throws(KeyProviderError) -> [UInt8] { try silence() }
        func unwrap(
            _ wrapped: [UInt8], under wrapping: WrappingKey, for binding: WrapBinding
        ) async throws(KeyProviderError) -> Secret<[UInt8]> { try silence() }
        func destroy(_ wrapping: WrappingKey) async throws(KeyProviderError) { try silence() }
    }

    @Test("two hundred secrets wait once for a provider that does not answer, and ask it again five seconds later")
    func silentProvider() async throws {
        let org = try await Given.organisation()
        let places = (0..<200).map { SealedPlace(table: "t", column: "c", row: "\($0)") }
        var sealed: [Sealed] = []
        for place in places {
            sealed.append(try await fixture.vault().seal(Secret("x"), for: .org(org), at: place))
        }
        let asked = NIOLockedValueBox(0)
        let vault = fixture.vault(Silent(kind: fixture.provider.kind, time: fixture.time, asked: asked))
        let start = fixture.time.monotonic
        for (secret, place) in zip(sealed, places) {
            await #expect(throws: VaultError.keyUnavailable(reason: .unreachable("no answer"))) {
                try await vault.open(secret, for: .org(org), at: place)
            }
        }
        #expect(asked.withLockedValue { $0 } == 1 && fixture.time.monotonic - start == .seconds(5))
        fixture.time.advance(by: KeyRing.refusalLifetime)
        _ = try? await vault.open(sealed[0], for: .org(org), at: places[0])
        #expect(asked.withLockedValue { $0 } == 2)
    }

    @Test("a sealed value shows nothing of itself") func unspoken() async throws {
        let org = try await Given.organisation()
        let sealed = try await fixture.vault().seal(
            Secret("canary"), for: .org(org), at: SealedPlace(table: "t", column: "c", row: "1"))
        var dumped = ""
        dump(sealed, to: &dumped)
        for text in ["\(sealed)", String(reflecting: sealed), dumped] { #expect(text.contains("<sealed>")) }
        #expect(!(sealed as Any is any Encodable))
    }

    @Test("many first secrets at once, from several processes, are sealed under one key") func firstKey() async throws {
        let org = try await Given.organisation()
        let vaults = (0..<4).map { _ in fixture.vault() }
        let keys = try await withThrowingTaskGroup(of: DataKeyID?.self) { group in
            for number in 0..<40 {
                group.addTask {
                    try await vaults[number % 4].seal(
                        Secret("x"), for: .org(org), at: SealedPlace(table: "t", column: "c", row: "\(number)")
                    ).keyID
                }
            }
            return try await group.reduce(into: Set<DataKeyID?>()) { $0.insert($1) }
        }
        #expect(keys.count == 1)
        #expect(!keys.contains(nil))
        #expect(fixture.storedKeys().count == 1)  // the losers' wrapping keys are gone
    }

    @Test("a column of ciphertexts takes nothing else") func domain() async throws {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        let plain = Array("a password in the clear, long enough to look like something".utf8)
        await #expect(throws: DatabaseError.self) {
            try await TestDatabase.current.app.execute(
                in: org, "INSERT INTO things VALUES (\(org), \(ResourceID.new(at: fixture.time.now)), \(plain))")
        }
    }

    @Test("another organisation sees no key") func isolation() async throws {
        let (ours, theirs) = (try await Given.organisation(), try await Given.organisation())
        _ = try await fixture.vault().seal(
            Secret("x"), for: .org(ours), at: SealedPlace(table: "t", column: "c", row: "1"))
        let table = KeyTable(TestDatabase.current.app)
        #expect(try await table.dataKeys(of: .org(ours)).count == 1)
        #expect(try await table.dataKeys(of: .org(theirs)).isEmpty)
        #expect(try await table.dataKeys(of: .instance).isEmpty)
    }
}
