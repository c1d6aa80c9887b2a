internal import AgentProtocol
internal import Cryptography
internal import Datagrams
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
/// show the installation's secret asks it for a stream, over TLS with a key of that secret. Inside the stream the platform's
/// own TLS goes on end to end.
package struct RelayLink: Sendable {
    package typealias Place = (host: String, port: Int)

    /// `nil`: this process holds no gateways for others, and only asks.
    package let listen: Place?
    /// What other processes are told.
    let advertised: String?
    let key: Secret<[UInt8]>
    let tls: RelayTLS

    /// - Parameter secret: of the installation; what is used here is derived from it.
    /// - Throws: when the TLS library cannot be had.
    package init(listen: Place?, advertised: Place? = nil, secret: Secret<[UInt8]>) throws {
        self.listen = listen
        self.advertised = (listen == nil ? nil : advertised ?? listen).map { place in
            place.host.contains(":") ? "[\(place.host)]:\(place.port)" : "\(place.host):\(place.port)"
        }
        key = Secret(Digests.hmacSHA256(Array("pulse relay link 1".utf8), key: secret))
        tls = try RelayTLS(secret: secret)
    }

    /// - Throws: `OutboundError`: `noGateway` for everything that is wrong with the other process.
    func dial(
        _ place: RelayPlace, _ call: GatewayCall, _ prepare: @escaping @Sendable (any Channel) -> EventLoopFuture<Void>
    ) async throws -> any Channel {
        let verdict = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        let ask = RelayAsk(call, epoch: place.epoch)
        let channel = try await connect(place, verdict) { [key] in
            RelayCaller(ask, key: key, prepare: prepare, verdict: verdict)
        }
        do {
            try await wait(for: verdict, on: channel, atMost: call.timeout)
            return channel
        } catch {
            channel.close(promise: nil)
            throw error
        }
    }

    /// - Throws: `OutboundError`, `noGateway` for everything that is wrong with the other process; `NoEchoSocket`.
    func ask(_ place: RelayPlace, _ inquiry: GatewayInquiry) async throws -> [DatagramAnswer] {
        let question = try inquiry.question
        let answers = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: [GatewayAnswer].self)
        let ask = RelayAsk(inquiry, epoch: place.epoch)
        let channel = try await connect(place, answers) { [key] in RelayInquirer(ask, key: key, answers: answers) }
        defer { channel.close(promise: nil) }
        // The other process waits as long as the agent may take; what is on top is the way to it.
        let patience = question.patience + QuestionBook.lookup + QuestionBook.way + .seconds(2)
        return try await wait(for: answers, on: channel, atMost: patience).map(\.asDatagram)
    }

    /// - Parameter promise: kept by the handler from here on; failed when there is no connection.
    private func connect<Value>(
        _ place: RelayPlace, _ promise: EventLoopPromise<Value>,
        _ handler: @escaping @Sendable () -> any ChannelInboundHandler
    ) async throws -> any Channel {
        do {
            guard let (host, port) = Self.split(place.address) else { throw OutboundError.noGateway }
            return try await ClientBootstrap(group: promise.futureResult.eventLoop)
                .connectTimeout(.seconds(3))
                .channelOption(.tcpOption(.tcp_nodelay), value: 1)
                .channelInitializer { [tls] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(try tls.clientHandler())
                        try channel.pipeline.syncOperations.addHandler(handler())
                    }
                }
                .connect(host: host, port: port).get()
        } catch {
            promise.fail(OutboundError.noGateway)
            throw OutboundError.noGateway
        }
    }

    private func wait<Value: Sendable>(
        for promise: EventLoopPromise<Value>, on channel: any Channel, atMost patience: Duration
    ) async throws -> Value {
        let alarm = channel.eventLoop.scheduleTask(in: TimeAmount(patience)) { promise.fail(OutboundError.timeout) }
        defer { alarm.cancel() }
        do {
            return try await withTaskCancellationHandler {
                try await promise.futureResult.get()
            } onCancel: {
                channel.close(promise: nil)
            }
        } catch {
            try Task.checkCancellation()
            throw error is OutboundError || error is NoEchoSocket ? error : OutboundError.noGateway
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
