package import Datagrams
package import Kernel
package import NIOCore

/// The ways through agents: what the room that holds their connections offers.
package struct GatewayReach: Sendable {
    package typealias Prepare = @Sendable (any Channel) -> EventLoopFuture<Void>

    /// A channel that carries bytes to the target and nothing else; `prepare` sets it up before anything is read, and the
    /// caller closes it.
    /// - Throws: `OutboundError`, `CancellationError`.
    package let open: @Sendable (GatewayCall, _ prepare: @escaping Prepare) async throws -> any Channel

    /// What came back for one datagram or some pings; empty when nothing did.
    /// - Throws: `OutboundError`, `NoEchoSocket` for an agent whose machine sends no pings, `CancellationError`.
    package let ask: @Sendable (GatewayInquiry) async throws -> [DatagramAnswer]

    package init(
        open: @escaping @Sendable (GatewayCall, _ prepare: @escaping Prepare) async throws -> any Channel,
        ask: @escaping @Sendable (GatewayInquiry) async throws -> [DatagramAnswer]
    ) {
        self.open = open
        self.ask = ask
    }

    package static let none = GatewayReach { _, _ in
        throw OutboundError.noGateway
    } ask: { _ in
        throw OutboundError.noGateway
    }
}

/// Where a stream shall lead, through whom and for whom.
package struct GatewayCall: Sendable {
    package let agent: AgentID
    package let org: OrgID
    package let host: String
    package let port: Int
    /// Until the target is connected.
    package let timeout: Duration

    package init(agent: AgentID, org: OrgID, host: String, port: Int, timeout: Duration) {
        (self.agent, self.org, self.host, self.port, self.timeout) = (agent, org, host, port, timeout)
    }
}

/// What shall be asked without a connection, through whom and for whom.
package struct GatewayInquiry: Sendable, Hashable {
    package enum Means: Sendable, Hashable {
        /// One datagram of at most `Datagrams.mostBytes`.
        case datagram(port: Int, [UInt8])
        /// Pings, one after the other.
        case echo
    }

    package let agent: AgentID
    package let org: OrgID
    package let host: String
    package let means: Means
    /// Answers that are waited for, or pings: 1...8.
    package let most: Int
    /// For the answers to a datagram; for each ping. The way to the agent comes on top.
    package let timeout: Duration

    package init(agent: AgentID, org: OrgID, host: String, means: Means, most: Int, timeout: Duration) {
        (self.agent, self.org, self.host, self.means) = (agent, org, host, means)
        (self.most, self.timeout) = (most, timeout)
    }
}

/// No ping can be sent from where it was wanted.
package enum NoEchoSocket: Error, Sendable, Hashable {
    /// The system of this machine does not lend us a socket for it.
    case here
    /// The system of the agent's machine does not.
    case atAgent
}
