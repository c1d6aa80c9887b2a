import CoreMetrics
import HummingbirdCore
import HummingbirdTLS
import Logging
import Kernel
import NIOConcurrencyHelpers
package import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import ServiceLifecycle

/// Listens and answers. Run it in a service group; on graceful shutdown it stops accepting, lets answers in progress
/// end (for at most `drainTimeout`), and closes sockets with 1012.
package final class HTTPServer: Service {
    private enum LogKey {
        static let address = "address"
        static let tls = "tls"
    }

    private let responder: Responder
    private let group: any EventLoopGroup
    private let bound = BoundPort()

    /// - Parameter group: threads for all connections; the process's own by default.
    package init(responder: Responder, group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton) {
        self.responder = responder
        self.group = group
    }

    /// The port that was bound, as soon as it is; useful when the settings say 0.
    /// - Throws: `ListenError` when the server could not start, or ended before it did.
    package var port: Int {
        get async throws { try await bound.value() }
    }

    package func run() async throws {
        let settings = responder.settings
        FileDescriptors.raiseLimit()
        var quiet = responder.logger
        quiet.logLevel = .error
        let logger = responder.logger
        let configuration = ServerConfiguration(
            address: .hostname(settings.host, port: settings.port), backlog: 1024,
            availableConnectionsDelegate: MaximumAvailableConnections(
                min(settings.maxConnections, max(64, FileDescriptors.limit - 256)), logger: quiet))
        let running: @Sendable (any Channel) async -> Void = { [bound] channel in
            let port = channel.localAddress?.port ?? 0
            logger.info(
                "listening",
                metadata: [LogKey.address: "\(settings.host):\(port)", LogKey.tls: "\(settings.tls != nil)"])
            bound.set(.success(port))
        }
        do {
            let channel = HTTPChildChannel(responder: responder, isTLS: settings.tls != nil)
            let server: any Service =
                if let tls = settings.tls {
                    try TLSChannel(channel, tlsConfiguration: tls.configuration())
                        .server(
                            configuration: configuration, onServerRunning: running, eventLoopGroup: group, logger: quiet
                        )
                } else {
                    channel.server(
                        configuration: configuration, onServerRunning: running, eventLoopGroup: group, logger: quiet)
                }
            try await server.run()
            bound.set(
                .failure(ListenError(address: "\(settings.host):\(settings.port)", reason: "the server has ended")))
        } catch {
            let failure = ListenError(address: "\(settings.host):\(settings.port)", reason: "\(error)")
            bound.set(.failure(failure))
            throw failure
        }
    }
}

/// A server could not start.
package struct ListenError: Error, CustomStringConvertible {
    package let address: String
    package let reason: String
    package var description: String { "cannot listen on \(address): \(reason)" }
}

/// Each accepted connection's handlers.
private struct HTTPChildChannel: ServerChildChannel {
    struct Value: ServerChildChannelValue {
        let channel: any Channel
        let connection: NIOLoopBound<HTTPConnection>
    }

    let responder: Responder
    let isTLS: Bool

    func setup(channel: any Channel, logger: Logger) -> EventLoopFuture<Value> {
        channel.eventLoop.makeCompletedFuture {
            let settings = responder.settings
            var limits = NIOHTTPDecoderLimitConfiguration()
            limits.maxHeaderFieldSize = settings.maxHeaderFieldBytes
            limits.maxHeaderListSize = settings.maxHeaderBytes
            limits.maxHeaderFieldCount = settings.maxHeaderCount
            // The parser would frame a HEAD answer as if it had a body; the connection frames every answer itself.
            var framing = HTTPResponseEncoder.Configuration()
            framing.automaticallySetFramingHeaders = false
            let peer = channel.remoteAddress?.ipAddress ?? "127.0.0.1"
            let connection = HTTPConnection(responder: responder, peer: peer, isTLS: isTLS)
            let pipeline = channel.pipeline.syncOperations
            try pipeline.addHandler(HTTPResponseEncoder(configuration: framing), name: PipelineName.encoder.rawValue)
            try pipeline.addHandler(ByteWatch(connection), name: PipelineName.watch.rawValue)
            try pipeline.addHandler(
                ByteToMessageHandler(
                    HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits)),
                name: PipelineName.parser.rawValue)
            try pipeline.addHandler(connection, name: PipelineName.connection.rawValue)
            return Value(channel: channel, connection: NIOLoopBound(connection, eventLoop: channel.eventLoop))
        }
    }

    /// Lasts as long as the connection and the task that answers on it.
    func handle(value: Value, logger: Logger) async {
        responder.metrics.connections.increment()
        try? await value.channel.closeFuture.get()
        responder.metrics.connections.decrement()
        let last = try? await value.channel.eventLoop.submit { value.connection.value.task }.get()
        await last?.value
    }
}

extension HTTPSettings.TLSFiles {
    fileprivate func configuration() throws -> TLSConfiguration {
        var configuration = TLSConfiguration.makeServerConfiguration(
            certificateChain: try NIOSSLCertificate.fromPEMFile(certificateChain).map { .certificate($0) },
            privateKey: .privateKey(try NIOSSLPrivateKey(file: privateKey, format: .pem)))
        configuration.minimumTLSVersion = .tlsv12
        configuration.applicationProtocols = ["http/1.1"]
        // Many clients never answer a close; the socket need not wait long for it.
        configuration.shutdownTimeout = .seconds(1)
        return configuration
    }
}
