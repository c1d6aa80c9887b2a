internal import Cryptography
internal import FoundationEssentials
internal import HTTPKit
package import Kernel
internal import Logging
internal import NIOConcurrencyHelpers
internal import NIOCore
internal import NIOPosix
internal import Outbound

/// Where another process holds a gateway's connection.
struct RelayPlace: Sendable, Hashable {
    /// `host:port`
    let address: String
    let epoch: Int64
}

/// The way to gateways that are connected to another process of this installation: that process listens, and whoever can
/// show the installation's secret asks it for a stream. Inside the stream the platform's own TLS goes on end to end.
package struct RelayLink: Sendable {
    package typealias Place = (host: String, port: Int)

    /// `nil`: this process holds no gateways for others, and only asks.
    package let listen: Place?
    /// What other processes are told.
    let advertised: String?
    let key: Secret<[UInt8]>

    /// - Parameter secret: of the installation; what is used here is derived from it.
    package init(listen: Place?, advertised: Place? = nil, secret: Secret<[UInt8]>) {
        self.listen = listen
        self.advertised = (listen == nil ? nil : advertised ?? listen).map { place in
            place.host.contains(":") ? "[\(place.host)]:\(place.port)" : "\(place.host):\(place.port)"
        }
        key = Secret(Digests.hmacSHA256(Array("pulse relay link 1".utf8), key: secret))
    }

    /// - Throws: `OutboundError`: `noGateway` for everything that is wrong with the other process.
    func dial(
        _ place: RelayPlace, _ call: GatewayCall, _ prepare: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) async throws -> any Channel {
        guard let (host, port) = Self.split(place.address) else { throw OutboundError.noGateway }
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let verdict = loop.makePromise(of: Void.self)
        let channel: any Channel
        do {
            channel = try await ClientBootstrap(group: loop)
                .connectTimeout(.seconds(3))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { [key] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(
                            RelayCaller(
                                RelayAsk(call, epoch: place.epoch), key: key, prepare: prepare, verdict: verdict))
                    }
                }
                .connect(host: host, port: port).get()
        } catch {
            verdict.fail(OutboundError.noGateway)
            throw OutboundError.noGateway
        }
        let alarm = loop.scheduleTask(in: TimeAmount(call.timeout)) { verdict.fail(OutboundError.timeout) }
        defer { alarm.cancel() }
        do {
            try await withTaskCancellationHandler {
                try await verdict.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
            return channel
        } catch {
            channel.close(promise: nil)
            try Task.checkCancellation()
            throw error as? OutboundError ?? OutboundError.noGateway
        }
    }

    static func split(_ address: String) -> (host: String, port: Int)? {
        guard let colon = address.lastIndex(of: ":"), let port = Int(address[address.index(after: colon)...]),
            (1...65_535).contains(port)
        else { return nil }
        let host = address[..<colon].filter { $0 != "[" && $0 != "]" }
        return host.isEmpty ? nil : (host, port)
    }
}
