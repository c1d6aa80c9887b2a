import Compression
import HTTPKit
import Kernel
import Testing

@Suite struct SocketTests {
    private func socket(
        access: AccessRule = .public(reason: "test"), _ serve: @escaping Endpoint.SocketService
    ) -> Endpoint {
        .socket("/ws", summary: "Talks", access: access, messages: .anything, messageExample: "{}", serve: serve)
    }

    private var echo: Endpoint {
        socket { _, socket in
            for await message in socket.messages {
                switch message {
                case .text(let text): socket.send(text: text)
                case .binary(let bytes): socket.send(SocketFrame(binary: bytes))
                }
            }
        }
    }

    // MARK: Opening

    @Test("opens with the accept key of RFC 6455, echoes, answers pings, and closes in good order")
    func conversation() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                let answer = try await client.upgrade()
                #expect(answer.status == 101)
                #expect(answer["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
                #expect(answer["sec-websocket-extensions"] == nil)
                try await client.send(ClientFrame.text("hello"))
                #expect(try await client.frame().text == "hello")
                try await client.send(ClientFrame.frame(9, [1, 2, 3]))
                let pong = try await client.frame()
                #expect(pong.opcode == 10 && pong.payload == [1, 2, 3])
                try await client.send(ClientFrame.frame(8, [0x0F, 0xA0]))
                #expect(try await client.closeCode() == 4000)
                try await client.waitForEnd()
            }
        }
    }

    @Test("frames may follow the handshake in the same packet")
    func eager() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                let handshake =
                    "GET /ws HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                    + "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
                try await client.send(Array(handshake.utf8) + ClientFrame.text("eager"))
                #expect(try await client.answer().status == 101)
                #expect(try await client.frame().text == "eager")
            }
        }
    }

    @Test("what is known at once is refused with a status")
    func refusals() async throws {
        let open = socket { _, _ in }
        let closed = Endpoint.socket(
            "/members", summary: "Talks", access: .session, messages: .anything, messageExample: "{}"
        ) { _, _ in }
        let gate = ScriptedGate { _ in nil }
        var settings = HTTPSettings()
        settings.allowedOrigins = ["https://pulse.example:8443/"]
        try await Given.server([open, closed, Given.endpoint()], gate: gate, settings: settings) { port in
            let cases: [(String, [String], Int)] = [
                ("/members", [], 401), ("/nowhere", [], 404), ("/ws", ["Origin: https://evil.example"], 403),
                ("/ws", ["Origin: null"], 403), ("/ws", ["Origin: https://pulse.example"], 403),
                ("/ws", ["Origin: https://PULSE.example:8443"], 101), ("/ws", ["Origin: http://pulse.test"], 101),
                ("/api/thing", [], 200),
            ]
            for (path, headers, status) in cases {
                let answer = try await RawClient.connected(to: port) { client in
                    try await client.upgrade(path, headers)
                }
                #expect(answer.status == status, "\(path) \(headers): \(answer.status)")
            }
            try await RawClient.connected(to: port) { client in
                try await client.get("/ws")
                let answer = try await client.answer()
                #expect(answer.status == 426)
                #expect(answer.text.contains("upgrade-required"))
            }
            try await RawClient.connected(to: port) { client in
                try await client.get(
                    "/ws",
                    [
                        "Upgrade: websocket", "Connection: Upgrade", "Sec-WebSocket-Version: 13",
                        "Sec-WebSocket-Key: short",
                    ])
                #expect(try await client.answer().status == 400)
            }
        }
    }

    @Test(
        "what the gate finds out later closes the socket with a code",
        arguments: [(401, 4401), (403, 4403), (404, 4403), (429, 4429), (503, 1013)])
    func lateRefusals(status: Int, code: Int) async throws {
        let gate = ScriptedGate { _ in throw Problem("refused", status: status, title: "Refused") }
        let endpoint = socket(access: .session) { _, _ in Issue.record("served") }
        try await Given.server([endpoint], gate: gate) { port in
            try await RawClient.connected(to: port) { client in
                #expect(try await client.upgrade("/ws", ["X-API-Token: some"]).status == 101)
                let frame = try await client.frame()
                #expect(frame.closeCode == code)
                #expect(frame.payload.dropFirst(2).elementsEqual("refused".utf8))
            }
        }
    }

    @Test("a gate that does not answer in time lets nobody in")
    func slowGate() async throws {
        var settings = HTTPSettings()
        settings.socket.authenticationTimeout = .milliseconds(50)
        let gate = ScriptedGate { _ in
            try await Task.sleep(for: .seconds(60))
            return nil
        }
        let endpoint = socket(access: .session) { _, _ in }
        try await Given.server([endpoint], gate: gate, settings: settings) { port in
            try await RawClient.connected(to: port) { client in
                _ = try await client.upgrade("/ws", ["X-API-Token: some"])
                #expect(try await client.closeCode() == 1013)
            }
        }
    }

    @Test("sockets that are not let in yet are counted by address")
    func unauthenticated() async throws {
        var settings = HTTPSettings()
        settings.socket.maxUnauthenticatedPerAddress = 2
        let (gateOpened, open) = AsyncStream.makeStream(of: Void.self)
        let gate = ScriptedGate { _ in
            for await _ in gateOpened { break }
            return nil
        }
        let endpoint = socket { _, socket in socket.send(text: "in") }
        try await Given.server([endpoint], gate: gate, settings: settings) { port in
            try await RawClient.pair(to: port) { first, second in
                #expect(try await first.upgrade().status == 101)
                #expect(try await second.upgrade().status == 101)
                let third = try await RawClient.connected(to: port) { try await $0.upgrade() }
                #expect(third.status == 429)
                #expect(third.text.contains("too-many-sockets"))
                open.finish()
                #expect(try await first.frame().text == "in")
                #expect(try await second.frame().text == "in")
                let fourth = try await RawClient.connected(to: port) { try await $0.upgrade() }
                #expect(fourth.status == 101)
            }
        }
    }

    // MARK: Conversing

    @Test("a violation closes with its code")
    func violation() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                _ = try await client.upgrade()
                try await client.send([0x81, 0x01, 0x78])
                #expect(try await client.closeCode() == 1002)
                try await client.waitForEnd()
            }
        }
    }

    @Test("permessage-deflate is agreed on without context, and works both ways")
    func deflate() async throws {
        try await Given.server([echo]) { port in
            try await RawClient.connected(to: port) { client in
                let answer = try await client.upgrade(
                    "/ws", ["Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"])
                #expect(
                    answer["sec-websocket-extensions"]
                        == "permessage-deflate; server_no_context_takeover; client_no_context_takeover")
                let text = String(repeating: "the same again ", count: 500)
                for _ in 0..<2 {
                    try await client.send(ClientFrame.frame(0x41, Deflate.compress(Array(text.utf8))))
                    let frame = try await client.frame()
                    #expect(frame.isDeflated)
                    #expect(frame.payload.count < 500)
                    #expect(try Deflate.inflate(frame.payload, limit: 10_000) == Array(text.utf8))
                }
                try await client.send(ClientFrame.text("short"))
                let short = try await client.frame()
                #expect(!short.isDeflated && short.text == "short")
            }
            try await RawClient.connected(to: port) { client in
                let offer = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
                let answer = try await client.upgrade("/ws", [offer])
                #expect(answer["sec-websocket-extensions"] == nil)
            }
        }
    }

    @Test("a reader that does not keep up is closed with 4408, instead of being waited for")
    func slowReader() async throws {
        let (ended, didEnd) = AsyncStream.makeStream(of: Void.self)
        var settings = HTTPSettings()
        settings.socket.maxQueuedBytes = 256 * 1024
        let flood = socket { _, socket in
            // 64 MB, more than the kernel and the queue hold together.
            let frame = SocketFrame(binary: Array(repeating: 7, count: 64 * 1024))
            for _ in 0..<1000 { socket.send(frame) }
            for await _ in socket.messages {}
            didEnd.yield()
        }
        try await Given.server([flood], settings: settings) { port in
            try await RawClient.connected(to: port) { client in
                _ = try await client.upgrade()
                for await _ in ended { break }
                #expect(try await client.closeCode() == 4408)
            }
        }
    }

    @Test("a group's frames reach all its members once, in order, after what they were greeted with")
    func group() async throws {
        let group = SocketGroup()
        let endpoint = socket { _, socket in
            group.add(socket, first: [SocketFrame(text: Array("welcome".utf8))])
            for await message in socket.messages {
                if case .text(let text) = message { group.send(SocketFrame(text: Array(text.utf8))) }
            }
        }
        try await Given.server([endpoint]) { port in
            try await RawClient.pair(to: port) { first, second in
                _ = try await first.upgrade()
                #expect(try await first.frame().text == "welcome")
                _ = try await second.upgrade("/ws", ["Sec-WebSocket-Extensions: permessage-deflate"])
                #expect(try await second.frame().text == "welcome")
                let long = String(repeating: "x", count: 2000)
                try await first.send(ClientFrame.text("1") + ClientFrame.text(long) + ClientFrame.text("3"))
                for expected in ["1", long, "3"] {
                    #expect(try await first.frame().text == expected)
                    let frame = try await second.frame()
                    let payload = frame.isDeflated ? try Deflate.inflate(frame.payload, limit: 4000) : frame.payload
                    #expect(frame.isDeflated == (expected == long))
                    #expect(payload == Array(expected.utf8))
                }
                try await second.send(ClientFrame.frame(8, []))
                try await second.waitForEnd()
                try await first.send(ClientFrame.text("alone"))
                #expect(try await first.frame().text == "alone")
                #expect(group.count == 1)
            }
        }
    }

    @Test("a shutdown closes sockets with 1012")
    func restart() async throws {
        let server = HTTPServer(responder: try Given.responder([echo]))
        try await Given.running(server) { port, shutDown in
            try await RawClient.connected(to: port) { client in
                _ = try await client.upgrade()
                try await client.send(ClientFrame.text("hello"))
                #expect(try await client.frame().text == "hello")
                await shutDown()
                #expect(try await client.closeCode() == 1012)
                try await client.send(ClientFrame.frame(8, [0x03, 0xF4]))
                try await client.waitForEnd()
            }
        }
    }

    @Test("fact 25: a caller of whom nothing is heard is closed, however often they were pinged")
    func silence() async throws {
        var settings = HTTPSettings()
        settings.socket.pingInterval = .milliseconds(50)
        settings.socket.silenceTimeout = .seconds(1)
        try await Given.server([echo], settings: settings) { port in
            try await RawClient.connected(to: port) { client in
                _ = try await client.upgrade()
                #expect(try await client.frame().opcode == 9)
                #expect(try await client.closeCode() == 1001)
            }
        }
    }
}
