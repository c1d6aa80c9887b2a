import CoreMetrics

/// What this room counts.
enum HistoryMetrics {
    static let samples = Counter(label: "pulse_history_samples_written_total")
    static let sealed = Counter(label: "pulse_history_pieces_sealed_total")
    static let unreadable = Counter(label: "pulse_history_rows_unreadable_total")
}

enum LogKey {
    static let reason = "reason"
    static let org = "org"
    static let count = "count"
}
