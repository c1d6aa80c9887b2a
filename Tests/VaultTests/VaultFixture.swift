import Foundation
import Kernel
import Logging
import Postgres
import TestKit
import Testing

@testable import Vault

/// A key store of one's own for one test, and vaults on it as different processes would have them.
final class VaultFixture: Sendable {
    let directory = FileManager.default.temporaryDirectory.appending(path: "pulse-vault-\(UUID())").path()
    let time = ManualTime()

    deinit { try? FileManager.default.removeItem(atPath: directory) }

    var provider: KeyStoreProvider {
        KeyStoreProvider(directory: directory, root: .file(path: "\(directory)/root.key"))
    }

    func ring(_ provider: (any KeyProvider)? = nil) -> KeyRing {
        KeyRing(
            TestDatabase.current.app, providers: KeyProviders(standard: provider ?? self.provider), time: time)
    }

    func vault(_ provider: (any KeyProvider)? = nil) -> SecretVault { SecretVault(ring(provider)) }

    func rotator(_ ring: KeyRing? = nil) -> KeyRotator {
        KeyRotator(
            ring ?? self.ring(), worker: TestDatabase.current.worker, columns: [Self.things, Self.settings],
            logger: Logger(label: "test"))
    }

    func shredder(_ ring: KeyRing? = nil, ledger: String? = nil) -> KeyShredder {
        KeyShredder(
            ring ?? self.ring(), worker: TestDatabase.current.worker, ledger: ledger.map(ErasureLedger.init(path:)),
            backupHorizon: .seconds(30 * 86_400), logger: Logger(label: "test"))
    }

    // MARK: Tables with a sealed column

    static let things = SealedColumn(.organisations, table: "things", column: "secret")
    static let settings = SealedColumn(.instance, table: "settings", column: "secret")

    /// One table as organisations have them, one without an organisation.
    func makeTables() async throws {
        let database = TestDatabase.current
        try await database.owner.asNobody { transaction in
            for statement in [
                "CREATE TABLE things (org_id uuid NOT NULL, id uuid NOT NULL, secret sealed, PRIMARY KEY (org_id, id))",
                "SELECT pulse_owner_tools.tenant_table('things')",
                "GRANT SELECT, INSERT, DELETE, UPDATE (secret) ON things TO pulse_app",
                "CREATE TABLE settings (id uuid PRIMARY KEY, secret sealed)",
                "GRANT SELECT, UPDATE ON settings TO pulse_identity",
                "SELECT pulse_owner_tools.sealed_column('settings', 'secret')",
            ] as [SQL] { _ = try await transaction.batch([statement]) }
        }
    }

    /// Rows of `things` whose secret is their id.
    @discardableResult
    func fill(_ org: OrgID, rows: Int, with vault: SecretVault) async throws -> [ResourceID] {
        let ids = (0..<rows).map { _ in ResourceID.new(at: time.now) }
        var sealed: [Sealed] = []
        for id in ids { sealed.append(try await vault.seal(Secret(id.description), for: .org(org), at: place(id))) }
        try await TestDatabase.current.app.execute(
            in: org,
            "INSERT INTO things SELECT \(org), * FROM unnest(\(ids), \(sealed))")
        return ids
    }

    func place(_ id: ResourceID) -> SealedPlace { SealedPlace(table: "things", column: "secret", row: id) }

    func ciphertexts(_ org: OrgID) async throws -> [(id: ResourceID, sealed: Sealed)] {
        try await TestDatabase.current.app.rows(in: org, "SELECT id, secret FROM things ORDER BY id") {
            (id: try $0.next(), sealed: try $0.next())
        }
    }

    /// How many rows open and hold what they should.
    func readable(_ org: OrgID, with vault: SecretVault) async throws -> Int {
        var count = 0
        for (id, sealed) in try await ciphertexts(org)
        where try await vault.openText(sealed, for: .org(org), at: place(id)).reveal() == id.description { count += 1 }
        return count
    }

    /// Rounds, with the clock going on, until nothing is left to do.
    func finish(_ rotator: KeyRotator, limit: Int = 100) async throws {
        for _ in 0..<limit {
            try await rotator.round()
            time.advance(by: .seconds(5))
            let open = try await TestDatabase.current.worker.firstGlobally(
                "SELECT count(*) FROM key_rotations WHERE state <> 'done'"
            ) { try $0.next(Int.self) }
            if open == 0 { return }
        }
        Issue.record("the rotation does not end")
    }

    /// The files of wrapping keys.
    func storedKeys() -> [String] {
        let all = FileManager.default.subpaths(atPath: directory) ?? []
        return all.filter { $0.hasSuffix(".key") && $0 != "root.key" }.map { "\(directory)/\($0)" }
    }
}
