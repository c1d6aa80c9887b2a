internal import Metrics
internal import Outbound

/// What this room counts.
enum RelayMetrics {
    static let gateways = Meter(label: "pulse_relay_gateways")
    static let opened = Counter(label: "pulse_relay_streams_opened_total")
    static let received = Counter(label: "pulse_relay_received_bytes")
    static let sent = Counter(label: "pulse_relay_sent_bytes")

    static func refused(_ why: OutboundError) {
        Counter(label: "pulse_relay_streams_refused_total", dimensions: [("reason", why.rawValue)]).increment()
    }

    static func asked(_ means: GatewayInquiry.Means) {
        let name = if case .echo = means { "echo" } else { "datagram" }
        Counter(label: "pulse_relay_questions_total", dimensions: [("means", name)]).increment()
    }

    /// - Parameter why: of `OutboundError`, or `noEchoSocket`.
    static func notAsked(_ why: String) {
        Counter(label: "pulse_relay_questions_refused_total", dimensions: [("reason", why)]).increment()
    }
}

enum LogKey {
    static let org = "org"
    static let agent = "agent"
    static let reason = "reason"
    static let allows = "allows"
}
