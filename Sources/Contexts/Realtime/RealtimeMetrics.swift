import Metrics

/// What this room counts.
enum RealtimeMetrics {
    static let readers = Meter(label: "pulse_realtime_readers")
    static let messages = Counter(label: "pulse_realtime_messages_total")
}
