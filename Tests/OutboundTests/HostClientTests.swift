import HTTPKit
import HostileKit
import Inventory
import Kernel
import NIOConcurrencyHelpers
import NIOCore
import NIOPosix
import Testing

@testable import Outbound

@Suite struct HostClientTests {
    private static let reach = OutboundReach(
        AddressGuard(
            OutboundPolicy(allowing: ["127.0.0.0/8"].compactMap { NetworkRange($0) }),
            resolver: Resolver { name, _ in name == "pve.test" ? ["127.0.0.1"] : [] }))

    private let now = Timestamp(seconds: 1_795_253_400)

    private func client(
        _ server: HostileServer, _ trust: ServerTrust, host: String = "127.0.0.1", width: Int = 4
    ) throws -> HostClient {
        try Self.reach.client(of: host, port: server.port, trust: trust, width: width)
    }

    private func get(
        _ client: HostClient, _ path: String = "/", timeout: Duration = .seconds(20),
        headerTimeout: Duration = .seconds(10), maxBytes: Int = 100_000
    ) async throws -> OutboundAnswer {
        try await client.send(
            OutboundRequest(path, timeout: timeout, headerTimeout: headerTimeout, maxBytes: maxBytes))
    }

    @Test("a pinned leaf is believed whatever it says of itself, and one connection serves many requests")
    func pinned() async throws {
        let certificate = try TestCertificate("something.else")
        let server = try await HostileServer(certificate) { .json("[\"\($0.path)\"]") }
        let client = try client(server, .pinned(certificate.sha256))
        for path in ["/a", "/b", "/c"] {
            #expect(try await get(client, path).body == Array("[\"\(path)\"]".utf8))
        }
        #expect(server.accepted == 1)
        #expect(server.requests.first?.header("host") == "127.0.0.1:\(server.port)")
        #expect(server.requests.first?.header("accept-encoding") == "identity")
        try await server.close()
    }

    @Test("not one byte of a request reaches who shows another certificate than the pinned one")
    func mismatch() async throws {
        let server = try await HostileServer(try TestCertificate()) { _ in .json("[]") }
        let client = try client(server, .pinned(try TestCertificate().sha256))
        await #expect(throws: OutboundError.certificateChanged) { _ = try await get(client) }
        #expect(server.accepted == 1)
        #expect(server.plainBytes == 0)
        #expect(server.requests.isEmpty)
        try await server.close()
    }

    @Test("a certificate that changes between two polls is noticed on the next connection")
    func changed() async throws {
        let first = try TestCertificate()
        let server = try await HostileServer(first) { _ in .answer(200, headers: ["connection": "close"], body: "[]") }
        let client = try client(server, .pinned(first.sha256))
        _ = try await get(client)
        let seen = server.plainBytes
        try server.show(try TestCertificate())
        await #expect(throws: OutboundError.certificateChanged) { _ = try await get(client) }
        #expect(server.plainBytes == seen)
        try await server.close()
    }

    @Test("an address by number is compared with those of the certificate, whichever way the bytes go")
    func numbers() async throws {
        let authority = try TestCertificate("authority.test")
        let trust = ServerTrust.authorities(pem: authority.pem)
        for (name, isThere, isBehind) in [
            ("127.0.0.1", true, false), ("192.168.1.10", false, true), ("pve.test", false, false),
        ] {
            let server = try await HostileServer(try TestCertificate(name, signedBy: authority)) { _ in .json("[]") }
            let behind = OutboundReach(
                AddressGuard(OutboundPolicy()),
                gateways: GatewayReach { call, prepare in
                    #expect(call.host == "192.168.1.10")
                    return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                        .channelInitializer(prepare).connect(host: "127.0.0.1", port: server.port).get()
                } ask: { _ in
                    throw OutboundError.noGateway
                })
            let route = OutboundRoute.viaAgent(AgentID.new(at: now), of: OrgID.new(at: now))
            let through = try behind.client(of: "192.168.1.10", port: server.port, trust: trust, route: route)
            for (client, isBelieved) in [(try client(server, trust), isThere), (through, isBehind)] {
                if isBelieved {
                    #expect(try await get(client).status == 200)
                } else {
                    await #expect(throws: OutboundError.untrusted) { _ = try await get(client) }
                }
            }
            #expect(server.requests.count == (isThere || isBehind ? 1 : 0))
            try await server.close()
        }
    }

    @Test("authorities are believed for the names they sign, and nobody else is") func authorities() async throws {
        let authority = try TestCertificate("authority.test")
        let server = try await HostileServer(try TestCertificate("pve.test", signedBy: authority)) { _ in .json("[]") }
        let trust = ServerTrust.authorities(pem: authority.pem)
        #expect(try await get(client(server, trust, host: "pve.test")).status == 200)
        let other = ServerTrust.authorities(pem: try TestCertificate("authority.test").pem)
        for (trust, host) in [(trust, "127.0.0.1"), (other, "pve.test"), (.system, "pve.test")] {
            await #expect(throws: OutboundError.untrusted) { _ = try await get(client(server, trust, host: host)) }
        }
        #expect(server.requests.count == 1)
        try await server.close()
    }

    @Test("an address is a name too when the certificate says so") func addressNames() async throws {
        let authority = try TestCertificate("authority.test")
        let server = try await HostileServer(try TestCertificate("127.0.0.1", signedBy: authority)) { _ in .json("[]") }
        #expect(try await get(client(server, .authorities(pem: authority.pem))).status == 200)
        try await server.close()
    }

    @Test("authorities that are no certificates and pins that are no digest are told before anything is tried")
    func misconfigured() {
        for trust in [ServerTrust.authorities(pem: "hello"), .authorities(pem: ""), .pinned([1, 2, 3])] {
            #expect(throws: OutboundError.misconfigured) {
                _ = try Self.reach.client(of: "127.0.0.1", port: 1, trust: trust)
            }
        }
    }

    @Test("nothing older than TLS 1.2 is spoken, pinned or not") func oldTLS() async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate, isOutdated: true) { _ in .json("[]") }
        await #expect(throws: OutboundError.badAnswer) {
            _ = try await get(client(server, .pinned(certificate.sha256)))
        }
        #expect(server.requests.isEmpty)
        try await server.close()
    }

    @Test("who does not speak TLS at all gives an answer that cannot be understood") func noTLS() async throws {
        let server = try await HostileServer(nil) { _ in .json("[]") }
        await #expect(throws: OutboundError.badAnswer) { _ = try await get(client(server, .system)) }
        #expect(server.requests.isEmpty)
        try await server.close()
    }

    @Test("silence, and an answer that never ends, are over when the time is", arguments: [true, false])
    func timeouts(isSilent: Bool) async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate) { _ in isSilent ? .silence : .drip }
        let client = try client(server, .pinned(certificate.sha256), width: 1)
        // The head comes at once from who drips: only the time for all of it ends that.
        await #expect(throws: OutboundError.timeout) {
            _ = try await get(
                client, timeout: isSilent ? .seconds(60) : .milliseconds(800),
                headerTimeout: isSilent ? .milliseconds(300) : .seconds(60))
        }
        server.answer { _ in .json("[]") }
        #expect(try await get(client).status == 200)
        try await server.close()
    }

    @Test("more than is held is refused as soon as that is known, however it is wrapped")
    func bodies() async throws {
        let certificate = try TestCertificate()
        let replies: [(HostileServer.Reply, OutboundError)] = [
            (.flood(announced: 500_000_000), .tooLarge), (.flood(announced: nil), .tooLarge), (.crumbs, .tooLarge),
            (.flood(announced: nil, headers: ["content-encoding": "gzip"]), .badAnswer),
            (.half(of: String(repeating: "x", count: 1000)), .badAnswer), (.hangUp, .unreachable),
        ]
        for (reply, wanted) in replies {
            let server = try await HostileServer(certificate) { _ in reply }
            let client = try client(server, .pinned(certificate.sha256))
            await #expect(throws: wanted, "\(reply)") { _ = try await get(client, maxBytes: 1_000_000) }
            // What the wire holds by itself, and no more.
            #expect(server.sentBytes < 32_000_000, "\(reply)")
            try await server.close()
        }
    }

    @Test(
        "a large answer is taken whole, however much of it comes at once", arguments: [200_000, 3_000_000, 8_000_000])
    func large(size: Int) async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate) { _ in .json(String(repeating: "x", count: size)) }
        let client = try client(server, .pinned(certificate.sha256))
        for _ in 0..<3 { #expect(try await get(client, maxBytes: 8_000_000).body.count == size) }
        try await server.close()
    }

    @Test("there are never more connections than allowed, and everybody gets their turn") func width() async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate) { .json("[\"\($0.path)\"]") }
        let client = try client(server, .pinned(certificate.sha256), width: 2)
        let answers = try await withThrowingTaskGroup(of: Int.self) { group in
            for number in 0..<40 { group.addTask { try await get(client, "/\(number)").status } }
            return try await group.reduce(into: [Int]()) { $0.append($1) }
        }
        #expect(answers == Array(repeating: 200, count: 40))
        #expect(server.mostOpen <= 2)
        try await server.close()
    }

    @Test("a turn is given back by who fails, gives up or is cancelled") func turns() async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate) { _ in .silence }
        let client = try client(server, .pinned(certificate.sha256), width: 1)
        let first = Task { try await get(client, timeout: .seconds(60), headerTimeout: .seconds(60)) }
        await #expect(throws: OutboundError.timeout) { _ = try await get(client, timeout: .milliseconds(500)) }
        first.cancel()
        await #expect(throws: CancellationError.self) { _ = try await first.value }
        server.answer { _ in .json("[]") }
        #expect(try await get(client).status == 200)
        try await server.close()
    }

    @Test("a connection that the host closed meanwhile is replaced without a word") func stale() async throws {
        let certificate = try TestCertificate()
        let count = NIOLockedValueBox(0)
        let server = try await HostileServer(certificate) { _ in
            // Every second request of a connection finds it closed.
            count.withLockedValue { count in
                count += 1
                return count == 2 ? .hangUp : .json("[]")
            }
        }
        let client = try client(server, .pinned(certificate.sha256), width: 1)
        _ = try await get(client)
        #expect(try await get(client).status == 200)
        #expect(server.accepted == 2)
        try await server.close()
    }

    @Test("a redirect is an answer like any other: nobody goes there") func redirect() async throws {
        let certificate = try TestCertificate()
        let server = try await HostileServer(certificate) { _ in
            .answer(302, headers: ["location": "http://169.254.169.254/"], body: "")
        }
        let answer = try await get(client(server, .pinned(certificate.sha256)))
        #expect(answer.status == 302)
        #expect(server.requests.count == 1)
        try await server.close()
    }

    @Test("what is not allowed is not connected to, and there is no way through an agent yet") func refused()
        async throws
    {
        let server = try await HostileServer(try TestCertificate()) { _ in .json("[]") }
        let strict = OutboundReach(AddressGuard(OutboundPolicy(), resolver: Resolver { _, _ in ["127.0.0.1"] }))
        for host in ["127.0.0.1", "pve.test"] {
            let client = try strict.client(of: host, port: server.port, trust: .system)
            await #expect(throws: OutboundError.refused) { _ = try await get(client) }
            await #expect(throws: OutboundError.refused) {
                _ = try await strict.certificate(of: host, port: server.port, timeout: .seconds(5))
            }
        }
        let agent = AgentID.new(at: Timestamp(seconds: 1_800_000_000))
        let through = try Self.reach.client(
            of: "127.0.0.1", port: server.port, trust: .system,
            route: .viaAgent(agent, of: .new(at: Timestamp(seconds: 1_800_000_000))))
        await #expect(throws: OutboundError.noGateway) { _ = try await get(through) }
        #expect(server.accepted == 0)
        try await server.close()
    }

    @Test("a certificate is shown to a person without a word to the server") func capture() async throws {
        let certificate = try TestCertificate("pve1.example")
        let server = try await HostileServer(certificate) { _ in .json("[]") }
        let shown = try await Self.reach.certificate(of: "127.0.0.1", port: server.port, timeout: .seconds(10))
        #expect(shown.sha256 == certificate.sha256)
        #expect(shown.subject.contains("pve1.example"))
        #expect(!shown.isTrusted)
        #expect(server.plainBytes == 0)
        try await server.close()
        await #expect(throws: OutboundError.unreachable) {
            _ = try await Self.reach.certificate(of: "127.0.0.1", port: server.port, timeout: .seconds(10))
        }
    }

    @Test(
        "what goes wrong while a certificate is judged is told as that, and says nothing about the certificate",
        arguments: [OutboundError.timeout, .noGateway, .gatewayBusy, .unreachable])
    func unjudged(error: OutboundError) async throws {
        let server = try await HostileServer(try TestCertificate()) { _ in .json("[]") }
        let opened = NIOLockedValueBox(0)
        let behind = OutboundReach(
            AddressGuard(OutboundPolicy()),
            gateways: GatewayReach { _, prepare in
                // The certificate is seen, and then the way is gone.
                guard
                    opened.withLockedValue({ count in
                        count += 1
                        return count == 1
                    })
                else { throw error }
                return try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                    .channelInitializer(prepare).connect(host: "127.0.0.1", port: server.port).get()
            } ask: { _ in
                throw OutboundError.noGateway
            })
        await #expect(throws: error) {
            _ = try await behind.certificate(
                of: "192.168.1.10", port: server.port,
                route: .viaAgent(AgentID.new(at: now), of: OrgID.new(at: now)), timeout: .seconds(20))
        }
        #expect(opened.withLockedValue { $0 } == 2)
        try await server.close()
    }

    @Test("whoever is connected when the time is over is hung up on") func late() async throws {
        // Says nothing and listens to nothing: nobody but us ends the connection.
        let server = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        let port = server.localAddress?.port ?? 0
        let connected = NIOLockedValueBox<(any Channel)?>(nil)
        let dialer = Dialer { _, _, _, prepare in
            let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
                .channelInitializer(prepare).connect(host: "127.0.0.1", port: port).get()
            connected.withLockedValue { $0 = channel }
            return channel
        }
        await #expect(throws: OutboundError.timeout) {
            _ = try await SecuredStream.open(
                "pve.test", port, try ClientTLS(.system, of: "pve.test"), by: dialer, until: .now()
            ) { $0.eventLoop.makeSucceededVoidFuture() }
        }
        let channel = try #require(connected.withLockedValue { $0 })
        let isClosed = channel.eventLoop.makePromise(of: Bool.self)
        channel.closeFuture.whenComplete { _ in isClosed.succeed(true) }
        let alarm = channel.eventLoop.scheduleTask(in: .seconds(20)) { isClosed.succeed(false) }
        #expect(try await isClosed.futureResult.get())
        alarm.cancel()
        try await server.close()
    }
}
