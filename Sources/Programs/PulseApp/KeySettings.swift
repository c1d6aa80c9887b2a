package import Kernel
package import Vault

/// Who holds the keys that wrap data keys, and how they are reached.
package struct KeySettings: Sendable {
    /// `PULSE_KEY_PROVIDER`: file, environment, aws-kms or transit. Default file.
    package var provider: KeyProviderKind
    /// `PULSE_KEY_STORE`: directory of wrapping keys. Default .local/keys; required in production for file and environment.
    package var store: String
    /// `PULSE_KEY_FILE`: the root key. Default root.key in the store.
    package var file: String
    /// `PULSE_KEY`: the root key, base64 of 32 bytes.
    package var root: Secret<String>?
    /// `PULSE_ERASURE_LEDGER`: file. Default erasures.jsonl in the store.
    package var ledger: String?
    /// `PULSE_BACKUP_HORIZON_DAYS`: 1...3650. Default 30.
    package var backupHorizon: Duration

    /// The keys in the order of `.env.example`.
    static let keys = [
        "PULSE_KEY_PROVIDER", "PULSE_KEY_STORE", "PULSE_KEY_FILE", "PULSE_KEY", "PULSE_ERASURE_LEDGER",
        "PULSE_BACKUP_HORIZON_DAYS",
    ]

    init(_ reader: EnvironmentReader, isProduction: Bool) throws(ConfigurationError) {
        provider = try reader.choice("PULSE_KEY_PROVIDER", KeyProviderKind.self) ?? .file
        let hasStore = provider == .file || provider == .environment
        if hasStore, isProduction, reader.text("PULSE_KEY_STORE") == nil {
            throw .missing(
                "PULSE_KEY_STORE", wanted: "a directory that outlives this machine's programs and its database")
        }
        store = reader.text("PULSE_KEY_STORE") ?? ".local/keys"
        file = reader.text("PULSE_KEY_FILE") ?? "\(store)/root.key"
        root = reader.text("PULSE_KEY").map(Secret.init)
        if provider == .environment, root == nil { throw .missing("PULSE_KEY", wanted: "base64 of 32 random bytes") }
        backupHorizon = .seconds(86_400 * (try reader.integer("PULSE_BACKUP_HORIZON_DAYS", in: 1...3650) ?? 30))
        ledger = reader.text("PULSE_ERASURE_LEDGER") ?? (hasStore ? "\(store)/erasures.jsonl" : nil)
    }

    /// The providers this installation can talk to. Nothing is read or reached before the first key is wanted.
    package func providers() throws -> KeyProviders {
        let source: RootKeySource = provider == .environment ? .environment(root ?? Secret("")) : .file(path: file)
        return KeyProviders(standard: KeyStoreProvider(directory: store, root: source))
    }
}
