import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL

/// A small HTTP server on this machine, with or without TLS, that answers as a test says.
final class LocalServer: Sendable {
    struct Request: Sendable {
        let head: HTTPRequestHead
        let body: [UInt8]
        /// Tells one connection from another.
        let connection: ObjectIdentifier
    }
    struct Reply: Sendable {
        var status = HTTPResponseStatus.ok
        var body: [UInt8] = []
        var headers: [(String, String)] = []
        /// Says nothing of it and closes, as servers do with connections that were idle too long.
        var closesSilently = false
        /// No answer at all, only an end.
        var hangsUp = false
    }

    private let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
    private let channel: any Channel
    private let seen: NIOLockedValueBox<[Request]>
    let port: Int

    var requests: [Request] { seen.withLockedValue { $0 } }

    init(secure: Bool = false, reply: @escaping @Sendable (Request) -> Reply) async throws {
        let seen = NIOLockedValueBox<[Request]>([])
        let context = secure ? try Self.context() : nil
        channel = try await ServerBootstrap(group: group)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    if let context {
                        try channel.pipeline.syncOperations.addHandler(NIOSSLServerHandler(context: context))
                    }
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline(withErrorHandling: false)
                    try channel.pipeline.syncOperations.addHandler(
                        Answering { request in
                            seen.withLockedValue { $0.append(request) }
                            return reply(request)
                        })
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.seen = seen
        port = channel.localAddress?.port ?? 0
    }

    func stop() async throws {
        try await channel.close()
        try await group.shutdownGracefully()
    }

    private static func context() throws -> NIOSSLContext {
        let certificate = try NIOSSLCertificate(bytes: Array(TestCertificate.pem.utf8), format: .pem)
        let key = try NIOSSLPrivateKey(bytes: Array(TestCertificate.key.utf8), format: .pem)
        return try NIOSSLContext(
            configuration: .makeServerConfiguration(
                certificateChain: [.certificate(certificate)], privateKey: .privateKey(key)))
    }

    private final class Answering: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let reply: (Request) -> Reply
        private var head: HTTPRequestHead?
        private var body: [UInt8] = []

        init(_ reply: @escaping (Request) -> Reply) { self.reply = reply }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head):
                self.head = head
                body = []
            case .body(let part): body.append(contentsOf: part.readableBytesView)
            case .end:
                guard let head else { return }
                let reply = reply(Request(head: head, body: body, connection: ObjectIdentifier(context.channel)))
                if reply.hangsUp { return context.close(promise: nil) }
                var headers = HTTPHeaders(reply.headers)
                headers.add(name: "Content-Length", value: "\(reply.body.count)")
                let response = HTTPResponseHead(version: .http1_1, status: reply.status, headers: headers)
                context.write(wrapOutboundOut(.head(response)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(bytes: reply.body)))), promise: nil)
                let done = context.eventLoop.makePromise(of: Void.self)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: done)
                if reply.closesSilently {
                    let channel = context.channel
                    done.futureResult.whenComplete { _ in channel.close(promise: nil) }
                }
            }
        }
    }
}

/// For localhost and 127.0.0.1, made for these tests and protecting nothing.
enum TestCertificate {
    /// SHA-256 of the certificate.
    static let fingerprint = "23f28baed81ec225536219408746116e40f623afbd7db068f616261702be581a"
    static let pem = """
        -----BEGIN CERTIFICATE-----
        MIIBrDCCAVGgAwIBAgIUWhjK10ijm7AfwM0E5qtt0xWzAgowCgYIKoZIzj0EAwIw
        HDEaMBgGA1UEAwwRcHVsc2UtYWdlbnQtdGVzdHMwIBcNMjYxMTIxMDMxMzI1WhgP
        MjEyNjEwMjgwMzEzMjVaMBwxGjAYBgNVBAMMEXB1bHNlLWFnZW50LXRlc3RzMFkw
        EwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEuu/QEwLokW+SMqAlSDhDzuAOS9+JWFd0
        U1NV6xchlPSUkoW/LWLR4EeLcDBSsXrn+/y4f7lZbLsXhd19eVI73aNvMG0wHQYD
        VR0OBBYEFLaCohPgRPqslwewPznUNyVSGzkgMB8GA1UdIwQYMBaAFLaCohPgRPqs
        lwewPznUNyVSGzkgMA8GA1UdEwEB/wQFMAMBAf8wGgYDVR0RBBMwEYcEfwAAAYIJ
        bG9jYWxob3N0MAoGCCqGSM49BAMCA0kAMEYCIQDZvZskEJLkK8D4fbgfDD2HfZkq
        U6E5MAvQMc0/nfSbRwIhAMeE9ptMcyL7X5EXt5ezKvpQJqmbTjwsCh0CwmqzG9Qr
        -----END CERTIFICATE-----
        """
    static let key = """
        -----BEGIN PRIVATE KEY-----
        MIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgo2Lc6Uwo8I1X9M6v
        E/3CqTbuLVNhtVv26LKwk1Ggx02hRANCAAS679ATAuiRb5IyoCVIOEPO4A5L34lY
        V3RTU1XrFyGU9JSShb8tYtHgR4twMFKxeuf7/Lh/uVlsuxeF3X15Ujvd
        -----END PRIVATE KEY-----
        """
}
