// Probes: looks from outside whether something answers: ping, TCP, UDP, HTTP(S), a name server, a certificate.
// Owns: what is asked for each means, what of an answer is well, when a failure counts, and how a place is told of.
// Leaves to others: which addresses may be reached and by which way (Outbound), when a check is due (Monitoring).
// That the place is down is what a check finds; it is at fault itself only when it could not look at all.
// Tempting wrong step: calling a place down after one lost packet. The second failure in a row is one.
internal import CollectorKit
package import Inventory
internal import Kernel
package import Outbound

/// Makes collectors that check one place each.
package struct ProbesMaker: CollectorMaker {
    private let reach: OutboundReach

    package init(_ reach: OutboundReach) { self.reach = reach }

    package var kind: ConnectionKind { .availability }
    package var cadence: (least: Duration, normal: Duration, most: Duration) {
        (.seconds(10), .seconds(60), .seconds(3600))
    }

    package func collector(for spec: ConnectionSpec) throws(ConnectionFault) -> any Collector {
        guard let settings = spec.probe else {
            throw ConnectionFault(.misconfigured, "It is not said what is to be checked.")
        }
        return ProbeCollector(spec, settings, reach)
    }

    package func certificate(
        of host: String, port: Int, route: OutboundRoute, timeout: Duration
    ) async -> Result<ServerCertificate, ConnectionFault> {
        do {
            return .success(try await reach.certificate(of: host, port: port, route: route, timeout: timeout))
        } catch {
            return .failure(ConnectionFault(error, reaching: "\(host):\(port)"))
        }
    }
}
