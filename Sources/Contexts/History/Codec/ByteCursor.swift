/// Why stored bytes cannot be read. Never the reader's fault: the row is damaged or from a newer program.
enum ChunkError: Error, Equatable {
    case unknownCodec(Int16)
    case badChecksum
    /// What was being read when the bytes stopped making sense.
    case malformed(String)
}

/// Reads numbers off bytes; everything that is not there is an error, never a trap.
struct ByteCursor {
    private let all: ArraySlice<UInt8>
    private var place: Int

    init(_ bytes: ArraySlice<UInt8>) {
        all = bytes
        place = bytes.startIndex
    }

    var rest: ArraySlice<UInt8> { all[place...] }

    mutating func byte(_ what: StaticString) throws(ChunkError) -> UInt8 {
        guard place < all.endIndex else { throw .malformed(what.description) }
        defer { place += 1 }
        return all[place]
    }

    mutating func bytes(_ count: Int, _ what: StaticString) throws(ChunkError) -> ArraySlice<UInt8> {
        guard count >= 0, count <= all.endIndex - place else { throw .malformed(what.description) }
        defer { place += count }
        return all[place..<place + count]
    }

    /// Passes over these bytes where they stand next.
    mutating func skip(_ bytes: [UInt8]) -> Bool {
        guard bytes.count <= all.endIndex - place else { return false }
        for (offset, byte) in bytes.enumerated() where all[place + offset] != byte { return false }
        place += bytes.count
        return true
    }

    /// LEB128, at most 64 bits.
    mutating func number(_ what: StaticString) throws(ChunkError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: UInt64(0), through: 63, by: 7) {
            let next = try byte(what)
            guard shift < 63 || next <= 1 else { throw .malformed(what.description) }
            value |= UInt64(next & 0x7F) << shift
            if next & 0x80 == 0 { return value }
        }
        throw .malformed(what.description)
    }

    /// A number that must not exceed `limit`: what an allocation is sized by.
    mutating func count(upTo limit: Int, _ what: StaticString) throws(ChunkError) -> Int {
        let value = try number(what)
        guard value <= UInt64(limit) else { throw .malformed(what.description) }
        return Int(value)
    }

    /// Zigzag.
    mutating func signed(_ what: StaticString) throws(ChunkError) -> Int64 {
        let value = try number(what)
        return Int64(bitPattern: value >> 1) ^ -Int64(bitPattern: value & 1)
    }

    mutating func fixed64(_ what: StaticString) throws(ChunkError) -> UInt64 {
        try bytes(8, what).reduce(0) { $0 << 8 | UInt64($1) }
    }

    mutating func fixed32(_ what: StaticString) throws(ChunkError) -> UInt32 {
        try bytes(4, what).reduce(0) { $0 << 8 | UInt32($1) }
    }
}

extension [UInt8] {
    mutating func append(number: UInt64) {
        var rest = number
        while rest >= 0x80 {
            append(UInt8(truncatingIfNeeded: rest) | 0x80)
            rest >>= 7
        }
        append(UInt8(rest))
    }

    mutating func append(signed: Int64) { append(number: UInt64(bitPattern: (signed << 1) ^ (signed >> 63))) }

    mutating func append(fixed64: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: fixed64 >> UInt64(shift)))
        }
    }

    mutating func append(fixed32: UInt32) {
        for shift in stride(from: 24, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: fixed32 >> UInt32(shift)))
        }
    }
}

/// FNV-1a over 32-bit words folded from bytes: finds damage, not malice.
func checksum(of bytes: ArraySlice<UInt8>) -> UInt32 {
    var hash: UInt32 = 2_166_136_261
    for byte in bytes { hash = (hash ^ UInt32(byte)) &* 16_777_619 }
    return hash
}
