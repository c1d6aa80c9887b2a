package import CoreMetrics
package import Logging
package import NIOCore
import NIOPosix

extension HTTPServer {
    /// Everything between a table of endpoints and a listening socket.
    /// - Throws: `EndpointTableFaults`.
    package convenience init(
        endpoints: [Endpoint], gate: any Gate, settings: HTTPSettings, metrics: any MetricsFactory, logger: Logger,
        limiter: RateLimiter = RateLimiter(), idempotency: (any IdempotencyStore)? = nil,
        fallback: Responder.Fallback? = nil, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton
    ) throws(EndpointTableFaults) {
        let table = try EndpointTable(endpoints)
        let responder = Responder(
            table: table, gate: gate, settings: settings, metrics: HTTPMetrics(factory: metrics), logger: logger,
            limiter: limiter, idempotency: idempotency, fallback: fallback)
        self.init(responder: responder, group: group)
    }
}
