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
    /// `PULSE_KMS_REGION`, `PULSE_KMS_ACCESS_KEY_ID`, `PULSE_KMS_SECRET_ACCESS_KEY`; `PULSE_KMS_URL` for another endpoint
    /// than the region's own. All or none.
    package var kms: AWSKMSProvider.Account?
    /// `PULSE_TRANSIT_URL`, `PULSE_TRANSIT_TOKEN`, both or none; `PULSE_TRANSIT_MOUNT`, default transit.
    package var transit: Transit?

    package struct Transit: Sendable {
        package let url: String
        package let mount: String
        package let token: Secret<String>
    }

    /// The keys in the order of `.env.example`.
    static let keys = [
        "PULSE_KEY_PROVIDER", "PULSE_KEY_STORE", "PULSE_KEY_FILE", "PULSE_KEY", "PULSE_ERASURE_LEDGER",
        "PULSE_BACKUP_HORIZON_DAYS", "PULSE_KMS_REGION", "PULSE_KMS_URL", "PULSE_KMS_ACCESS_KEY_ID",
        "PULSE_KMS_SECRET_ACCESS_KEY", "PULSE_TRANSIT_URL", "PULSE_TRANSIT_MOUNT", "PULSE_TRANSIT_TOKEN",
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
        kms = try Self.kms(reader, isProduction: isProduction)
        transit = try Self.transit(reader, isProduction: isProduction)
        backupHorizon = .seconds(86_400 * (try reader.integer("PULSE_BACKUP_HORIZON_DAYS", in: 1...3650) ?? 30))
        ledger = reader.text("PULSE_ERASURE_LEDGER") ?? (hasStore ? "\(store)/erasures.jsonl" : nil)
    }

    private static func kms(
        _ reader: EnvironmentReader, isProduction: Bool
    ) throws(ConfigurationError) -> AWSKMSProvider.Account? {
        guard let region = reader.text("PULSE_KMS_REGION") else { return nil }
        guard let id = reader.text("PULSE_KMS_ACCESS_KEY_ID") else {
            throw .missing("PULSE_KMS_ACCESS_KEY_ID", wanted: "the access key of an IAM user that may use KMS")
        }
        guard let secret = reader.text("PULSE_KMS_SECRET_ACCESS_KEY") else {
            throw .missing("PULSE_KMS_SECRET_ACCESS_KEY", wanted: "the secret of PULSE_KMS_ACCESS_KEY_ID")
        }
        return AWSKMSProvider.Account(
            region: region, url: try url(reader, "PULSE_KMS_URL", isProduction: isProduction), accessKeyID: id,
            secretAccessKey: Secret(secret))
    }

    private static func transit(
        _ reader: EnvironmentReader, isProduction: Bool
    ) throws(ConfigurationError) -> Transit? {
        guard let url = try url(reader, "PULSE_TRANSIT_URL", isProduction: isProduction) else { return nil }
        guard let token = reader.text("PULSE_TRANSIT_TOKEN") else {
            throw .missing("PULSE_TRANSIT_TOKEN", wanted: "a token that may use the Transit engine")
        }
        let mount = reader.text("PULSE_TRANSIT_MOUNT") ?? "transit"
        guard mount.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "?") }) else {
            throw .unfit(
                "PULSE_TRANSIT_MOUNT", saw: mount, wanted: "the path the engine is mounted at, such as transit")
        }
        return Transit(url: url, mount: mount, token: Secret(token))
    }

    /// Keys travel there: https, except to a test beside us.
    private static func url(
        _ reader: EnvironmentReader, _ key: String, isProduction: Bool
    ) throws(ConfigurationError) -> String? {
        guard var url = reader.text(key) else { return nil }
        while url.hasSuffix("/") { url.removeLast() }
        let rest = url.hasPrefix("https://") ? url.dropFirst(8) : url.hasPrefix("http://") ? url.dropFirst(7) : ""
        guard !rest.isEmpty, !rest.contains("/"), !rest.contains("@"), !rest.contains("?"), url.isPlainLine else {
            throw .unfit(key, saw: url, wanted: "an address without a path, such as https://keys.example.com:8200")
        }
        if isProduction, !url.hasPrefix("https://") {
            throw .unfit(key, saw: url, wanted: "an https address in production")
        }
        return url
    }

    /// The providers this installation can talk to: the one that makes keys, and those whose own keys organisations may
    /// bring. Nothing is read or reached before the first key is wanted.
    /// - Throws: `ConfigurationError` when the chosen provider lacks its settings.
    package func providers(time: any TimeSource) throws(ConfigurationError) -> KeyProviders {
        let http = KeyHTTP()
        let kms = kms.map { AWSKMSProvider($0, http: http, time: time) }
        let transit = transit.map { TransitProvider(url: $0.url, mount: $0.mount, token: $0.token, http: http) }
        let others = [kms as (any KeyProvider)?, transit].compactMap { $0 }
        switch provider {
        case .file:
            return KeyProviders(
                standard: KeyStoreProvider(directory: store, root: .file(path: file)), others: others)
        case .environment:
            return KeyProviders(
                standard: KeyStoreProvider(directory: store, root: .environment(root ?? Secret(""))), others: others)
        case .awsKMS:
            guard let kms else { throw .missing("PULSE_KMS_REGION", wanted: "the region that keys are made in") }
            return KeyProviders(standard: kms, others: others)
        case .transit:
            guard let transit else { throw .missing("PULSE_TRANSIT_URL", wanted: "the address of Vault or OpenBao") }
            return KeyProviders(standard: transit, others: others)
        }
    }
}
