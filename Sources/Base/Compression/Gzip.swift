/// RFC 1952. Several members one after another are one text, as the RFC says; anything else behind a member, padding
/// zeros included, is refused.
package enum Gzip {
    /// - Parameter level: 1 (fast) ... 9 (small). 204 KB of report JSON: level 1 0.4 ms to 22 KB, level 6 1.7 ms to 17 KB.
    package static func compress(_ bytes: some Collection<UInt8>, level: Int = 6) -> [UInt8] {
        ZStream.compress(bytes, level: level, format: .gzip)
    }

    /// - Parameter limit: the most bytes the expanded form may have.
    package static func decompress(
        _ bytes: some Collection<UInt8>, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        try ZStream.expand(bytes, limit: limit, format: .gzip)
    }
}

/// Raw deflate (RFC 1951) in the form of WebSocket messages (RFC 7692): flushed to a byte boundary without a final
/// block, the four bytes `00 00 FF FF` that would end every message left out. Each message stands alone (no context
/// is taken over), so that one compressed frame can go to many readers.
package enum Deflate {
    package static func compress(_ bytes: some Collection<UInt8>, level: Int = 1) -> [UInt8] {
        var message = ZStream.compress(bytes, level: level, format: .message)
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
