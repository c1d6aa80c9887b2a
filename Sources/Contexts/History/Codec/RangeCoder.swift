/// One side of a binary arithmetic coder. A model walks the same path on both sides: it asks for a bit with the
/// probability it expects, the writer spends -log2(p) bits on the one given, the reader ignores what is given and
/// returns the one that was written. Code that runs over this protocol cannot encode what it does not decode.
protocol BitCoder {
    /// - Parameter bit: 0 or 1; ignored by the reader.
    /// - Parameter one: the probability of a 1, in 1/65536, 1...65535.
    mutating func code(_ bit: Int, one: UInt32) -> Int
}

// Both sides keep an interval of at most 48 bits and shift out a byte when its upper 8 bits are settled, so that the
// interval never has fewer than 40 bits and a 16-bit probability loses nothing to rounding.
private let top: UInt64 = 1 << 40

/// Writes bits into bytes; the interval's lower end may carry into bytes held back (as LZMA's coder does).
struct RangeWriter: BitCoder {
    private var bytes: [UInt8] = []
    private var low: UInt64 = 0
    private var range: UInt64 = 1 << 48
    private var held: UInt8?
    private var pending = 0

    mutating func code(_ bit: Int, one: UInt32) -> Int {
        let bound = (range >> 16) * UInt64(one)
        if bit != 0 {
            range = bound
        } else {
            low += bound
            range -= bound
        }
        while range < top {
            shift()
            range <<= 8
        }
        return bit
    }

    private mutating func shift() {
        let carry = UInt8(low >> 48)
        let next = UInt8(truncatingIfNeeded: low >> 40)
        if carry == 0, next == 0xFF {
            pending += 1
        } else {
            if let held { bytes.append(held &+ carry) }
            bytes.append(contentsOf: repeatElement(0xFF &+ carry, count: pending))
            pending = 0
            held = next
        }
        low = (low & (top - 1)) << 8
    }

    /// Ends with the fewest bytes that name a number inside the interval. The reader takes what is missing as zeros.
    consuming func finish() -> [UInt8] {
        for kept in stride(from: 40, through: 0, by: -8) {
            let mask: UInt64 = (1 << UInt64(kept)) - 1
            let end = (low + mask) & ~mask
            if end < low + range {
                low = end
                break
            }
        }
        for _ in 0..<7 { shift() }
        var result = bytes
        var spare = 7
        while spare > 0, result.last == 0 {
            result.removeLast()
            spare -= 1
        }
        return result
    }
}

/// Reads what `RangeWriter` wrote. Never fails: bytes that are missing read as zero, and `overran` says how many were.
struct RangeReader: BitCoder {
    private let bytes: ArraySlice<UInt8>
    private var position: Int
    private var code: UInt64 = 0
    private var range: UInt64 = 1 << 48
    private(set) var overran = 0

    /// Zeros that a healthy stream may lack at its end: what `finish` cuts off.
    static let spare = 14

    init(_ bytes: ArraySlice<UInt8>) {
        self.bytes = bytes
        self.position = bytes.startIndex
        for _ in 0..<6 { code = code << 8 | next() }
    }

    private mutating func next() -> UInt64 {
        guard position < bytes.endIndex else {
            overran += 1
            return 0
        }
        defer { position += 1 }
        return UInt64(bytes[position])
    }

    mutating func code(_ bit: Int, one: UInt32) -> Int {
        let bound = (range >> 16) * UInt64(one)
        let read: Int
        if code < bound {
            range = bound
            read = 1
        } else {
            code -= bound
            range -= bound
            read = 0
        }
        while range < top {
            code = code << 8 | next()
            range <<= 8
        }
        return read
    }
}
