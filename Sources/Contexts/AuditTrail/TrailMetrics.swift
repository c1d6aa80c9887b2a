internal import CoreMetrics

enum TrailMetrics {
    /// Chains found broken. Anything above 0 is for a human.
    static let broken = Counter(label: "pulse_audittrail_broken_chains_total")
    /// Turns of streams that ended with something not taken.
    static let sendFailures = Counter(label: "pulse_audittrail_send_failures_total")
}
