extension JSONReader {
    public mutating func string() throws(JSONError) -> String {
        guard nextByte() == UInt8(ascii: "\"") else { throw wrongType("a string") }
        scalarStart = position
        let start = position + 1
        let plain = try scanPlain(from: start)
        if byte(at: plain) == UInt8(ascii: "\"") {
            position = plain + 1
            return String(decoding: text[start..<plain], as: UTF8.self)
        }
        return try unescaped(from: start, plainUntil: plain)
    }

    /// Calls `body` with the string's bytes where they lie, when it has no escapes; nothing is allocated.
    mutating func withStringBytes<Value>(_ body: (UnsafeRawBufferPointer) -> Value) throws(JSONError) -> Value {
        guard nextByte() == UInt8(ascii: "\"") else { throw wrongType("a string") }
        scalarStart = position
        let start = position + 1
        let plain = try scanPlain(from: start)
        if byte(at: plain) == UInt8(ascii: "\"") {
            position = plain + 1
            return body(UnsafeRawBufferPointer(rebasing: text[start..<plain]))
        }
        var copy = try unescaped(from: start, plainUntil: plain)
        return copy.withUTF8 { body(UnsafeRawBufferPointer($0)) }
    }

    mutating func skipString() throws(JSONError) {
        scalarStart = position
        var index = try scanPlain(from: position + 1)
        while byte(at: index) != UInt8(ascii: "\"") {
            _ = try escape(at: &index)
            index = try scanPlain(from: index)
        }
        position = index + 1
    }

    @usableFromInline mutating func scanKey() throws(JSONError) -> JSONKey {
        let start = position + 1
        // Most keys are short and plain: find the quote within 24 bytes, eight at a time.
        var end = start
        while end - start <= 24 {
            let special = Self.specials(word(at: end)) | (word(at: end) & Self.highBits)
            guard special == 0 else {
                end += special.trailingZeroBitCount / 8
                break
            }
            end += 8
        }
        let size = end - start
        if size <= 24, byte(at: end) == UInt8(ascii: "\"") {
            position = end + 1
            return JSONKey(
                Self.head(word(at: start), size), Self.head(word(at: start + 8), size - 8),
                Self.head(word(at: start + 16), size - 16), count: size, ignoresCase: options.ignoresKeyCase)
        }
        return JSONKey(long: try string(), ignoresCase: options.ignoresKeyCase)
    }

    /// The first `size` bytes of a word (little-endian), zeros behind them.
    @inline(__always) static func head(_ word: UInt64, _ size: Int) -> UInt64 {
        size >= 8 ? word : size <= 0 ? 0 : word & (UInt64.max >> UInt64(64 - 8 * size))
    }

    static var highBits: UInt64 { 0x8080_8080_8080_8080 }
    private static var ones: UInt64 { 0x0101_0101_0101_0101 }

    /// The high bit of each byte that is a quote, a backslash or below 0x20. Bytes after the first hit may be wrong
    /// (the borrow of a subtraction), the first one never is.
    @inline(__always) static func specials(_ word: UInt64) -> UInt64 {
        let quote = word ^ (ones &* 0x22)
        let backslash = word ^ (ones &* 0x5C)
        let hits = (quote &- ones) & ~quote | (backslash &- ones) & ~backslash | (word &- ones &* 0x20) & ~word
        return hits & highBits
    }

    /// The index of the closing quote or of a backslash; everything before it is checked text.
    mutating func scanPlain(from start: Int) throws(JSONError) -> Int {
        var index = start
        while true {
            let word = word(at: index)
            let special = Self.specials(word) | (word & Self.highBits)
            guard special != 0 else {
                index += 8
                continue
            }
            index += special.trailingZeroBitCount / 8
            let byte = byte(at: index)
            if byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return index }
            if byte < 0x20 { throw control(at: index) }
            // A word's hits after the first may be false: an ordinary byte is simply passed.
            guard byte >= 0x80 else {
                index += 1
                continue
            }
            index += try sequenceLength(at: index)
        }
    }

    @inline(never) func control(at index: Int) -> JSONError {
        guard index < count else { return fail(.unexpectedEnd, at: count) }
        return fail(.syntax("a control character inside a string must be escaped"), at: index)
    }

    /// 2 to 4: the bytes of the well-formed UTF-8 sequence at `index` (Unicode table 3-7).
    private func sequenceLength(at index: Int) throws(JSONError) -> Int {
        let lead = byte(at: index), second = byte(at: index + 1)
        func follows(_ byte: UInt8) -> Bool { byte & 0xC0 == 0x80 }
        switch lead {
        case 0xC2...0xDF where follows(second): return 2
        case 0xE0 where (0xA0...0xBF).contains(second) && follows(byte(at: index + 2)): return 3
        case 0xED where (0x80...0x9F).contains(second) && follows(byte(at: index + 2)): return 3
        case 0xE1...0xEC, 0xEE...0xEF:
            if follows(second), follows(byte(at: index + 2)) { return 3 }
        case 0xF0 where (0x90...0xBF).contains(second):
            if follows(byte(at: index + 2)), follows(byte(at: index + 3)) { return 4 }
        case 0xF4 where (0x80...0x8F).contains(second):
            if follows(byte(at: index + 2)), follows(byte(at: index + 3)) { return 4 }
        case 0xF1...0xF3 where follows(second):
            if follows(byte(at: index + 2)), follows(byte(at: index + 3)) { return 4 }
        default: break
        }
        throw fail(.badUTF8, at: index)
    }

    private mutating func unescaped(from start: Int, plainUntil: Int) throws(JSONError) -> String {
        var bytes = Array(text[start..<plainUntil])
        var index = plainUntil
        while byte(at: index) != UInt8(ascii: "\"") {
            bytes.append(contentsOf: UTF8.encode(try escape(at: &index)) ?? UTF8.encodedReplacementCharacter)
            let next = try scanPlain(from: index)
            bytes.append(contentsOf: text[index..<next])
            index = next
        }
        position = index + 1
        return String(decoding: bytes, as: UTF8.self)
    }

    /// The scalar of the escape at `index`, which moves behind it.
    private func escape(at index: inout Int) throws(JSONError) -> Unicode.Scalar {
        let letter = byte(at: index + 1)
        let start = index
        index += 2
        switch letter {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(letter)
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "u"): break
        default: throw start + 1 < count ? fail(.syntax("no such escape"), at: start) : fail(.unexpectedEnd, at: count)
        }
        let unit = try hexadecimal(at: index, escapeAt: start)
        index += 4
        if let scalar = Unicode.Scalar(unit) { return scalar }
        guard unit < 0xDC00, byte(at: index) == UInt8(ascii: "\\"), byte(at: index + 1) == UInt8(ascii: "u") else {
            throw fail(.loneSurrogate, at: start)
        }
        let low = try hexadecimal(at: index + 2, escapeAt: index)
        guard (0xDC00...0xDFFF).contains(low),
            let scalar = Unicode.Scalar(0x10000 + (unit - 0xD800) << 10 + (low - 0xDC00))
        else { throw fail(.loneSurrogate, at: start) }
        index += 6
        return scalar
    }

    private func hexadecimal(at index: Int, escapeAt start: Int) throws(JSONError) -> UInt32 {
        var value: UInt32 = 0
        for position in index..<(index + 4) {
            let byte = byte(at: position)
            switch byte {
            case 48...57: value = value << 4 | UInt32(byte - 48)
            case 65...70: value = value << 4 | UInt32(byte - 55)
            case 97...102: value = value << 4 | UInt32(byte - 87)
            default:
                throw position < count
                    ? fail(.syntax("\\u needs four hexadecimal digits"), at: start) : fail(.unexpectedEnd, at: count)
            }
        }
        return value
    }
}
