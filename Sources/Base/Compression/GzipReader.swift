import CZlib

/// Expands a gzip text that comes in pieces, 64 KiB at a time: what is held does not grow with it.
package struct GzipReader: ~Copyable {
    private static let pieceBytes = 64 * 1024

    private let run: ZStream
    private let limit: Int
    private var input: [UInt8] = []
    private var offset = 0
    private var expandedBytes = 0
    /// At the end of a member, where the text may end.
    private var isWhole = false

    /// - Parameter limit: the most bytes the expanded form may have.
    package init(limit: Int) throws(CompressionError) {
        run = try ZStream(inflating: .gzip)
        self.limit = limit
    }

    /// The next piece of the compressed form. Take `next` until it is `nil` before.
    package mutating func feed(_ piece: [UInt8]) {
        input = piece
        offset = 0
    }

    /// - Returns: `nil` when more input is needed.
    package mutating func next() throws(CompressionError) -> [UInt8]? {
        while offset < input.count {
            if isWhole {
                guard input[offset] == 0x1F else { throw .trailingBytes }
                guard inflateReset(run.stream) == Z_OK else { throw .corrupt }
                isWhole = false
            }
            let (piece, status) = step()
            expandedBytes += piece.count
            guard expandedBytes <= limit else { throw .tooLarge(limit: limit) }
            switch status {
            case Z_OK, Z_BUF_ERROR: break
            case Z_STREAM_END: isWhole = true
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt
            }
            if !piece.isEmpty { return piece }
        }
        return nil
    }

    /// - Throws: when the text may not end here.
    package func finish() throws(CompressionError) {
        guard isWhole, offset == input.count else { throw .truncated }
    }

    private mutating func step() -> (piece: [UInt8], status: Int32) {
        var status = Z_OK
        let stream = run.stream
        let start = offset
        var left = 0
        let piece = input.withUnsafeBufferPointer { bytes in
            [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { output, count in
                stream.pointee.next_in = UnsafeMutablePointer(mutating: bytes.baseAddress! + start)
                stream.pointee.avail_in = UInt32(bytes.count - start)
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                status = inflate(stream, Z_NO_FLUSH)
                count = output.count - Int(stream.pointee.avail_out)
                left = Int(stream.pointee.avail_in)
            }
        }
        offset = input.count - left
        return (piece, status)
    }
}
