import Compression
import NIOCore

/// Reads the frames of RFC 6455 that a client sends, strictly, and puts messages together. Pure: bytes in, events out.
struct FrameDecoder {
    enum Event: Equatable {
        case message(SocketMessage)
        case ping(ByteBuffer)
        case pong
        /// `nil`: the peer gave no code.
        case close(UInt16?)
    }

    /// What the client did wrong, and how that closes the socket.
    struct Violation: Error, Equatable {
        let code: SocketCloseCode
        let reason: String
    }

    private struct Header {
        let isFinal: Bool
        let isDeflated: Bool
        let opcode: UInt8
        let length: Int
        let mask: [UInt8]
    }

    private struct Partial {
        let isText: Bool
        let isDeflated: Bool
        var bytes: ByteBuffer
    }

    private let maxMessageBytes: Int
    private let acceptsDeflate: Bool
    private var header: Header?
    private var partial: Partial?

    init(maxMessageBytes: Int, acceptsDeflate: Bool) {
        self.maxMessageBytes = maxMessageBytes
        self.acceptsDeflate = acceptsDeflate
    }

    /// The next complete event; `nil` when more bytes are needed. Never needs more than one frame's bytes buffered, and
    /// refuses a frame by its header, before its payload is here.
    mutating func next(from buffer: inout ByteBuffer) throws(Violation) -> Event? {
        while true {
            if header == nil { header = try readHeader(from: &buffer) }
            guard let header, var payload = buffer.readSlice(length: header.length) else { return nil }
            self.header = nil
            payload.unmask(header.mask)
            if let event = try take(payload, header) { return event }
        }
    }

    private func readHeader(from buffer: inout ByteBuffer) throws(Violation) -> Header? {
        var view = buffer
        guard let first: UInt8 = view.readInteger(), let second: UInt8 = view.readInteger() else { return nil }
        let opcode = first & 0x0F
        try check(opcode: opcode, first: first, second: second)
        let length: Int
        switch second & 0x7F {
        case 126:
            guard let long: UInt16 = view.readInteger() else { return nil }
            length = Int(long)
        case 127:
            guard let long: UInt64 = view.readInteger() else { return nil }
            length = Int(clamping: long)
        case let short: length = Int(short)
        }
        let alreadyHere = opcode < 8 ? partial?.bytes.readableBytes ?? 0 : 0
        guard length <= maxMessageBytes - alreadyHere else {
            throw Violation(code: .messageTooBig, reason: "a message may have \(maxMessageBytes) bytes")
        }
        guard let mask = view.readBytes(length: 4) else { return nil }
        buffer = view
        return Header(
            isFinal: first & 0x80 != 0, isDeflated: first & 0x40 != 0, opcode: opcode, length: length, mask: mask)
    }

    private func check(opcode: UInt8, first: UInt8, second: UInt8) throws(Violation) {
        let isControl = opcode >= 8
        let isStart = opcode == 1 || opcode == 2
        let broken: String? =
            if !(0...2).contains(opcode) && !(8...10).contains(opcode) { "unknown opcode" } else if second & 0x80 == 0 {
                "frames of a client are masked"
            } else if first & 0x30 != 0 || (first & 0x40 != 0 && !(acceptsDeflate && isStart)) {
                "reserved bits"
            } else if isControl && (first & 0x80 == 0 || second & 0x7F > 125) {
                "control frames are short and whole"
            } else if opcode == 0 && partial == nil { "a continuation of nothing" } else if isStart && partial != nil {
                "a message inside a message"
            } else { nil }
        if let broken { throw Violation(code: .protocolError, reason: broken) }
    }

    private mutating func take(_ payload: ByteBuffer, _ header: Header) throws(Violation) -> Event? {
        switch header.opcode {
        case 8: return .close(try Self.closeCode(of: payload))
        case 9: return .ping(payload)
        case 10: return .pong
        case 0: partial?.bytes.writeImmutableBuffer(payload)
        default: partial = Partial(isText: header.opcode == 1, isDeflated: header.isDeflated, bytes: payload)
        }
        guard header.isFinal, let whole = partial else { return nil }
        partial = nil
        return .message(try message(of: whole))
    }

    private func message(of whole: Partial) throws(Violation) -> SocketMessage {
        var bytes = Array(whole.bytes.readableBytesView)
        if whole.isDeflated {
            do throws(CompressionError) {
                bytes = try Deflate.inflate(bytes, limit: maxMessageBytes)
            } catch {
                throw error == .tooLarge(limit: maxMessageBytes)
                    ? Violation(code: .messageTooBig, reason: "a message may have \(maxMessageBytes) bytes")
                    : Violation(code: .invalidData, reason: "the message cannot be inflated")
            }
        }
        guard whole.isText else { return .binary(bytes) }
        guard let text = String(validating: bytes, as: UTF8.self) else {
            throw Violation(code: .invalidData, reason: "text must be UTF-8")
        }
        return .text(text)
    }

    private static func closeCode(of payload: ByteBuffer) throws(Violation) -> UInt16? {
        var payload = payload
        guard payload.readableBytes > 0 else { return nil }
        guard let code: UInt16 = payload.readInteger(),
            [1000...1003, 1007...1014, 3000...4999].contains(where: { $0.contains(code) })
        else { throw Violation(code: .protocolError, reason: "not a close code") }
        guard String(validating: payload.readableBytesView, as: UTF8.self) != nil else {
            throw Violation(code: .invalidData, reason: "text must be UTF-8")
        }
        return code
    }
}

extension ByteBuffer {
    /// Undoes the masking of RFC 6455, 5.3.
    mutating func unmask(_ mask: [UInt8]) {
        withUnsafeMutableReadableBytes { bytes in
            // Eight bytes a step: byte by byte a flood would cost seconds.
            let long = (0..<8).reduce(UInt64(0)) { $0 | UInt64(mask[$1 & 3]) << UInt64(8 * $1) }
            let whole = bytes.count & ~7
            for place in stride(from: 0, to: whole, by: 8) {
                let word = UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: UInt64.self)) ^ long
                bytes.storeBytes(of: word.littleEndian, toByteOffset: place, as: UInt64.self)
            }
            for index in whole..<bytes.count { bytes[index] ^= mask[index & 3] }
        }
    }
}
