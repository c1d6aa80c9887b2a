/// A value whose shape is not known beforehand. Where it is known, read it with `JSONReader`: that is ten times faster
/// and says which member is wrong.
public enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case integer(Int64)
    /// Only what is above `Int64.max`.
    case unsigned(UInt64)
    /// What was written with a fraction or an exponent, or is larger than 64 bits.
    case double(Double)
    case string(String)
    case array([JSONValue])
    /// The last of duplicate keys wins; written with the keys in ascending order.
    case object([String: JSONValue])

    public subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members[key]
    }

    public subscript(index: Int) -> JSONValue? {
        guard case .array(let elements) = self, elements.indices.contains(index) else { return nil }
        return elements[index]
    }

    public var string: String? { if case .string(let text) = self { text } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var array: [JSONValue]? { if case .array(let elements) = self { elements } else { nil } }
    public var object: [String: JSONValue]? { if case .object(let members) = self { members } else { nil } }

    public var int: Int? {
        if case .integer(let value) = self { Int(value) } else { nil }
    }

    public var double: Double? {
        switch self {
        case .double(let value): value
        case .integer(let value): Double(value)
        case .unsigned(let value): Double(value)
        default: nil
        }
    }
}

extension JSONValue: JSONCodable {
    public init(from reader: inout JSONReader) throws(JSONError) {
        switch reader.peek() {
        case .object: self = .object(try reader.decode())
        case .array: self = .array(try reader.decode())
        case .string: self = .string(try reader.string())
        case .bool: self = .bool(try reader.bool())
        case .null:
            _ = try reader.skipNull()
            self = .null
        case .number: self = try Self.number(from: &reader)
        case .nothing: throw reader.wrongType("a value")
        }
    }

    private static func number(from reader: inout JSONReader) throws(JSONError) -> JSONValue {
        let start = reader.position
        let token = try reader.scanNumber()
        let spelling = reader.text[start..<reader.position]
        if token.isWhole, token.digits != 0 || !token.isNegative {
            let text = String(decoding: spelling, as: UTF8.self)
            if let value = Int64(text) { return .integer(value) }
            if let value = UInt64(text) { return .unsigned(value) }
        }
        reader.position = start
        return .double(try reader.double())
    }

    public func encode(to writer: inout JSONWriter) {
        switch self {
        case .null: writer.null()
        case .bool(let value): writer.bool(value)
        case .integer(let value): writer.int(value)
        case .unsigned(let value): writer.uint(value)
        case .double(let value): writer.double(value)
        case .string(let text): writer.string(text)
        case .array(let elements): elements.encode(to: &writer)
        case .object(let members): members.encode(to: &writer)
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByFloatLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByNilLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    public init(stringLiteral text: String) { self = .string(text) }
    public init(integerLiteral value: Int64) { self = .integer(value) }
    public init(floatLiteral value: Double) { self = .double(value) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(nilLiteral: ()) { self = .null }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral members: (String, JSONValue)...) {
        self = .object(Dictionary(members) { _, last in last })
    }
}
