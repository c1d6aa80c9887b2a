import Kernel
import NIOCore
import Testing

@testable import AgentApp

@Suite struct WebSocketClientTests {
    /// The key of RFC 6455, 1.3.
    private static let randomness = Randomness { count in Array("the sample nonce".utf8.prefix(count)) }

    private func opened() throws -> WebSocketClient {
        var client = WebSocketClient(randomness: Self.randomness, maxMessageBytes: 1000)
        client.feed(Self.bytes(Self.welcome))
        #expect(try client.next() == .open)
        return client
    }

    private static let welcome =
        "HTTP/1.1 101 Switching Protocols\r\nupgrade: websocket\r\nSec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"

    private static func bytes(_ text: String) -> ByteBuffer { ByteBuffer(string: text) }
    private static func bytes(_ bytes: [UInt8]) -> ByteBuffer { ByteBuffer(bytes: bytes) }

    @Test("the handshake is that of RFC 6455") func handshake() throws {
        #expect(WebSocketClient.accept("dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        let client = WebSocketClient(randomness: Self.randomness, maxMessageBytes: 1000)
        let request = client.request(path: "/x", host: "pulse.example", headers: [("Authorization", "Bearer t")])
        #expect(request.hasPrefix("GET /x HTTP/1.1\r\nHost: pulse.example\r\nUpgrade: websocket\r\n"))
        #expect(request.hasSuffix("Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nAuthorization: Bearer t\r\n\r\n"))
        _ = try opened()
    }

    @Test("an answer that comes byte by byte, with a message behind it, is read") func pieces() throws {
        var client = WebSocketClient(randomness: Self.randomness, maxMessageBytes: 1000)
        var events: [WebSocketClient.Event] = []
        for byte in Array(Self.welcome.utf8) + [0x82, 3, 1, 2, 3] {
            client.feed(Self.bytes([byte]))
            while let event = try client.next() { events.append(event) }
        }
        #expect(events == [.open, .message([1, 2, 3])])
    }

    @Test("another status is told; an answer to another question is refused") func declined() throws {
        var client = WebSocketClient(randomness: Self.randomness, maxMessageBytes: 1000)
        client.feed(Self.bytes("HTTP/1.1 401 Unauthorized\r\ncontent-length: 0\r\n\r\n"))
        #expect(try client.next() == .declined(status: 401))
        for text in [
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: AAAA\r\n\r\n",
            "HTTP/1.1 101 Switching Protocols\r\n\r\n", "SSH-2.0-OpenSSH\r\n\r\n", "\r\n\r\n",
            String(repeating: "x", count: 20_000),
        ] {
            var client = WebSocketClient(randomness: Self.randomness, maxMessageBytes: 1000)
            client.feed(Self.bytes(text))
            #expect(throws: WebSocketClient.Violation.self) { try client.next() }
        }
    }

    @Test("messages in pieces are put together, pings and ends are told") func frames() throws {
        var client = try opened()
        client.feed(Self.bytes([0x02, 2, 1, 2, 0x89, 1, 7, 0x80, 1, 3, 0x88, 5, 0x11, 0x31] + Array("abc".utf8)))
        #expect(try client.next() == .ping([7]))
        #expect(try client.next() == .message([1, 2, 3]))
        #expect(try client.next() == .close(code: 4401, reason: "abc"))
        #expect(try client.next() == nil)
    }

    @Test(
        "what no server may send is refused",
        arguments: [
            [0x82, 0x81, 0, 0, 0, 0, 1], [0xC2, 1, 1], [0x81, 1, 97], [0x80, 1, 1], [0x83, 0],
            [0x82, 127, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], [0x82, 126, 0x03, 0xE9], [0x09, 0],
            [0x02, 1, 1, 0x82, 1, 1],
        ] as [[UInt8]])
    func violation(bytes: [UInt8]) throws {
        var client = try opened()
        client.feed(Self.bytes(bytes))
        #expect(throws: WebSocketClient.Violation.self) { while try client.next() != nil {} }
    }

    @Test("what we send is masked, at every length", arguments: [0, 1, 7, 8, 9, 125, 126, 1000, 65_535, 65_536])
    func masked(length: Int) {
        let payload = (0..<length).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        var buffer = ByteBuffer()
        WebSocketClient.frame(opcode: 2, payload, mask: 0x0102_0304, into: &buffer)
        let head = length < 126 ? 2 : length < 65_536 ? 4 : 10
        let bytes = Array(buffer.readableBytesView)
        #expect(bytes.count == head + 4 + length)
        #expect(bytes[1] & 0x80 != 0)
        let mask: [UInt8] = [1, 2, 3, 4]
        #expect(Array(bytes[head..<head + 4]) == mask)
        #expect(bytes[(head + 4)...].enumerated().map { $1 ^ mask[$0 & 3] } == payload)
    }
}
