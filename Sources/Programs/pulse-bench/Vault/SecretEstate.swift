import Foundation
import Kernel
import Logging
import Postgres
import Vault

/// Organisations with sealed secrets in a table of the bench's own, and the vault as several processes would have it.
struct SecretEstate {
    static let column = SealedColumn(.organisations, table: "bench_secrets", column: "secret")

    struct Row: Sendable {
        let org: OrgID
        let id: ResourceID
        /// What the secret is: told by its row, so that whoever opens it knows whether it is right.
        var canary: String { "CANARY-\(id)" }
        var place: SealedPlace { SealedPlace(table: "bench_secrets", column: "secret", row: id) }
    }

    let lent: BenchDatabase
    let app: Database
    let worker: Database
    let store: String
    let time = SystemTime()

    init(store: String, connections: Int = 8) throws {
        lent = try BenchDatabase()
        self.store = store
        var configuration = lent.configuration(connections: connections)
        configuration.leasedConnections = 8
        app = Database(configuration, logger: lent.logger)
        guard let url = ProcessInfo.processInfo.environment["PULSE_WORKER_DATABASE_URL"] else {
            throw BenchFault.noSetting("PULSE_WORKER_DATABASE_URL")
        }
        var workers = DatabaseConfiguration(url: Secret(url))
        workers.sharedConnections = 2
        workers.unavailableAfter = .seconds(10)
        worker = Database(workers, logger: lent.logger)
    }

    func close() {
        app.close()
        worker.close()
    }

    /// A key ring with a memory of its own: another process.
    func ring() -> KeyRing {
        let provider = KeyStoreProvider(directory: store, root: .file(path: "\(store)/root.key"))
        return KeyRing(app, providers: KeyProviders(standard: provider), time: time)
    }

    func makeTable() async throws {
        try await lent.prepare([
            """
            CREATE TABLE pulse.bench_secrets (
                org_id uuid NOT NULL, id uuid NOT NULL, secret pulse.sealed NOT NULL, PRIMARY KEY (org_id, id))
            """,
            "ALTER TABLE pulse.bench_secrets OWNER TO pulse_owner",
            "SELECT pulse_owner_tools.tenant_table('bench_secrets')",
            "GRANT SELECT, INSERT, DELETE, UPDATE (secret) ON pulse.bench_secrets TO pulse_app",
        ])
    }

    /// `each` secrets in each of `orgs` new organisations.
    func fill(orgs: Int, each: Int) async throws -> [Row] {
        let vault = SecretVault(ring())
        return try await withThrowingTaskGroup(of: [Row].self) { group in
            var rows: [Row] = []
            for index in 0..<orgs {
                if index >= 8 { rows += try await group.next() ?? [] }
                group.addTask { try await fill(.new(at: time.now), each: each, with: vault) }
            }
            for try await more in group { rows += more }
            return rows
        }
    }

    private func fill(_ org: OrgID, each: Int, with vault: SecretVault) async throws -> [Row] {
        let rows = (0..<each).map { _ in Row(org: org, id: .new(at: time.now)) }
        var sealed: [Sealed] = []
        for row in rows {
            sealed.append(try await vault.seal(Secret(row.canary), for: .org(org), at: row.place))
        }
        try await app.execute(
            in: org, "INSERT INTO bench_secrets SELECT \(org), * FROM unnest(\(rows.map(\.id)), \(sealed))")
        return rows
    }

    func ciphertexts(of org: OrgID) async throws -> [(row: Row, sealed: Sealed)] {
        try await app.rows(in: org, "SELECT id, secret FROM bench_secrets ORDER BY id") {
            (row: Row(org: org, id: try $0.next()), sealed: try $0.next(Sealed.self))
        }
    }
}
