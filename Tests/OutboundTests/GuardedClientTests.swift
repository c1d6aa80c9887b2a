import HTTPKit
import NIOConcurrencyHelpers
import NIOCore
import NIOHTTP1
import NIOPosix
import Testing

@testable import Outbound

@Suite struct GuardedClientTests {
    /// Loopback is open, and names lead where the test says; each look-up is counted.
    private func client(
        _ names: [String: [String]] = ["hook.example": ["127.0.0.1"]], allowing: String = "127.0.0.0/8"
    ) -> (client: GuardedClient, lookUps: NIOLockedValueBox<Int>) {
        let lookUps = NIOLockedValueBox(0)
        let resolver = Resolver { name, _ in
            lookUps.withLockedValue { $0 += 1 }
            return names[name] ?? []
        }
        let policy = OutboundPolicy(allowing: [allowing].compactMap { NetworkRange($0) })
        return (GuardedClient(AddressGuard(policy, resolver: resolver)), lookUps)
    }

    private func send(
        _ client: GuardedClient, _ url: String, _ method: String = "GET", redirects: Int = 0, maxBytes: Int = 1000
    ) async throws -> OutboundAnswer {
        try await client.send(
            method, to: try #require(OutboundTarget(url)), headers: [("x-test", "1")],
            body: method == "POST" ? [1] : nil,
            timeout: .seconds(30), maxBytes: maxBytes, redirects: redirects)
    }

    @Test("a request goes to the address that was checked, under the name that was given") func checked() async throws {
        let server = try await TinyServer { head in (200, [:], "for \(head.headers["host"].first ?? "")") }
        let (client, lookUps) = client()
        let answer = try await send(client, "http://hook.example:\(server.port)/x")
        #expect(String(decoding: answer.body, as: UTF8.self) == "for hook.example:\(server.port)")
        #expect(lookUps.withLockedValue { $0 } == 1)
        try await server.close()
    }

    @Test("what is not allowed is not even connected to") func refused() async throws {
        let server = try await TinyServer { _ in (200, [:], "") }
        let (client, _) = client(allowing: "10.0.0.0/8")
        for host in ["hook.example", "127.0.0.1"] {
            await #expect(throws: OutboundError.refused) {
                _ = try await send(client, "http://\(host):\(server.port)/")
            }
        }
        #expect(server.requests == 0)
        try await server.close()
    }

    @Test("redirects are followed where they are asked for, and each is checked") func redirects() async throws {
        let server = try await TinyServer { head in
            switch head.uri {
            case "/inside": (302, ["location": "http://inside.example/secret"], "")
            case "/loop": (307, ["location": "/loop"], "")
            case "/next": (308, ["location": "/end"], "")
            case "/odd": (302, ["location": "file:///etc/passwd"], "")
            default: (200, [:], head.uri)
            }
        }
        let (client, _) = client(["hook.example": ["127.0.0.1"], "inside.example": ["10.0.0.1"]])
        let base = "http://hook.example:\(server.port)"
        #expect(try await send(client, base + "/next").status == 308)
        #expect(try await send(client, base + "/next", "POST", redirects: 3).body == Array("/end".utf8))
        #expect(try await send(client, base + "/loop", redirects: 3).status == 307)
        #expect(try await send(client, base + "/inside", "POST", redirects: 3).status == 302)
        await #expect(throws: OutboundError.refused) { _ = try await send(client, base + "/inside", redirects: 3) }
        await #expect(throws: OutboundError.badAnswer) { _ = try await send(client, base + "/odd", redirects: 3) }
        try await server.close()
    }

    @Test("an answer larger than was asked for is refused") func large() async throws {
        let server = try await TinyServer { _ in (200, [:], String(repeating: "x", count: 5000)) }
        let (client, _) = client()
        let url = "http://hook.example:\(server.port)/"
        await #expect(throws: OutboundError.badAnswer) { _ = try await send(client, url, maxBytes: 4999) }
        #expect(try await send(client, url, maxBytes: 5000).body.count == 5000)
        try await server.close()
    }

    @Test("nobody there is unreachable, a name without an address too") func unreachable() async throws {
        let server = try await TinyServer { _ in (200, [:], "") }
        let port = server.port
        try await server.close()
        let (client, _) = client()
        await #expect(throws: OutboundError.unreachable) { _ = try await send(client, "http://hook.example:\(port)/") }
        await #expect(throws: OutboundError.unreachable) { _ = try await send(client, "http://nowhere.example/") }
    }
}

/// Answers every request by a function of its head.
final class TinyServer: Sendable {
    typealias Answer = @Sendable (HTTPRequestHead) -> (Int, [String: String], String)
    private let channel: any Channel
    private let count: NIOLockedValueBox<Int>

    var port: Int { channel.localAddress?.port ?? 0 }
    var requests: Int { count.withLockedValue { $0 } }

    init(_ answer: @escaping Answer) async throws {
        let count = NIOLockedValueBox(0)
        self.count = count
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    try channel.pipeline.syncOperations.addHandler(Handler(answer, count))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func close() async throws { try await channel.close().get() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTPServerRequestPart
        typealias OutboundOut = HTTPServerResponsePart
        private let answer: Answer
        private let count: NIOLockedValueBox<Int>
        private var head: HTTPRequestHead?

        init(_ answer: @escaping Answer, _ count: NIOLockedValueBox<Int>) {
            self.answer = answer
            self.count = count
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .head(let head): self.head = head
            case .body: break
            case .end:
                guard let head else { return }
                count.withLockedValue { $0 += 1 }
                let (status, headers, body) = answer(head)
                var response = HTTPResponseHead(version: .http1_1, status: .init(statusCode: status))
                for (name, value) in headers { response.headers.add(name: name, value: value) }
                response.headers.add(name: "content-length", value: "\(body.utf8.count)")
                context.write(wrapOutboundOut(.head(response)), promise: nil)
                context.write(wrapOutboundOut(.body(.byteBuffer(ByteBuffer(string: body)))), promise: nil)
                context.writeAndFlush(wrapOutboundOut(.end(nil)), promise: nil)
            }
        }
    }
}
