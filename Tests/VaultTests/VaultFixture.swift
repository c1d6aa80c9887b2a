import Foundation
import Kernel
import Postgres
import TestKit

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

    /// The files of wrapping keys.
    func storedKeys() -> [String] {
        let all = FileManager.default.subpaths(atPath: directory) ?? []
        return all.filter { $0.hasSuffix(".key") && $0 != "root.key" }.map { "\(directory)/\($0)" }
    }
}
