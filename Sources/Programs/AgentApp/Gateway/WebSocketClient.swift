import Crypto
import FoundationEssentials
import Kernel
import NIOCore

/// The client's half of RFC 6455, as far as a gateway needs it: the handshake, whole binary messages, ping and close.
/// Pure: bytes in, events out.
struct WebSocketClient {
    enum Event: Equatable {
        /// 101, and everything that belongs to it.
        case open
        /// Any other answer.
        case declined(status: Int)
        case message([UInt8])
        case ping([UInt8])
        /// The server ends it; without a code 1005, as the RFC has it.
        case close(code: UInt16, reason: String)
    }

    struct Violation: Error, Equatable, CustomStringConvertible {
        let description: String
    }

    private static let headBytes = 16 * 1024
    private let key: String
    private let maxMessageBytes: Int
    private var isOpen = false
    private var inbox = ByteBuffer()
    private var partial: ByteBuffer?

    init(randomness: Randomness, maxMessageBytes: Int) {
        key = Data(randomness.bytes(16)).base64EncodedString()
        self.maxMessageBytes = maxMessageBytes
    }

    func request(path: String, host: String, headers: [(String, String)]) -> String {
        let fields =
            [
                ("Host", host), ("Upgrade", "websocket"), ("Connection", "Upgrade"), ("Sec-WebSocket-Version", "13"),
                ("Sec-WebSocket-Key", key),
            ] + headers
        return "GET \(path) HTTP/1.1\r\n" + fields.map { "\($0.0): \($0.1)\r\n" }.joined() + "\r\n"
    }

    static func accept(_ key: String) -> String {
        let digest = Insecure.SHA1.hash(data: Array((key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11").utf8))
        return Data(digest).base64EncodedString()
    }

    mutating func feed(_ bytes: ByteBuffer) {
        if inbox.readableBytes == 0 { inbox = bytes } else { inbox.writeImmutableBuffer(bytes) }
    }

    /// The next event; `nil` when more bytes are needed.
    mutating func next() throws(Violation) -> Event? {
        guard isOpen else { return try answer() }
        while let (opcode, isFinal, payload) = try frame() {
            if let event = try take(opcode, isFinal, payload) { return event }
        }
        return nil
    }

    // MARK: The handshake

    private mutating func answer() throws(Violation) -> Event? {
        let bytes = inbox.readableBytesView
        guard let end = Self.end(of: bytes) else {
            guard bytes.count <= Self.headBytes else { throw Violation(description: "the answer's head has no end") }
            return nil
        }
        let lines = String(decoding: bytes[bytes.startIndex..<end], as: UTF8.self).split(separator: "\r\n")
        inbox.moveReaderIndex(to: end + 4)
        let words = (lines.first ?? "").split(separator: " ")
        guard words.count >= 2, words[0].hasPrefix("HTTP/1."), let status = Int(words[1]) else {
            throw Violation(description: "the answer is not HTTP")
        }
        guard status == 101 else { return .declined(status: status) }
        let accepted = lines.dropFirst().contains { line in
            let parts = line.split(separator: ":", maxSplits: 1)
            return parts.count == 2 && parts[0].lowercased() == "sec-websocket-accept"
                && String(parts[1]).trimmed == Self.accept(key)
        }
        guard accepted else { throw Violation(description: "the answer does not belong to what was asked") }
        isOpen = true
        return .open
    }

    private static func end(of bytes: ByteBufferView) -> Int? {
        guard bytes.count >= 4 else { return nil }
        for start in bytes.startIndex...(bytes.endIndex - 4) where bytes[start] == 13 {
            if bytes[start + 1] == 10, bytes[start + 2] == 13, bytes[start + 3] == 10 { return start }
        }
        return nil
    }

    // MARK: Frames

    private mutating func frame() throws(Violation) -> (opcode: UInt8, isFinal: Bool, payload: ByteBuffer)? {
        var view = inbox
        guard let first: UInt8 = view.readInteger(), let second: UInt8 = view.readInteger() else { return nil }
        guard first & 0x70 == 0, second & 0x80 == 0 else { throw Violation(description: "reserved bits, or a mask") }
        let length: Int
        switch second {
        case 126:
            guard let long: UInt16 = view.readInteger() else { return nil }
            length = Int(long)
        case 127:
            guard let long: UInt64 = view.readInteger() else { return nil }
            length = Int(clamping: long)
        default: length = Int(second)
        }
        guard length <= maxMessageBytes - (partial?.readableBytes ?? 0) else {
            throw Violation(description: "a message is too large")
        }
        guard let payload = view.readSlice(length: length) else { return nil }
        inbox = view
        return (first & 0x0F, first & 0x80 != 0, payload)
    }

    private mutating func take(
        _ opcode: UInt8, _ isFinal: Bool, _ payload: ByteBuffer
    ) throws(Violation) -> Event? {
        switch opcode {
        case 0 where partial != nil: partial?.writeImmutableBuffer(payload)
        case 2 where partial == nil: partial = payload
        case 8: return Self.close(payload)
        case 9 where isFinal: return .ping(Array(payload.readableBytesView))
        case 10 where isFinal: return nil
        default: throw Violation(description: "a frame of no use here")
        }
        guard isFinal, let whole = partial else { return nil }
        partial = nil
        return .message(Array(whole.readableBytesView))
    }

    private static func close(_ payload: ByteBuffer) -> Event {
        var payload = payload
        guard let code: UInt16 = payload.readInteger() else { return .close(code: 1005, reason: "") }
        return .close(code: code, reason: String(decoding: payload.readableBytesView.prefix(123), as: UTF8.self))
    }

    /// A client's frame: whole, and masked as the RFC demands, so that nothing in between takes it for something else.
    static func frame(opcode: UInt8, _ payload: [UInt8], mask: UInt32, into buffer: inout ByteBuffer) {
        buffer.reserveCapacity(minimumWritableBytes: payload.count + 14)
        buffer.writeInteger(0x80 | opcode)
        switch payload.count {
        case ...125: buffer.writeInteger(0x80 | UInt8(payload.count))
        case ...0xFFFF:
            buffer.writeInteger(UInt8(0x80 | 126))
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(UInt8(0x80 | 127))
            buffer.writeInteger(UInt64(payload.count))
        }
        buffer.writeInteger(mask)
        buffer.writeWithUnsafeMutableBytes(minimumWritableBytes: payload.count) { out in
            payload.withUnsafeBytes { bytes in
                let whole = bytes.count & ~7
                let long = UInt64(mask) << 32 | UInt64(mask)
                for place in stride(from: 0, to: whole, by: 8) {
                    let word = bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self) ^ long.bigEndian
                    out.storeBytes(of: word, toByteOffset: place, as: UInt64.self)
                }
                for place in whole..<bytes.count {
                    out[place] = bytes[place] ^ UInt8(truncatingIfNeeded: mask >> UInt32(24 - 8 * (place & 3)))
                }
            }
            return payload.count
        }
    }
}
