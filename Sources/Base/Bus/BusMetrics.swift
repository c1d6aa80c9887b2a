internal import Metrics

/// What this room counts.
enum BusMetrics {
    enum Direction: String { case inbound, outbound }

    /// 1: what other processes publish arrives here.
    static let connected = Gauge(label: "pulse_bus_connected")
    static let reconnects = Counter(label: "pulse_bus_reconnects_total")

    /// Messages that a full queue or a missing server cost.
    static func dropped(_ direction: Direction, _ count: Int = 1) {
        Counter(label: "pulse_bus_dropped_total", dimensions: [("direction", direction.rawValue)]).increment(by: count)
    }

    static func carried(_ direction: Direction, bytes: Int) {
        let direction = [("direction", direction.rawValue)]
        Counter(label: "pulse_bus_messages_total", dimensions: direction).increment()
        Counter(label: "pulse_bus_bytes_total", dimensions: direction).increment(by: bytes)
    }
}
