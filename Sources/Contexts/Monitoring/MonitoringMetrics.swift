import Metrics

/// What this room counts.
enum MonitoringMetrics {
    static let flushes = Counter(label: "pulse_monitoring_flushes_total")
    static let failures = Counter(label: "pulse_monitoring_failures_total")
    static let samples = Counter(label: "pulse_monitoring_samples_total")
    static let monitors = Gauge(label: "pulse_monitoring_monitors")
    static let shards = Gauge(label: "pulse_monitoring_shards")
}

enum LogKey {
    static let org = "org"
    static let reason = "reason"
    static let shards = "shards"
    static let worker = "worker"
    static let connection = "connection"
}
