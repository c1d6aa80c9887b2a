import CZlib

/// RFC 1952. Several members one after another are one text, as the RFC says; anything else behind a member, padding
/// zeros included, is refused.
package enum Gzip {
    /// - Parameter level: 1 (fast) ... 9 (small). 204 KB of report JSON: level 1 0.4 ms to 22 KB, level 6 1.7 ms to 17 KB.
    package static func compress(_ bytes: some Collection<UInt8>, level: Int = 6) -> [UInt8] {
        ZStream.compress(bytes, level: level, format: .gzip, flush: Z_FINISH)
    }

    /// - Parameter limit: the most bytes the expanded form may have.
    package static func decompress(
        _ bytes: some Collection<UInt8>, limit: Int
    ) throws(CompressionError) -> [UInt8] {
        try ZStream.expand(bytes, limit: limit, format: .gzip)
    }
}
