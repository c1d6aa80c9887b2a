internal import Metrics

enum VaultMetrics {
    static func count(_ error: KeyProviderError) {
        Counter(label: "pulse_vault_provider_failures_total", dimensions: [("reason", error.reason)]).increment()
    }

    static func countRewritten(_ rows: Int) {
        Counter(label: "pulse_vault_rewritten_total").increment(by: Int64(rows))
    }
}

enum LogKey {
    static let org = "org"
    static let rotation = "rotation"
    static let error = "error"
    static let count = "count"
}
