// Outbound: reaching addresses that customers gave us, without being led to where only we can go.
// Owns: which addresses may be reached, resolving a name once, connecting to just the address that was checked, why a
// server is believed, requests with a deadline and a cap on what comes back, redirects checked like the first address.
// Leaves to others: what is sent and when it is tried again, what an answer means.
// Tempting wrong step: checking a name and then connecting by that name. The second answer of DNS may be another one.
package import HTTPKit

/// Where this installation may connect to.
package struct OutboundPolicy: Sendable {
    /// Networks that are reachable besides public ones: what the operator of a self-hosted Pulse allows.
    private let allowed: [NetworkRange]

    package init(allowing networks: [NetworkRange] = []) { allowed = networks }

    /// The operator opens networks of their own, so plain http to them is theirs to judge too.
    package var hasExceptions: Bool { !allowed.isEmpty }

    /// - Parameter address: as the resolver gives it, not a name.
    package func permits(_ address: String) -> Bool {
        guard let parsed = InternetAddress(address) else { return false }
        return parsed.isPublic || allowed.contains { $0.contains(address) }
    }
}

/// Why something could not be reached or was not tried: a closed set, also the label of metrics.
package enum OutboundError: String, Error, Sendable, CaseIterable {
    /// It leads to a network that is not for customers.
    case refused
    /// The name is not known, nobody listens, or the connection broke.
    case unreachable
    /// Its certificate is not valid for its name.
    case untrusted
    /// It shows another certificate than the pinned one.
    case certificateChanged
    case timeout
    /// It answers what cannot be understood, or leads in circles.
    case badAnswer
    /// It answers more than is held.
    case tooLarge
    /// The way leads through an agent that is not there.
    case noGateway
    /// The agent is there, and its administrator has not allowed the target.
    case gatewayRefused
    /// The agent is there and carries as many streams or questions as it may.
    case gatewayBusy
    /// The agent is there and of a release that carries streams alone: no datagrams, no pings.
    case gatewayTooOld
    /// What it should be reached with cannot work: authorities that are no certificates.
    case misconfigured
}
