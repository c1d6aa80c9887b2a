package import CoreMetrics
import NIOConcurrencyHelpers

/// What is counted of HTTP. Routes are patterns, so their number is that of the endpoint table.
package final class HTTPMetrics: Sendable {
    private struct RouteKey: Hashable {
        let route: String
        let method: String
        let statusClass: Int
    }

    private struct RouteMetrics: Sendable {
        let requests: Counter
        let duration: CoreMetrics.Timer
    }

    private let factory: any MetricsFactory
    private let routes = NIOLockedValueBox<[RouteKey: RouteMetrics]>([:])
    let connections: Meter
    let sockets: Meter
    let rateLimited: Counter

    package init(factory: any MetricsFactory) {
        self.factory = factory
        connections = Meter(label: "pulse_http_connections", factory: factory)
        sockets = Meter(label: "pulse_http_sockets", factory: factory)
        rateLimited = Counter(label: "pulse_http_rate_limited_total", factory: factory)
    }

    func answered(route: String, method: String, status: Int, after duration: Duration) {
        let key = RouteKey(route: route, method: method, statusClass: status / 100)
        let metrics = routes.withLockedValue { routes in
            if let known = routes[key] { return known }
            let dimensions = [("method", method), ("route", route)]
            let made = RouteMetrics(
                requests: Counter(
                    label: "pulse_http_requests_total", dimensions: dimensions + [("status", "\(key.statusClass)xx")],
                    factory: factory),
                duration: CoreMetrics.Timer(
                    label: "pulse_http_request_duration_seconds", dimensions: dimensions, factory: factory))
            routes[key] = made
            return made
        }
        metrics.requests.increment()
        metrics.duration.recordNanoseconds(
            duration.components.seconds * 1_000_000_000 + duration.components.attoseconds / 1_000_000_000)
    }

    /// For `HELP` lines.
    package static let help = [
        "pulse_http_connections": "Open connections, sockets included.",
        "pulse_http_sockets": "Open WebSockets.",
        "pulse_http_rate_limited_total": "Requests refused with 429.",
        "pulse_http_requests_total": "Answered requests by route pattern, method and class of status.",
        "pulse_http_request_duration_seconds": "From the end of the request to the end of the answer.",
    ]
}
