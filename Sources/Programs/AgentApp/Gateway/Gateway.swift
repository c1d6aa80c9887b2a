import AgentProtocol
package import Kernel
package import Logging
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import ServiceLifecycle

/// What a gateway needs to know on every connection.
struct GatewayPlan: Sendable {
    let server: ServerAddress
    let token: Secret<String>
    let allows: AllowList
    let resolver: TargetResolver
    let time: any TimeSource
    let randomness: Randomness
    let logger: Logger
    /// The server has let us in.
    let welcomed: @Sendable () -> Void

    /// The addresses of a host, each of them checked: by these it is reached and by nothing else.
    /// - Returns: fails with `TargetRefused`.
    func addresses(
        of host: String, for service: TargetService, on loop: any EventLoop
    ) -> EventLoopFuture<[NetworkAddress]> {
        guard allows.mayLead(to: service) else { return loop.makeFailedFuture(TargetRefused(.notAllowed)) }
        let found: EventLoopFuture<[NetworkAddress]> =
            NetworkAddress(host).map { loop.makeSucceededFuture([$0]) } ?? resolver.addresses(host, loop)
        return found.flatMapErrorThrowing { _ in [] }.flatMapThrowing { [allows] addresses in
            guard !addresses.isEmpty else { throw TargetRefused(.unknownName) }
            guard allows.permits(addresses, of: host, by: service) else { throw TargetRefused(.notAllowed) }
            return addresses
        }
    }
}

/// Why a target is not reached.
struct TargetRefused: Error {
    let why: GatewayRefusal
    init(_ why: GatewayRefusal) { self.why = why }
}

/// Keeps one connection to the server, over which it may open streams to, and ask, what the administrator of this
/// machine allowed.
package final class Gateway: Service {
    private static let connectTimeout: TimeAmount = .seconds(10)
    /// From the connection on: TLS, the answer, the welcome.
    private static let greetTimeout: Duration = .seconds(20)
    /// A connection that held so long was a good one: the next failure is the first again.
    private static let goodAfter: Duration = .seconds(60)

    private let server: ServerAddress
    private let token: Secret<String>
    private let tls: ServerTLS?
    private let allows: AllowList
    private let resolver: TargetResolver
    private let time: any TimeSource
    private let randomness: Randomness
    private let logger: Logger

    /// - Throws: `AgentError.settings` when nothing is allowed.
    package init(
        settings: AgentSettings, token: Secret<String>, allows: AllowList, resolver: TargetResolver = .system(),
        time: any TimeSource = SystemTime(), randomness: Randomness = .system, logger: Logger
    ) throws(AgentError) {
        try settings.validate()
        guard !allows.isEmpty else {
            throw .settings("a gateway that allows nothing leads nowhere: --allow 192.168.1.0/24:8006, or --allow-file")
        }
        server = settings.server
        self.token = token
        tls = settings.server.isSecure ? try ServerTLS(settings.server, settings.tls) : nil
        (self.allows, self.resolver, self.time) = (allows, resolver, time)
        (self.randomness, self.logger) = (randomness, logger)
    }

    /// - Throws: `AgentError.revoked` when the server has removed this agent.
    package func run() async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        do {
            try await keep(on: group)
        } catch {
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private func keep(on group: MultiThreadedEventLoopGroup) async throws {
        var (usual, slow) = (Backoff.usual, Backoff.slow)
        var told: String?
        while true {
            let began = time.monotonic
            let end = await live(on: group)
            try Task.checkCancellation()
            if time.monotonic - began > Self.goodAfter {
                usual.reset()
                slow.reset()
                told = nil
            }
            if told != end.text { logger.info("gateway is not connected", metadata: [LogKey.reason: "\(end.text)"]) }
            told = end.text
            switch end.meaning {
            case .never: throw AgentError.revoked(end.text)
            case .later: try await time.sleep(for: slow.next(randomness: randomness))
            case .again: try await time.sleep(for: usual.next(randomness: randomness))
            }
        }
    }

    /// One connection, from its opening to its end.
    func live(on group: MultiThreadedEventLoopGroup) async -> GatewayEnd {
        let loop = group.next()
        let ended = loop.makePromise(of: GatewayEnd.self)
        let greeting = NIOLockedValueBox<Scheduled<Void>?>(nil)
        let plan = GatewayPlan(
            server: server, token: token, allows: allows, resolver: resolver, time: time, randomness: randomness,
            logger: logger, welcomed: { greeting.withLockedValue { $0?.cancel() } })
        let channel: any Channel
        do {
            channel = try await connect(plan, on: loop, ended)
        } catch {
            ended.succeed(ServerTLS.isDistrust(error) ? .untrusted : .lost("\(server) cannot be reached: \(error)"))
            return (try? await ended.futureResult.get()) ?? .lost("\(error)")
        }
        let alarm = loop.scheduleTask(in: .nanoseconds(Int64(Self.greetTimeout.components.seconds) * 1_000_000_000)) {
            channel.close(promise: nil)
        }
        greeting.withLockedValue { $0 = alarm }
        defer { alarm.cancel() }
        return await withTaskCancellationHandler {
            (try? await ended.futureResult.get()) ?? .lost("the connection broke")
        } onCancel: {
            channel.close(promise: nil)
        }
    }

    /// Of several addresses that are tried, one wins: the others' handlers must not end the promise.
    private func connect(
        _ plan: GatewayPlan, on loop: any EventLoop, _ ended: EventLoopPromise<GatewayEnd>
    ) async throws -> any Channel {
        let channel = try await ClientBootstrap(group: loop)
            .connectTimeout(Self.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.writeBufferWaterMark, value: GatewayHandler.writeBuffer)
            .channelOption(.autoRead, value: false)
            .connect(host: server.host, port: server.port).get()
        try await loop.submit { [tls, server] in
            let pipeline = channel.pipeline.syncOperations
            if let tls { try pipeline.addHandler(try tls.handler()) }
            let handler = GatewayHandler(plan, isSecure: server.isSecure, ended: ended)
            try pipeline.addHandler(handler)
            // It is up already: nobody else tells the handler.
            handler.begin()
        }.get()
        try await channel.setOption(.autoRead, value: true).get()
        return channel
    }
}
