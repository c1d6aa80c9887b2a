package import Kernel

/// Appends JSON to bytes; commas come by themselves. What is written is well-formed as long as every begin has its end
/// and every key its value, which the closure forms see to.
public struct JSONWriter: Sendable {
    public private(set) var bytes: [UInt8] = []
    private var needsComma = false

    public init(capacity: Int = 256) { bytes.reserveCapacity(capacity) }

    /// The bytes without the room to grow: for what is kept.
    public var exactBytes: [UInt8] {
        // A slice of the whole would be the very same array.
        [UInt8](unsafeUninitializedCapacity: bytes.count) { room, count in
            count = room.update(fromContentsOf: bytes)
        }
    }

    // MARK: Containers

    public mutating func beginObject() { open("{") }
    public mutating func endObject() { close("}") }
    public mutating func beginArray() { open("[") }
    public mutating func endArray() { close("]") }

    public mutating func object<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginObject()
        try body(&self)
        endObject()
    }

    public mutating func array<Failure: Error>(_ body: (inout JSONWriter) throws(Failure) -> Void) throws(Failure) {
        beginArray()
        try body(&self)
        endArray()
    }

    public mutating func beginObject(_ key: String) {
        self.key(key)
        beginObject()
    }

    /// Takes back what the body has written when it says that it was nothing.
    /// - Returns: what the body returns: whether there was something.
    public mutating func unlessEmpty(_ body: (inout JSONWriter) -> Bool) -> Bool {
        let (count, neededComma) = (bytes.count, needsComma)
        if body(&self) { return true }
        bytes.removeLast(bytes.count - count)
        needsComma = neededComma
        return false
    }

    public mutating func object<Failure: Error>(
        _ key: String, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try object(body)
    }

    public mutating func array<Failure: Error>(
        _ key: String, _ body: (inout JSONWriter) throws(Failure) -> Void
    ) throws(Failure) {
        self.key(key)
        try array(body)
    }

    // MARK: Members

    public mutating func key(_ key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    public mutating func member(_ key: String, _ value: some JSONEncodable) {
        self.key(key)
        value.encode(to: &self)
    }

    /// Nothing at all when `value` is nil: unknown is absent. For an explicit `null`, `key` and `null()`.
    public mutating func member<Value: JSONEncodable>(_ key: String, _ value: Value?) {
        if let value { member(key, value) }
    }

    /// A number with at most `decimals` decimals, as percentages have on the wire; absent when nil.
    public mutating func member(_ key: String, _ value: Double?, decimals: Int) {
        guard let value else { return }
        self.key(key)
        double(value, decimals: decimals)
    }

    // MARK: Values

    public mutating func null() { literal("null") }
    public mutating func bool(_ value: Bool) { literal(value ? "true" : "false") }

    public mutating func int(_ value: Int64) {
        comma()
        if value < 0 { bytes.append(UInt8(ascii: "-")) }
        append(value.magnitude)
    }

    public mutating func uint(_ value: UInt64) {
        comma()
        append(value)
    }

    /// The shortest text that reads back as the same double; NaN and infinity, which JSON lacks, become null.
    public mutating func double(_ value: Double) {
        guard value.isFinite else { return null() }
        // 2^53: whole numbers up to here need no exponent and no ".0".
        if let whole = Int64(exactly: value), whole.magnitude <= 1 << 53, whole != 0 || value.sign == .plus {
            return int(whole)
        }
        literal(value.description)
    }

    /// Rounded to `decimals` (0...9) decimals, trailing zeros cut.
    public mutating func double(_ value: Double, decimals: Int) {
        var scale: Int64 = 1
        for _ in 0..<min(max(decimals, 0), 9) { scale *= 10 }
        let scaled = (value * Double(scale)).rounded()
        guard value.isFinite, abs(scaled) < 0x1p53 else { return double(value) }
        comma()
        let units = Int64(scaled)
        if units < 0 { bytes.append(UInt8(ascii: "-")) }
        append(units.magnitude / UInt64(scale))
        var rest = units.magnitude % UInt64(scale)
        if rest > 0 { bytes.append(UInt8(ascii: ".")) }
        while rest > 0 {
            scale /= 10
            bytes.append(UInt8(48 + rest / UInt64(scale)))
            rest %= UInt64(scale)
        }
    }

    package mutating func timestamp(_ value: Timestamp) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: value.rfc3339)
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func string(_ value: String) {
        comma()
        bytes.append(UInt8(ascii: "\""))
        var value = value
        value.withUTF8 { appendEscaped($0) }
        bytes.append(UInt8(ascii: "\""))
    }

    /// Bytes that already are one JSON value.
    public mutating func raw(_ json: some Collection<UInt8>) {
        comma()
        bytes.append(contentsOf: json)
    }

    // MARK: Bytes

    private mutating func open(_ bracket: Unicode.Scalar) {
        comma()
        bytes.append(UInt8(ascii: bracket))
        needsComma = false
    }

    private mutating func close(_ bracket: Unicode.Scalar) {
        bytes.append(UInt8(ascii: bracket))
        needsComma = true
    }

    private mutating func comma() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    private mutating func literal(_ text: String) {
        comma()
        bytes.append(contentsOf: text.utf8)
    }

    private mutating func append(_ value: UInt64) {
        guard value >= 10 else { return bytes.append(UInt8(48 + value)) }
        // 20 digits hold UInt64.max.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var index = 20
            var rest = value
            while rest > 0 {
                index -= 1
                digits[index] = UInt8(48 + rest % 10)
                rest /= 10
            }
            bytes.append(contentsOf: digits[index..<20])
        }
    }

    private mutating func appendEscaped(_ text: UnsafeBufferPointer<UInt8>) {
        var start = 0
        for index in text.indices where text[index] < 0x20 || text[index] == 0x22 || text[index] == 0x5C {
            bytes.append(contentsOf: text[start..<index])
            bytes.append(UInt8(ascii: "\\"))
            appendEscapeLetters(of: text[index])
            start = index + 1
        }
        bytes.append(contentsOf: text[start...])
    }

    private mutating func appendEscapeLetters(of byte: UInt8) {
        switch byte {
        case 0x22, 0x5C: bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(contentsOf: "u00".utf8)
            for digit in [byte >> 4, byte & 15] { bytes.append(digit < 10 ? 48 + digit : 87 + digit) }
        }
    }
}
