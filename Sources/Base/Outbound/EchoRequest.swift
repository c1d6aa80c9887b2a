internal import Datagrams
package import Inventory

/// What became of some echo requests.
package struct EchoResult: Sendable, Hashable {
    package let sent: Int
    /// Of those that were answered, in their order; measured where they were sent.
    package let times: [Duration]
}

extension OutboundReach {
    /// - Parameters:
    ///   - count: 1...8.
    ///   - timeout: for each.
    /// - Throws: `OutboundError`, `NoEchoSocket`, `CancellationError`.
    package func echo(
        _ host: String, count: Int, route: OutboundRoute = .direct, timeout: Duration
    ) async throws -> EchoResult {
        switch route {
        case .direct:
            let address = try await addresses.address(of: host, timeout: min(.seconds(5), timeout))
            do {
                return EchoResult(
                    sent: count, times: try await Datagrams.echo(address, count: count, timeout: timeout))
            } catch DatagramError.noEchoSocket {
                throw NoEchoSocket.here
            } catch DatagramError.unreachable {
                throw OutboundError.unreachable
            }
        case .viaAgent(let agent, of: let org):
            let answers = try await inquire(
                GatewayInquiry(agent: agent, org: org, host: host, means: .echo, most: count, timeout: timeout))
            return EchoResult(sent: count, times: answers.map(\.took))
        }
    }

    /// What can never be right is not even asked for.
    func inquire(_ inquiry: GatewayInquiry) async throws -> [DatagramAnswer] {
        guard InternetAddress(inquiry.host)?.isAPlace ?? true else { throw OutboundError.refused }
        return try await gateways.ask(inquiry)
    }
}
