import Compression
import NIOConcurrencyHelpers
import NIOCore

/// One message to be sent, already framed. Made once and shared by all sockets it goes to, so that a broadcast costs one
/// encoding and, where clients take it, one deflation.
package final class SocketFrame: Sendable {
    /// The whole frame: header and payload.
    let plain: ByteBuffer
    package let payloadByteCount: Int
    private let opcode: UInt8
    private let deflated = NIOLockedValueBox<ByteBuffer?>(nil)

    /// - Parameter text: UTF-8.
    package init(text: [UInt8]) {
        payloadByteCount = text.count
        opcode = 1
        plain = Self.frame(opcode: 1, text)
    }

    package init(binary: [UInt8]) {
        payloadByteCount = binary.count
        opcode = 2
        plain = Self.frame(opcode: 2, binary)
    }

    /// Below this many bytes a message is sent as it is: deflating it costs more than it saves.
    private static let minDeflateBytes = 512

    /// The frame as a permessage-deflate client takes it; plain when that would not be smaller.
    @discardableResult
    func deflate() -> ByteBuffer {
        guard payloadByteCount >= Self.minDeflateBytes else { return plain }
        return deflated.withLockedValue { deflated in
            if let deflated { return deflated }
            let small = Deflate.compress(plain.readableBytesView.suffix(payloadByteCount))
            let buffer = small.count < payloadByteCount ? Self.frame(opcode: opcode | 0x40, small) : plain
            deflated = buffer
            return buffer
        }
    }

    /// A server's frames are final and not masked. `opcode` may carry the bit 0x40 that says “deflated”.
    static func frame(opcode: UInt8, _ payload: [UInt8]) -> ByteBuffer {
        var buffer = ByteBuffer()
        buffer.reserveCapacity(payload.count + 10)
        buffer.writeInteger(0x80 | opcode)
        switch payload.count {
        case ...125: buffer.writeInteger(UInt8(payload.count))
        case ...0xFFFF:
            buffer.writeInteger(UInt8(126))
            buffer.writeInteger(UInt16(payload.count))
        default:
            buffer.writeInteger(UInt8(127))
            buffer.writeInteger(UInt64(payload.count))
        }
        buffer.writeBytes(payload)
        return buffer
    }

    static func close(_ code: SocketCloseCode, _ reason: String) -> ByteBuffer {
        // A control frame holds 125 bytes, two of them the code; reasons are ours and ASCII.
        frame(opcode: 8, [UInt8(code.rawValue >> 8), UInt8(code.rawValue & 0xFF)] + reason.utf8.prefix(123))
    }
}
