/// Reads JSON from front to back without building a tree: the caller says what it expects next.
///
/// ```swift
/// try reader.enterObject()
/// while let key = try reader.nextKey() {
///     switch key {
///     case "hostname": hostname = try reader.decode()
///     default: try reader.skip()
///     }
/// }
/// ```
/// Every value of a member must be consumed (or skipped) before the next key. The reader keeps its own copy of the
/// bytes with zeros behind them, so that it may look ahead a few bytes without asking where the end is: a zero byte is
/// legal nowhere in JSON and stops every loop.
public struct JSONReader: ~Copyable {
    public struct Options: Sendable {
        /// 1...512: nested objects and arrays; deeper bodies are refused.
        public var maxDepth: Int
        /// Keys match in any ASCII case, as agents of the field are used to.
        public var ignoresKeyCase: Bool
        public var allowsTrailingBytes: Bool

        public init(maxDepth: Int = 128, ignoresKeyCase: Bool = false, allowsTrailingBytes: Bool = false) {
            self.maxDepth = min(max(maxDepth, 1), 512)
            self.ignoresKeyCase = ignoresKeyCase
            self.allowsTrailingBytes = allowsTrailingBytes
        }
    }

    /// Zero bytes behind the text; the longest look-ahead is a key's 24 bytes plus one word.
    static let padding = 40

    @usableFromInline let base: UnsafeMutableRawPointer
    @usableFromInline let count: Int
    /// The next byte to read.
    @usableFromInline var position = 0
    /// Where the last scalar began, for `invalid(_:)`.
    @usableFromInline var scalarStart = 0
    /// True between entering a container and reading its first element: no comma is due.
    @usableFromInline var isFirst = false
    @usableFromInline var depth = 0
    public let options: Options

    public init(_ bytes: some Collection<UInt8>, options: Options = Options()) {
        count = bytes.count
        base = .allocate(byteCount: count + Self.padding, alignment: 8)
        let text = UnsafeMutableRawBufferPointer(start: base, count: count)
        if bytes.withContiguousStorageIfAvailable({ text.copyMemory(from: UnsafeRawBufferPointer($0)) }) == nil {
            text.copyBytes(from: bytes)
        }
        (base + count).initializeMemory(as: UInt8.self, repeating: 0, count: Self.padding)
        self.options = options
    }

    deinit { base.deallocate() }

    /// Bytes from the start of the body, for messages.
    public var offset: Int { position }

    @inlinable @inline(__always) func byte(at index: Int) -> UInt8 { base.load(fromByteOffset: index, as: UInt8.self) }

    @inlinable @inline(__always) func word(at index: Int) -> UInt64 {
        base.loadUnaligned(fromByteOffset: index, as: UInt64.self)
    }

    /// Moves to the next byte that is not white space and returns it; 0 at the end.
    @inlinable @inline(__always) mutating func nextByte() -> UInt8 {
        while true {
            let byte = byte(at: position)
            guard byte <= 0x20, byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
            position += 1
        }
    }

    /// What stands next; consumes only white space.
    public mutating func peek() -> JSONKind { kind(of: nextByte()) }

    func kind(of byte: UInt8) -> JSONKind {
        switch byte {
        case UInt8(ascii: "{"): .object
        case UInt8(ascii: "["): .array
        case UInt8(ascii: "\""): .string
        case UInt8(ascii: "-"), 48...57: .number
        case UInt8(ascii: "t"), UInt8(ascii: "f"): .bool
        case UInt8(ascii: "n"): .null
        default: .nothing
        }
    }

    // MARK: Objects and arrays

    @inlinable public mutating func enterObject() throws(JSONError) {
        try enter(UInt8(ascii: "{"), "an object")
    }

    @inlinable public mutating func enterArray() throws(JSONError) {
        try enter(UInt8(ascii: "["), "an array")
    }

    @inlinable mutating func enter(_ bracket: UInt8, _ expected: StaticString) throws(JSONError) {
        guard nextByte() == bracket else { throw wrongType(expected) }
        guard depth < options.maxDepth else { throw tooDeep() }
        depth += 1
        position += 1
        isFirst = true
    }

    /// The next member's key, or `nil` after the object's closing brace was consumed.
    @inlinable public mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try nextElement(closing: UInt8(ascii: "}")) else { return nil }
        guard nextByte() == UInt8(ascii: "\"") else { throw syntax("expected a key in quotes") }
        let key = try scanKey()
        guard nextByte() == UInt8(ascii: ":") else { throw syntax("expected a colon after the key") }
        position += 1
        return key
    }

    /// True when the array has one more element to read; false after its closing bracket was consumed.
    @inlinable public mutating func nextElement() throws(JSONError) -> Bool {
        try nextElement(closing: UInt8(ascii: "]"))
    }

    @inlinable @inline(__always)
    mutating func nextElement(closing bracket: UInt8) throws(JSONError) -> Bool {
        let byte = nextByte()
        if byte == bracket {
            position += 1
            depth -= 1
            isFirst = false
            return false
        }
        if isFirst {
            isFirst = false
            return true
        }
        guard byte == UInt8(ascii: ",") else { throw syntax("expected a comma or the end of the list of members") }
        position += 1
        guard nextByte() != bracket else { throw syntax("a comma with nothing after it") }
        return true
    }

    /// Calls `body` for every member; it must consume the value. A closure form of `enterObject` and `nextKey`.
    @inlinable public mutating func object(
        _ body: (JSONKey, inout JSONReader) throws(JSONError) -> Void
    ) throws(JSONError) {
        try enterObject()
        while let key = try nextKey() { try body(key, &self) }
    }

    /// Calls `body` for every element; it must consume it.
    @inlinable public mutating func array(_ body: (inout JSONReader) throws(JSONError) -> Void) throws(JSONError) {
        try enterArray()
        while try nextElement() { try body(&self) }
    }

    /// Refuses anything but white space behind the value, unless the options allow it.
    public mutating func finish() throws(JSONError) {
        _ = nextByte()
        guard position >= count || options.allowsTrailingBytes else {
            throw JSONError(.trailingBytes, path: "", offset: position)
        }
    }

    // MARK: Values

    /// The next value, by the type that is wanted.
    @inlinable public mutating func decode<Value: JSONDecodable>(
        _: Value.Type = Value.self
    ) throws(JSONError) -> Value {
        try Value(from: &self)
    }

    /// Reads into `target`; null leaves it as it is.
    @inlinable public mutating func decode<Value: JSONDecodable>(into target: inout Value) throws(JSONError) {
        if try skipNull() { return }
        target = try Value(from: &self)
    }

    /// Consumes `null` when it stands next.
    @inlinable public mutating func skipNull() throws(JSONError) -> Bool {
        guard nextByte() == UInt8(ascii: "n") else { return false }
        try literal("null")
        return true
    }

    @inlinable public mutating func bool() throws(JSONError) -> Bool {
        switch nextByte() {
        case UInt8(ascii: "t"):
            try literal("true")
            return true
        case UInt8(ascii: "f"):
            try literal("false")
            return false
        default: throw wrongType("true or false")
        }
    }

    @inlinable mutating func literal(_ text: StaticString) throws(JSONError) {
        scalarStart = position
        for index in 0..<text.utf8CodeUnitCount where byte(at: position + index) != text.utf8Start[index] {
            throw syntax("expected true, false or null")
        }
        position += text.utf8CodeUnitCount
    }
}
