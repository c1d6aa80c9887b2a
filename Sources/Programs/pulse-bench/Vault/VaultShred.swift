import ArgumentParser
import Foundation
import Kernel
import Postgres
import Vault

/// Seals canaries and prints what an attacker may know, a line each: organisation, row, canary, data key.
struct VaultPlant: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plant", abstract: "Seals canaries for `ops/prove vault`.")

    @Option(help: "The key store's directory.") var store: String
    @Option(help: "Organisations.") var orgs: Int
    @Option(help: "Secrets in each.") var each: Int

    func run() async throws {
        let estate = try SecretEstate(store: store)
        defer { estate.close() }
        try await estate.makeTable()
        for row in try await estate.fill(orgs: orgs, each: each) {
            let key = try await estate.app.first(in: row.org, "SELECT id FROM data_keys WHERE state = 'current'") {
                try $0.next(DataKeyID.self)
            }
            print("\(row.org) \(row.id) \(row.canary) \(key!)")
        }
    }
}

/// Destroys the keys of organisations and deletes their rows, as an erasure does.
struct VaultShred: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shred", abstract: "Destroys keys for `ops/prove vault`.")

    @Option(help: "The key store's directory.") var store: String
    @Option(help: "The erasure ledger.") var ledger: String
    @Argument(help: "Organisations.") var orgs: [String]

    func run() async throws {
        let estate = try SecretEstate(store: store)
        defer { estate.close() }
        let shredder = KeyShredder(
            estate.ring(), worker: estate.worker, ledger: ErasureLedger(path: ledger), backupHorizon: .seconds(86_400),
            logger: estate.lent.logger)
        for org in orgs.compactMap({ OrgID($0) }) {
            try await estate.app.execute(in: org, "DELETE FROM bench_secrets")
            try await shredder.shred(org)
            print("\(org) \(try await shredder.isShredded(org))")
        }
    }
}
