import CZlib

/// The checksum of gzip and PNG: finds torn and flipped bytes, not forgeries.
package enum CRC32 {
    package static func of(_ bytes: some Collection<UInt8>) -> UInt32 {
        let checksum =
            bytes.withContiguousStorageIfAvailable { crc32_z(0, $0.baseAddress, $0.count) }
            ?? Array(bytes).withUnsafeBufferPointer { crc32_z(0, $0.baseAddress, $0.count) }
        return UInt32(truncatingIfNeeded: checksum)
    }
}
