package import Kernel
package import NIOCore

/// Opens byte streams through agents: what the room that holds their connections offers.
package struct GatewayReach: Sendable {
    package typealias Prepare = @Sendable (any Channel) -> EventLoopFuture<Void>

    /// A channel that carries bytes to the target and nothing else; `prepare` sets it up before anything is read, and the
    /// caller closes it.
    /// - Throws: `OutboundError`, `CancellationError`.
    package let open: @Sendable (GatewayCall, _ prepare: @escaping Prepare) async throws -> any Channel

    package init(_ open: @escaping @Sendable (GatewayCall, _ prepare: @escaping Prepare) async throws -> any Channel) {
        self.open = open
    }

    package static let none = GatewayReach { _, _ in throw OutboundError.noGateway }
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
