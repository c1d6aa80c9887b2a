import Compression
import Glibc

/// One file of the queue: a header naming the stream, then records one after another.
///
/// `PULSEQ1 ` + 32 hex digits + newline, then per record: length of the payload (u32), CRC-32 of all that follows
/// (u32), kind (u8), n (u64), a number that depends on the kind (u64), payload. Little-endian. A report carries its
/// time and gzipped JSON; a mark says that the numbers n to that number have left the queue. What does not parse is a
/// torn tail of a process that was killed: everything before it is good, everything from it on never left the agent.
struct QueueSegment {
    enum Kind: UInt8 {
        case report = 1
        case done = 2
    }
    struct Record {
        let kind: Kind
        let number: UInt64
        let extra: UInt64
        /// Where the payload lies in the file.
        let payload: Range<Int>
    }

    static let headerSize = 41
    static let recordHeaderSize = 25
    /// A report of ours is a few kilobytes; more than this is rubbish in the length field.
    static let payloadLimit = 4 * 1024 * 1024

    static func header(stream: String) -> [UInt8] { Array("PULSEQ1 \(stream)\n".utf8) }

    static func record(_ kind: Kind, number: UInt64, extra: UInt64, payload: [UInt8] = []) -> [UInt8] {
        var body: [UInt8] = [kind.rawValue]
        body.reserveCapacity(17 + payload.count)
        append(number, to: &body)
        append(extra, to: &body)
        body.append(contentsOf: payload)
        var bytes: [UInt8] = []
        bytes.reserveCapacity(recordHeaderSize + payload.count)
        append(UInt32(payload.count), to: &bytes)
        append(CRC32.of(body), to: &bytes)
        return bytes + body
    }

    /// The stream and the good records; `goodBytes` is where the torn tail begins.
    static func parse(_ bytes: [UInt8]) -> (stream: String, records: [Record], goodBytes: Int)? {
        guard bytes.count >= headerSize, bytes.starts(with: Array("PULSEQ1 ".utf8)), bytes[headerSize - 1] == 0x0A
        else {
            return nil
        }
        let stream = String(decoding: bytes[8..<(headerSize - 1)], as: UTF8.self)
        guard stream.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) }) else { return nil }
        var records: [Record] = []
        var offset = headerSize
        while let record = record(in: bytes, at: offset) {
            records.append(record)
            offset = record.payload.upperBound
        }
        return (stream, records, offset)
    }

    private static func record(in bytes: [UInt8], at offset: Int) -> Record? {
        guard offset + recordHeaderSize <= bytes.count else { return nil }
        let size = Int(load(UInt32.self, bytes, offset))
        guard size <= payloadLimit, offset + recordHeaderSize + size <= bytes.count else { return nil }
        let end = offset + recordHeaderSize + size
        guard CRC32.of(bytes[(offset + 8)..<end]) == load(UInt32.self, bytes, offset + 4),
            let kind = Kind(rawValue: bytes[offset + 8])
        else { return nil }
        return Record(
            kind: kind, number: load(UInt64.self, bytes, offset + 9), extra: load(UInt64.self, bytes, offset + 17),
            payload: (offset + recordHeaderSize)..<end)
    }

    private static func append(_ value: some FixedWidthInteger, to bytes: inout [UInt8]) {
        withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
    }

    private static func load<Value: FixedWidthInteger>(_: Value.Type, _ bytes: [UInt8], _ offset: Int) -> Value {
        Value(littleEndian: bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: Value.self) })
    }
}
