internal import JSONKit

/// JSON in which every object says each thing once.
enum StrictJSON {
    /// Claims are flat; who nests deeper than this wants to tire a reader.
    private static let depth = 32

    /// `nil` for what is no object, is nested too deep, or names a member twice at any depth: of two readers of such a
    /// text one believes the first and the other the last.
    static func object(_ bytes: [UInt8]) -> [String: JSONValue]? {
        var reader = JSONReader(bytes, options: JSONReader.Options(maxDepth: depth))
        guard let members = try? members(&reader), (try? reader.finish()) != nil else { return nil }
        return members
    }

    private static func members(_ reader: inout JSONReader) throws(JSONError) -> [String: JSONValue] {
        var members: [String: JSONValue] = [:]
        try reader.enterObject()
        while let key = try reader.nextKey() {
            guard members.updateValue(try value(&reader), forKey: key.description) == nil else {
                throw reader.invalid("a member is there twice")
            }
        }
        return members
    }

    private static func value(_ reader: inout JSONReader) throws(JSONError) -> JSONValue {
        switch reader.peek() {
        case .object: return .object(try members(&reader))
        case .array:
            var elements: [JSONValue] = []
            try reader.enterArray()
            while try reader.nextElement() { elements.append(try value(&reader)) }
            return .array(elements)
        default: return try JSONValue(from: &reader)
        }
    }
}
