import CZlib

/// Raw deflate for columns that are written seldom and read often.
package enum Packed {
    /// Up to here the tables of a block cost more time to build than they save bytes: a page of a list unpacks two
    /// hundred such texts.
    private static let smallSize = 4096

    package static func pack(_ bytes: some Collection<UInt8>) -> [UInt8] {
        ZStream.compress(
            bytes, level: 1, format: .message, flush: Z_FINISH,
            strategy: bytes.count <= smallSize ? Z_FIXED : Z_DEFAULT_STRATEGY)
    }

    /// Reads messages of `Deflate` too. A text cut short gives what is whole.
    /// - Parameter limit: the most bytes the expanded form may have.
    package static func unpack(_ bytes: some Collection<UInt8>, limit: Int) throws(CompressionError) -> [UInt8] {
        try ZStream.expand(bytes, limit: limit, format: .message)
    }
}
