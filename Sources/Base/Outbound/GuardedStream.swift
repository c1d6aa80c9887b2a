internal import Inventory
internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// Hands bytes to a server over TLS that says nothing back, such as one for syslog.
package struct GuardedStream: Sendable {
    private let addresses: AddressGuard

    package init(_ addresses: AddressGuard) { self.addresses = addresses }

    /// A server that has read to the end closes as well; one that does not within this time has not objected either.
    private static let farewell: Duration = .seconds(3)

    /// Connects, sends, says goodbye and waits for the other side to do so: a server that refuses us or goes away shows.
    /// Nothing is sent before the handshake is through, so its failure is told as what it was.
    /// - Parameter certificates: PEM of who must have signed the server's certificate; `nil`: the system's roots.
    /// - Throws: `OutboundError`.
    package func send(
        _ bytes: [UInt8], host: String, port: Int, certificates: [UInt8]? = nil, timeout: Duration
    ) async throws {
        let trust = certificates.map { ServerTrust.authorities(pem: String(decoding: $0, as: UTF8.self)) }
        let end = NIODeadline.now() + TimeAmount(timeout)
        let ended = MultiThreadedEventLoopGroup.singleton.any().makePromise(of: Void.self)
        defer { ended.succeed() }
        let channel = try await SecuredStream.open(
            host, port, try ClientTLS(trust ?? .system, of: host), by: .direct(addresses), until: end
        ) { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(StreamEnd(ended))
            }
        }
        defer { channel.close(promise: nil) }
        let alarm = channel.eventLoop.scheduleTask(deadline: end) { ended.fail(OutboundError.timeout) }
        defer { alarm.cancel() }
        let patience = channel.eventLoop.makePromise(of: Void.self)
        patience.futureResult.whenSuccess {
            channel.eventLoop.scheduleTask(in: TimeAmount(Self.farewell)) { ended.succeed() }
        }
        channel.writeAndFlush(ByteBuffer(bytes: bytes)).flatMap { channel.close(mode: .output) }
            .cascade(to: patience)
        try await withTaskCancellationHandler {
            try await ended.futureResult.get()
        } onCancel: {
            channel.close(promise: nil)
        }
        try Task.checkCancellation()
    }

    /// Whether these are certificates at all.
    package static func areCertificates(_ pem: [UInt8]) -> Bool {
        // A reader of PEM leaves what is behind the last certificate unread; text with a zero byte cannot be stored.
        !pem.contains(0) && !((try? NIOSSLCertificate.fromPEMBytes(pem)) ?? []).isEmpty
    }
}

/// Tells how a connection ended that only we speak on.
private final class StreamEnd: ChannelInboundHandler {
    typealias InboundIn = NIOAny
    private let ended: EventLoopPromise<Void>

    init(_ ended: EventLoopPromise<Void>) { self.ended = ended }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {}

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        ended.fail(ClientTLS.explained(error))
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { ended.succeed() }
}
