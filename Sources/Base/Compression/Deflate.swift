import CZlib

/// Raw deflate (RFC 1951) in the form of WebSocket messages (RFC 7692): flushed to a byte boundary without a final
/// block, the four bytes `00 00 FF FF` that would end every message left out. Each message stands alone (no context
/// is taken over), so that one compressed frame can go to many readers.
package enum Deflate {
    package static func compress(_ bytes: some Collection<UInt8>, level: Int = 1) -> [UInt8] {
        var message = ZStream.compress(bytes, level: level, format: .message, flush: Z_SYNC_FLUSH)
        if message.suffix(4).elementsEqual(ZStream.messageTail) { message.removeLast(4) }
        return message
    }

    /// - Parameter limit: the most bytes the expanded form may have.
    package static func inflate(
        _ bytes: some Collection<UInt8>, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        try ZStream.expand(Array(bytes) + ZStream.messageTail, limit: limit, format: .message)
    }
}
