import CZlib

/// One run through zlib. The C struct keeps a pointer to itself, so it lives at a fixed address until `deinit`.
struct ZStream: ~Copyable {
    enum Format {
        case gzip
        case message

        /// 15 bits of window (32 KiB); +16 asks for the gzip wrapper, a minus for none.
        var windowBits: Int32 { self == .gzip ? 15 + 16 : -15 }
    }

    static let messageTail: [UInt8] = [0x00, 0x00, 0xFF, 0xFF]

    let stream: UnsafeMutablePointer<z_stream>
    private let deflates: Bool

    private init(deflatingAt level: Int, _ format: Format, _ strategy: Int32) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        deflates = true
        // 8 is zlib's default memory level: 256 KiB of tables.
        let status = deflateInit2_(
            stream, Int32(min(max(level, 1), 9)), Z_DEFLATED, format.windowBits, 8, strategy, ZLIB_VERSION,
            Int32(MemoryLayout<z_stream>.size))
        precondition(status == Z_OK, "zlib cannot start to compress: \(status)")
    }

    init(inflating format: Format) throws(CompressionError) {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        deflates = false
        guard
            inflateInit2_(stream, format.windowBits, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw .outOfMemory }
    }

    deinit {
        if deflates { deflateEnd(stream) } else { inflateEnd(stream) }
        stream.deallocate()
    }

    static func compress(
        _ bytes: some Collection<UInt8>, level: Int, format: Format, flush: Int32, strategy: Int32 = Z_DEFAULT_STRATEGY
    ) -> [UInt8] {
        let run = ZStream(deflatingAt: level, format, strategy)
        // The bound is for a finished stream; a flushed one needs up to 6 bytes more.
        let bound = Int(deflateBound(run.stream, UInt(bytes.count))) + 16
        return withBytes(bytes) { input in
            [UInt8](unsafeUninitializedCapacity: bound) { output, count in
                run.point(at: input[...], output: UnsafeMutableBufferPointer(rebasing: output[...]))
                let status = deflate(run.stream, flush)
                precondition(
                    status == (flush == Z_FINISH ? Z_STREAM_END : Z_OK) && run.stream.pointee.avail_in == 0,
                    "zlib stopped short of its own bound: \(status)")
                count = output.count - Int(run.stream.pointee.avail_out)
            }
        }
    }

    static func expand(
        _ bytes: some Collection<UInt8>, limit: Int, format: Format
    ) throws(CompressionError) -> [UInt8] {
        let run = try ZStream(inflating: format)
        let result: Result<[UInt8], CompressionError> = withBytes(bytes) { input in
            do throws(CompressionError) {
                return .success(try run.expand(input, limit: max(limit, 0), format))
            } catch {
                return .failure(error)
            }
        }
        return try result.get()
    }

    private func expand(
        _ input: UnsafeBufferPointer<UInt8>, limit: Int, _ format: Format
    ) throws(CompressionError) -> [UInt8] {
        var expanded: [UInt8] = []
        expanded.reserveCapacity(min(limit, input.count * 4))
        // One byte more than allowed tells "exactly full" from "too large"; 32 KiB is zlib's window.
        let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: 32 * 1024)
        defer { scratch.deallocate() }
        stream.pointee.next_in = UnsafeMutablePointer(mutating: input.baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        while true {
            stream.pointee.next_out = scratch.baseAddress
            stream.pointee.avail_out = UInt32(min(scratch.count, limit - expanded.count + 1))
            let room = Int(stream.pointee.avail_out)
            // "Finish" in one piece spares zlib a copy of all it gives into its own window.
            let status = inflate(stream, Z_FINISH)
            let produced = room - Int(stream.pointee.avail_out)
            expanded.append(contentsOf: scratch.prefix(produced))
            guard expanded.count <= limit else { throw .tooLarge(limit: limit) }
            switch status {
            case Z_OK: continue
            case Z_STREAM_END:
                if stream.pointee.avail_in == 0 { return expanded }
                // A gzip member begins with 1F; a message may go on after a final block.
                guard format == .message || stream.pointee.next_in.pointee == 0x1F else { throw .trailingBytes }
                guard inflateReset(stream) == Z_OK else { throw .corrupt }
            case Z_BUF_ERROR where produced == room: continue
            case Z_BUF_ERROR:
                // No progress: a flushed message has no end mark of its own, a gzip text must have one.
                guard format == .message, stream.pointee.avail_in == 0 else { throw .truncated }
                return expanded
            case Z_MEM_ERROR: throw .outOfMemory
            default: throw .corrupt
            }
        }
    }

    private func point(at input: Slice<UnsafeBufferPointer<UInt8>>, output: UnsafeMutableBufferPointer<UInt8>) {
        stream.pointee.next_in = UnsafeMutablePointer(mutating: UnsafeBufferPointer(rebasing: input).baseAddress)
        stream.pointee.avail_in = UInt32(input.count)
        stream.pointee.next_out = output.baseAddress
        stream.pointee.avail_out = UInt32(output.count)
    }

    private static func withBytes<Result>(
        _ bytes: some Collection<UInt8>, _ body: (UnsafeBufferPointer<UInt8>) -> Result
    ) -> Result {
        bytes.withContiguousStorageIfAvailable(body) ?? Array(bytes).withUnsafeBufferPointer(body)
    }
}
