package import Kernel

extension String: JSONCodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.string() }
    public func encode(to writer: inout JSONWriter) { writer.string(self) }
}

extension Bool: JSONCodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.bool() }
    public func encode(to writer: inout JSONWriter) { writer.bool(self) }
}

extension Int: JSONCodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.int() }
    public func encode(to writer: inout JSONWriter) { writer.int(Int64(self)) }
}

extension Int64: JSONCodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.int64() }
    public func encode(to writer: inout JSONWriter) { writer.int(self) }
}

extension UInt64: JSONCodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.uint64() }
    public func encode(to writer: inout JSONWriter) { writer.uint(self) }
}

extension Double: JSONCodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) { self = try reader.double() }
    public func encode(to writer: inout JSONWriter) { writer.double(self) }
}

extension Timestamp: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        guard let time = try reader.withStringBytes({ Timestamp(rfc3339: $0) }) else {
            throw reader.invalid("expected a time such as 2026-11-21T09:30:00.250Z")
        }
        self = time
    }
    package func encode(to writer: inout JSONWriter) { writer.timestamp(self) }
}

extension ID: JSONCodable {
    package init(from reader: inout JSONReader) throws(JSONError) {
        guard let id = ID(try reader.string()) else { throw reader.invalid("expected a UUID") }
        self = id
    }
    package func encode(to writer: inout JSONWriter) { writer.string(description) }
}

/// `null` is nil; an absent member never gets here.
extension Optional: JSONDecodable where Wrapped: JSONDecodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) {
        self = try reader.skipNull() ? nil : try Wrapped(from: &reader)
    }
}

extension Optional: JSONEncodable where Wrapped: JSONEncodable {
    public func encode(to writer: inout JSONWriter) {
        if let self { self.encode(to: &writer) } else { writer.null() }
    }
}

extension Array: JSONDecodable where Element: JSONDecodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.enterArray()
        while try reader.nextElement() { append(try Element(from: &reader)) }
    }
}

extension Array: JSONEncodable where Element: JSONEncodable {
    public func encode(to writer: inout JSONWriter) {
        writer.beginArray()
        for element in self { element.encode(to: &writer) }
        writer.endArray()
    }
}

/// The last of duplicate keys wins.
extension Dictionary: JSONDecodable where Key == String, Value: JSONDecodable {
    @inlinable public init(from reader: inout JSONReader) throws(JSONError) {
        self.init()
        try reader.enterObject()
        while let key = try reader.nextKey() { self[key.description] = try Value(from: &reader) }
    }
}

/// Keys in ascending order, so that equal values are equal bytes.
extension Dictionary: JSONEncodable where Key == String, Value: JSONEncodable {
    public func encode(to writer: inout JSONWriter) {
        writer.beginObject()
        for (key, value) in sorted(by: { $0.key < $1.key }) { writer.member(key, value) }
        writer.endObject()
    }
}
