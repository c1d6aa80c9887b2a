import Foundation
import JSONKit
import Kernel
import Postgres
import TestKit
import Testing

@testable import Vault

/// An organisation's own key, on a Transit server that the test can make refuse.
@Suite(.postgres, .enabled(if: KeyPeer.python != nil, KeyPeer.skipped)) struct OwnKeyTests {
    let fixture = VaultFixture()
    let database = TestDatabase.current

    private func ring(_ peer: KeyPeer) throws -> KeyRing {
        KeyRing(
            database.app, providers: KeyProviders(standard: fixture.provider, others: [try peer.transit()]),
            time: fixture.time)
    }

    /// An organisation with three secrets that has just brought its own key.
    private func brought(_ peer: KeyPeer) async throws -> OrgID {
        try await fixture.makeTables()
        let org = try await Given.organisation()
        let ring = try ring(peer)
        try await fixture.fill(org, rows: 3, with: SecretVault(ring))
        try await peer.order("create", ["key": "nordwind"])
        try await OwnKeys(ring).bring(.transit, reference: "nordwind", to: org, entry: [])
        return org
    }

    @Test("secrets stay readable while they move under the own key, and nothing of the old keys opens them afterwards")
    func bring() async throws {
        let peer = try await KeyPeer("transit_server.py")
        let org = try await brought(peer)
        let before = try await fixture.ciphertexts(org).map(\.sealed.keyID)
        #expect(try await fixture.readable(org, with: SecretVault(ring(peer))) == 3)
        try await fixture.finish(fixture.rotator(ring(peer)))
        #expect(try await fixture.readable(org, with: SecretVault(ring(peer))) == 3)
        let after = try await fixture.ciphertexts(org).map(\.sealed.keyID)
        #expect(Set(before).isDisjoint(with: after))
        #expect(try await KeyTable(database.app).dataKeys(of: .org(org)).allSatisfy { $0.wrapping.isOwn })
    }

    @Test("a revoked key makes the organisation unreadable within a minute, on processes that had it in memory")
    func revoked() async throws {
        let peer = try await KeyPeer("transit_server.py")
        let org = try await brought(peer)
        let vault = SecretVault(try ring(peer))
        #expect(try await fixture.readable(org, with: vault) == 3)
        try await peer.order("revoke")
        fixture.time.advance(by: .seconds(55))
        let (id, sealed) = try #require(try await fixture.ciphertexts(org).first)
        let error = await #expect(throws: VaultError.self) {
            try await vault.open(sealed, for: .org(org), at: fixture.place(id))
        }
        #expect(error?.problem.slug == "key-unavailable")
        await #expect(throws: VaultError.self) {
            try await vault.seal(Secret("x"), for: .org(org), at: fixture.place(id))
        }
        try await peer.order("restore")
        // Its provider is left alone for a moment after it said no.
        fixture.time.advance(by: KeyRing.refusalLifetime)
        #expect(try await fixture.readable(org, with: vault) == 3)
    }

    @Test("the key can be taken back, once more with its help") func takeBack() async throws {
        let peer = try await KeyPeer("transit_server.py")
        let org = try await brought(peer)
        let ring = try ring(peer)
        try await fixture.finish(fixture.rotator(ring))
        try await peer.order("revoke")
        fixture.time.advance(by: .seconds(60))
        await #expect(throws: VaultError.self) { try await OwnKeys(ring).takeBack(from: org, entry: []) }
        try await peer.order("restore")
        try await OwnKeys(ring).takeBack(from: org, entry: [])
        try await fixture.finish(fixture.rotator(ring))
        try await peer.order("revoke")
        #expect(try await fixture.readable(org, with: SecretVault(ring)) == 3)
        try await OwnKeys(ring).takeBack(from: org, entry: [])
    }

    @Test("a key that does not answer is refused before anything depends on it") func refused() async throws {
        let peer = try await KeyPeer("transit_server.py")
        let org = try await Given.organisation()
        let own = OwnKeys(try ring(peer))
        let missing = await #expect(throws: Problem.self) {
            try await own.bring(.transit, reference: "nobody", to: org, entry: [])
        }
        #expect(missing?.slug == "own-key-refused")
        #expect(try await peer.order("keys")["keys"]?.array?.isEmpty == true)
        for (kind, field) in [(KeyProviderKind.awsKMS, "provider"), (.transit, "reference")] {
            let error = await #expect(throws: Problem.self) {
                try await own.bring(kind, reference: "pulse-ours", to: org, entry: [])
            }
            #expect(error?.field == field)
        }
        #expect(try await KeyTable(database.app).activeWrappingKey(of: .org(org)) == nil)
    }

    @Test("an organisation without secrets can begin with its own key") func first() async throws {
        let peer = try await KeyPeer("transit_server.py")
        let (org, ring) = (try await Given.organisation(), try ring(peer))
        try await peer.order("create", ["key": "nordwind"])
        try await OwnKeys(ring).bring(.transit, reference: "nordwind", to: org, entry: [])
        let overview = try await KeyOverview.read(org, from: ring)
        #expect(overview.wrapping?.key.isOwn == true)
        #expect(overview.dataKeys.map(\.version) == [1])
        try await peer.order("revoke")
        fixture.time.advance(by: .seconds(60))
        let place = SealedPlace(table: "t", column: "c", row: "1")
        await #expect(throws: VaultError.self) {
            try await SecretVault(ring).seal(Secret("x"), for: .org(org), at: place)
        }
    }
}

/// Keys that do not do what an own key has to.
@Suite(.postgres) struct UnfitOwnKeyTests {
    /// Wraps what it is given, and gives something else back.
    private struct Forgetful: KeyProvider {
        let kind = KeyProviderKind.transit
        /// What unwrapping answers; `nil`: what was wrapped.
        let answer: [UInt8]?

        func create(_ id: WrappingKeyID, for owner: KeyOwner) async throws(KeyProviderError) -> String { "\(id)" }

        func wrap(
            _ key: Secret<[UInt8]>, under wrapping: WrappingKey, for binding: WrapBinding
        ) async throws(KeyProviderError) -> [UInt8] { key.reveal() }

        func unwrap(
            _ wrapped: [UInt8], under wrapping: WrappingKey, for binding: WrapBinding
        ) async throws(KeyProviderError) -> Secret<[UInt8]> { Secret(answer ?? wrapped) }

        func destroy(_ wrapping: WrappingKey) async throws(KeyProviderError) {}
    }

    @Test(
        "a key that does not give back what it wrapped is refused before anything hangs on it",
        arguments: [[], [UInt8](repeating: 0, count: 32), nil] as [[UInt8]?])
    func forgetful(answer: [UInt8]?) async throws {
        let fixture = VaultFixture()
        let org = try await Given.organisation()
        let ring = KeyRing(
            TestDatabase.current.app,
            providers: KeyProviders(standard: fixture.provider, others: [Forgetful(answer: answer)]), time: fixture.time
        )
        let keys = KeyTable(TestDatabase.current.app)
        do {
            try await OwnKeys(ring).bring(.transit, reference: "nordwind", to: org, entry: [])
            #expect(answer == nil, "the one that gives back is taken")
            #expect(try await keys.activeWrappingKey(of: .org(org))?.isOwn == true)
        } catch let problem as Problem {
            #expect(problem.slug == "own-key-refused" && answer != nil)
            #expect(try await keys.activeWrappingKey(of: .org(org)) == nil)
        }
    }
}
