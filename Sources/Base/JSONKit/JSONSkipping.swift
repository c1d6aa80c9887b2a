extension JSONReader {
    /// Passes over one value of any kind. It is checked like a value that is read: what is skipped is still JSON.
    public mutating func skip() throws(JSONError) {
        switch peek() {
        case .object:
            try enterObject()
            while try nextElement(closing: UInt8(ascii: "}")) {
                guard nextByte() == UInt8(ascii: "\"") else { throw syntax("expected a key in quotes") }
                try skipString()
                guard nextByte() == UInt8(ascii: ":") else { throw syntax("expected a colon after the key") }
                position += 1
                try skip()
            }
        case .array:
            try enterArray()
            while try nextElement() { try skip() }
        case .string: try skipString()
        case .number: try skipNumber()
        case .bool: _ = try bool()
        case .null: _ = try skipNull()
        case .nothing: throw wrongType("a value")
        }
    }

    /// The bytes of the next value as they stand, checked: for handing a part of a body on unchanged.
    public mutating func rawValue() throws(JSONError) -> [UInt8] {
        _ = nextByte()
        let start = position
        try skip()
        return Array(UnsafeRawBufferPointer(start: base + start, count: position - start))
    }
}
