// JSONKit: JSON in and out, fast enough for hot paths and strict enough for strangers' bytes. Owns the pull parser
// (`JSONReader`), the writer (`JSONWriter`), values of unknown shape (`JSONValue`) and `JSONError`.
// Reads RFC 8259 exactly: bad UTF-8, lone surrogates, control characters, NaN and trailing bytes are refused.
// Leaves to others what a member means, which members are required, and how large a body may be.
// Public and inlinable where other rooms prefer `package`: readers in other rooms are specialised only that way.
// Tempting wrong step: catching an error to try another shape. Ask `peek()` first; building an error costs a rescan.

/// A value that can be read from JSON. Unknown members are for the type to `skip()`; the last of duplicate keys wins.
public protocol JSONDecodable {
    init(from reader: inout JSONReader) throws(JSONError)
}

/// A value that can be written as JSON.
public protocol JSONEncodable {
    func encode(to writer: inout JSONWriter)
}

public typealias JSONCodable = JSONDecodable & JSONEncodable

extension JSONDecodable {
    /// The whole of `bytes` as one value.
    public init(
        json bytes: some Collection<UInt8>, options: JSONReader.Options = JSONReader.Options()
    ) throws(JSONError) {
        var reader = JSONReader(bytes, options: options)
        try self.init(from: &reader)
        try reader.finish()
    }
}

extension JSONEncodable {
    /// This value as compact JSON.
    public var json: [UInt8] {
        var writer = JSONWriter()
        encode(to: &writer)
        return writer.bytes
    }
}
