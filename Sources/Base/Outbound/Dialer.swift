internal import Inventory
internal import Kernel
internal import NIOCore
internal import NIOPosix

/// Opens byte streams to hosts by one route: the seam where an agent's streams come in beside those of this machine.
struct Dialer: Sendable {
    typealias Prepare = @Sendable (any Channel) -> EventLoopFuture<Void>

    /// Resolves, checks and connects; `prepare` sets the channel up before anything is read.
    /// - Throws: `OutboundError`.
    let open:
        @Sendable (_ host: String, _ port: Int, _ end: NIODeadline, _ prepare: @escaping Prepare) async throws
            -> any Channel

    private static let longestConnect: TimeAmount = .seconds(10)

    /// From this machine, to the address that was checked and to no other.
    static func direct(_ addresses: AddressGuard) -> Dialer {
        Dialer { host, port, end, prepare in
            let address = try await addresses.address(of: host, timeout: min(.seconds(5), try end.rest()))
            let timeout = min(longestConnect, TimeAmount(try end.rest()))
            do {
                return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .connectTimeout(timeout)
                    .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                    .channelInitializer(prepare)
                    .connect(host: address, port: port).get()
            } catch ChannelError.connectTimeout {
                throw OutboundError.timeout
            } catch {
                throw ClientTLS.explained(error)
            }
        }
    }

    /// Through an agent, which resolves names where it stands and connects only to what its administrator allowed. What
    /// can never be right is not even asked for.
    static func through(_ agent: AgentID, of org: OrgID, _ gateways: GatewayReach) -> Dialer {
        Dialer { host, port, end, prepare in
            guard InternetAddress(host)?.isAPlace ?? true else { throw OutboundError.refused }
            let timeout = min(.seconds(15), try end.rest())
            return try await gateways.open(
                GatewayCall(agent: agent, org: org, host: host, port: port, timeout: timeout), prepare)
        }
    }
}

extension NIODeadline {
    /// - Throws: `OutboundError.timeout` when nothing is left.
    func rest() throws -> Duration {
        let rest = self - .now()
        guard rest > .zero else { throw OutboundError.timeout }
        return Duration(rest)
    }
}
