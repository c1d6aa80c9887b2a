// Outbound: reaching addresses that customers gave us, without being led to where only we can go.
// Owns: which addresses may be reached, resolving a name once, connecting to just the address that was checked, requests
// with a deadline and a cap on what comes back, redirects checked like the first address, plain streams over TLS.
// Leaves to others: what is sent and when it is tried again. Everything goes directly from this machine.
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
    case timeout
    /// It answers what cannot be understood, too much, or with too many redirects.
    case badAnswer
}
