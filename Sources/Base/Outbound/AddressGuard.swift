/// Decides which address of a name is connected to: resolved once, every answer checked.
package struct AddressGuard: Sendable {
    private let policy: OutboundPolicy
    private let resolver: Resolver

    package init(_ policy: OutboundPolicy, resolver: Resolver = .system) {
        self.policy = policy
        self.resolver = resolver
    }

    /// One forbidden answer refuses the name: who mixes private and public answers is up to something.
    /// - Returns: the address to connect to, by number.
    /// - Throws: `OutboundError`.
    package func address(of host: String, timeout: Duration = .seconds(5)) async throws -> String {
        if InternetAddress(host) != nil {
            guard policy.permits(host) else { throw OutboundError.refused }
            return host
        }
        let found = try await resolver.addresses(host, timeout)
        guard let first = found.first else { throw OutboundError.unreachable }
        guard found.allSatisfy(policy.permits) else { throw OutboundError.refused }
        return first
    }
}
