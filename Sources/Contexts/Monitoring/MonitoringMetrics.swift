import Metrics

/// What this room counts.
enum MonitoringMetrics {
    static let flushes = Counter(label: "pulse_monitoring_flushes_total")
    static let failures = Counter(label: "pulse_monitoring_failures_total")
    /// Writes that the database refused because another worker has the shard, or the organisation has moved.
    static let fenced = Counter(label: "pulse_monitoring_fenced_total")
    /// From when a monitor heard that its configuration has changed until it asks as it says now.
    static let reload = Metrics.Timer(label: "pulse_monitoring_reload_seconds")
    /// Reports of machines that share a credential with more others than are shown.
    static let crowded = Counter(label: "pulse_monitoring_crowded_reports_total")
    static let samples = Counter(label: "pulse_monitoring_samples_total")
    static let monitors = Gauge(label: "pulse_monitoring_monitors")
    /// Whose turn has begun and not ended; `MonitorTurns` has the bounds.
    static let working = Gauge(label: "pulse_monitoring_monitors_working")
    static let shards = Gauge(label: "pulse_monitoring_shards")
}

enum LogKey {
    static let org = "org"
    static let reason = "reason"
    static let shards = "shards"
    static let worker = "worker"
    static let connection = "connection"
    static let seconds = "seconds"
}
