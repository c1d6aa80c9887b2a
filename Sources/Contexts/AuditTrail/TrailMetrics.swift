internal import CoreMetrics

enum TrailMetrics {
    /// Chains found broken. Anything above 0 is for a human.
    static let broken = Counter(label: "pulse_audittrail_broken_chains_total")
}
