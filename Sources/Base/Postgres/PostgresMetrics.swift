import Kernel
import Metrics

/// What this room counts.
enum PostgresMetrics {
    static let connections = Gauge(label: "pulse_postgres_connections")

    static func count(_ error: DatabaseError) {
        let reason =
            switch error {
            case .unavailable: "unavailable"
            case .busy: "busy"
            case .timeout: "timeout"
            case .cancelled: "cancelled"
            case .server(let error): error.isTransient ? "unavailable" : "refused"
            case .badRow: "bad_row"
            }
        Counter(label: "pulse_postgres_failures_total", dimensions: [("reason", reason)]).increment()
    }
}

enum LogKey {
    static let reason = "reason"
    static let migration = "migration"
}
