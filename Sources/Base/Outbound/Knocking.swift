package import Datagrams
package import Inventory
internal import NIOCore

/// Finding out whether somebody is there, saying as little as that takes.
extension OutboundReach {
    /// HTTP in the clear.
    package func plainClient(of host: String, port: Int, route: OutboundRoute = .direct) -> HostClient {
        HostClient(host: host, port: port, tls: nil, dialer: dialer(route), width: 1, idle: .seconds(1))
    }

    /// Opens a TCP connection and closes it.
    /// - Returns: how long that took, resolving the name included.
    /// - Throws: `OutboundError`.
    package func knock(
        at host: String, port: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> Duration {
        let start = ContinuousClock.now
        let channel = try await dialer(route).open(host, port, .now() + TimeAmount(timeout)) { channel in
            channel.eventLoop.makeSucceededVoidFuture()
        }
        let took = ContinuousClock.now - start
        channel.close(promise: nil)
        return took
    }

    /// Sends one datagram.
    /// - Parameter bytes: at most 2 KiB where an agent sends it.
    /// - Returns: the first answer, at most 2 KiB of it, timed where it was asked for: without the way to an agent and without
    ///   resolving the name; `nil` when none came in time.
    /// - Throws: `OutboundError`; `.unreachable` when the host says that nobody listens. `CancellationError`.
    package func exchange(
        _ bytes: [UInt8], with host: String, port: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> DatagramAnswer? {
        switch route {
        case .direct:
            let address = try await addresses.address(of: host, timeout: min(.seconds(5), timeout))
            do {
                return try await Datagrams.ask(bytes, at: address, port: port, timeout: timeout).first
            } catch is DatagramError {
                throw OutboundError.unreachable
            }
        case .viaAgent(let agent, of: let org):
            guard bytes.count <= Datagrams.mostBytes else { throw OutboundError.tooLarge }
            return try await inquire(
                GatewayInquiry(
                    agent: agent, org: org, host: host, means: .datagram(port: port, bytes), most: 1, timeout: timeout)
            ).first
        }
    }
}
