import Inventory
import Metrics

/// What polling counts.
enum PollMetrics {
    static let connections = Gauge(label: "pulse_monitoring_connections")
    static let running = Gauge(label: "pulse_monitoring_polls_running")
    private static let healthyLateness = Metrics.Timer(
        label: "pulse_monitoring_poll_lateness_seconds", dimensions: [("lane", "healthy")])
    private static let failingLateness = Metrics.Timer(
        label: "pulse_monitoring_poll_lateness_seconds", dimensions: [("lane", "failing")])

    /// From when a poll should have begun until it did; those that answer badly wait for each other.
    static func lateness(_ lane: PollPlan.LaneName) -> Metrics.Timer {
        lane == .healthy ? healthyLateness : failingLateness
    }

    static func count(_ fault: ConnectionFault?) {
        Counter(label: "pulse_monitoring_polls_total", dimensions: [("outcome", fault?.reason.rawValue ?? "ok")])
            .increment()
    }
}
