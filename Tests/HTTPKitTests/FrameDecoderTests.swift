import Compression
import NIOCore
import Testing

@testable import HTTPKit

@Suite struct FrameDecoderTests {
    /// Everything that comes out of `bytes`, given whole and then once more byte by byte.
    private func events(_ bytes: [UInt8], deflate: Bool = false, limit: Int = 1000) -> [String] {
        var whole = FrameDecoder(maxMessageBytes: limit, acceptsDeflate: deflate)
        var buffer = ByteBuffer(bytes: bytes)
        let atOnce = Self.drain(&whole, &buffer)
        var trickled = FrameDecoder(maxMessageBytes: limit, acceptsDeflate: deflate)
        var slowly: [String] = []
        var inbox = ByteBuffer()
        for byte in bytes {
            inbox.writeInteger(byte)
            slowly += Self.drain(&trickled, &inbox)
            if slowly.last?.hasPrefix("violation") == true { break }
        }
        #expect(slowly == atOnce)
        return atOnce
    }

    private static func drain(_ decoder: inout FrameDecoder, _ buffer: inout ByteBuffer) -> [String] {
        var events: [String] = []
        do throws(FrameDecoder.Violation) {
            while let event = try decoder.next(from: &buffer) { events.append(describe(event)) }
        } catch {
            events.append("violation \(error.code.rawValue)")
        }
        return events
    }

    private static func describe(_ event: FrameDecoder.Event) -> String {
        switch event {
        case .message(.text(let text)): "text \(text)"
        case .message(.binary(let bytes)): "binary \(bytes.count)"
        case .ping(let payload): "ping \(payload.readableBytes)"
        case .pong: "pong"
        case .close(let code): "close \(code.map { "\($0)" } ?? "-")"
        }
    }

    @Test("messages of every length arrive unmasked")
    func lengths() {
        for length in [0, 1, 125, 126, 127, 999, 1000] {
            let text = String(repeating: "x", count: length)
            #expect(events(ClientFrame.text(text)) == ["text \(text)"])
        }
        #expect(events(ClientFrame.frame(2, Array(repeating: 7, count: 300))) == ["binary 300"])
    }

    @Test("fragments are put together, with control frames between them")
    func fragments() {
        let bytes =
            ClientFrame.frame(1, Array("Hel".utf8), isFinal: false) + ClientFrame.frame(9, [1, 2])
            + ClientFrame.frame(0, Array("lo ".utf8), isFinal: false) + ClientFrame.frame(10, [])
            + ClientFrame.frame(0, Array("you".utf8)) + ClientFrame.text("next")
        #expect(events(bytes) == ["ping 2", "pong", "text Hello you", "text next"])
    }

    @Test("a character may be cut in two by fragments")
    func cutCharacter() {
        let bytes = ClientFrame.frame(1, [0xC3], isFinal: false) + ClientFrame.frame(0, [0xBC])
        #expect(events(bytes) == ["text ü"])
    }

    @Test("what RFC 6455 forbids is a violation with its code")
    func violations() {
        let cases: [(String, [UInt8], Int)] = [
            ("not masked", [0x81, 0x01, 0x78], 1002),
            ("reserved bit", ClientFrame.frame(0x21, []), 1002),
            ("deflated, not agreed", ClientFrame.frame(0x41, []), 1002),
            ("unknown opcode", ClientFrame.frame(3, []), 1002),
            ("unknown control", ClientFrame.frame(11, []), 1002),
            ("continuation of nothing", ClientFrame.frame(0, []), 1002),
            ("message in a message", ClientFrame.frame(1, [], isFinal: false) + ClientFrame.text("x"), 1002),
            ("fragmented ping", ClientFrame.frame(9, [], isFinal: false), 1002),
            ("long ping", ClientFrame.frame(9, Array(repeating: 0, count: 126)), 1002),
            ("too big", ClientFrame.frame(1, Array(repeating: 120, count: 1001)), 1009),
            (
                "too big in parts",
                ClientFrame.frame(2, Array(repeating: 0, count: 600), isFinal: false)
                    + ClientFrame.frame(0, Array(repeating: 0, count: 600)), 1009
            ),
            ("absurd length", [0x82, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF], 1009),
            ("not UTF-8", ClientFrame.frame(1, [0xFF]), 1007),
            ("surrogate", ClientFrame.frame(1, [0xED, 0xA0, 0x80]), 1007),
            ("close with one byte", ClientFrame.frame(8, [3]), 1002),
            ("close with a reserved code", ClientFrame.frame(8, [0x03, 0xED]), 1002),
            ("close with a bad reason", ClientFrame.frame(8, [0x03, 0xE8, 0xFF]), 1007),
        ]
        for (what, bytes, code) in cases { #expect(events(bytes) == ["violation \(code)"], "\(what)") }
    }

    @Test("closes are read with and without a code")
    func closes() {
        #expect(events(ClientFrame.frame(8, [])) == ["close -"])
        #expect(events(ClientFrame.frame(8, [0x03, 0xE8])) == ["close 1000"])
        #expect(events(ClientFrame.frame(8, [0x11, 0x51] + Array("bye".utf8))) == ["close 4433"])
    }

    @Test("deflated messages are inflated, up to the limit and no further")
    func deflate() {
        let text = String(repeating: "abc ", count: 200)
        #expect(events(ClientFrame.frame(0x41, Deflate.compress(Array(text.utf8))), deflate: true) == ["text \(text)"])
        let bomb = Deflate.compress(Array(repeating: 0, count: 1_000_000))
        #expect(bomb.count < 10_000)
        #expect(events(ClientFrame.frame(0x42, bomb), deflate: true, limit: 20_000) == ["violation 1009"])
        #expect(events(ClientFrame.frame(0x41, [0xFF, 0xFF, 0xFF]), deflate: true) == ["violation 1007"])
        let halves = Deflate.compress(Array(text.utf8))
        let bytes =
            ClientFrame.frame(0x41, Array(halves[..<5]), isFinal: false) + ClientFrame.frame(0, Array(halves[5...]))
        #expect(events(bytes, deflate: true) == ["text \(text)"])
    }
}

/// Frames as a client sends them.
enum ClientFrame {
    static func text(_ text: String) -> [UInt8] { frame(1, Array(text.utf8)) }

    static func frame(_ opcode: UInt8, _ payload: [UInt8], isFinal: Bool = true) -> [UInt8] {
        let mask: [UInt8] = [0x12, 0x34, 0x56, 0x78]
        var bytes = [(isFinal ? 0x80 : 0) | opcode]
        switch payload.count {
        case ...125: bytes.append(0x80 | UInt8(payload.count))
        case ...0xFFFF: bytes += [0x80 | 126, UInt8(payload.count >> 8), UInt8(payload.count & 0xFF)]
        default: bytes += [0x80 | 127] + (0..<8).map { UInt8(truncatingIfNeeded: payload.count >> (56 - 8 * $0)) }
        }
        return bytes + mask + payload.enumerated().map { $1 ^ mask[$0 & 3] }
    }
}
