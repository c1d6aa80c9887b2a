/// SQL text whose interpolated values are bound parameters (`$1`, `$2`, …) in binary form, never text in the statement.
///
///     "SELECT name FROM resources WHERE id = \(id)"
package struct SQL: ExpressibleByStringInterpolation, Sendable {
    package private(set) var text: String
    /// One entry a parameter: its type's OID, and its length in `values`, -1 for NULL.
    private(set) var types: [UInt32] = []
    private(set) var lengths: [Int32] = []
    /// The parameters' bytes, one after the other.
    private(set) var values: [UInt8] = []

    package init(stringLiteral text: StaticString) { self.text = text.description }
    package init(stringInterpolation: StringInterpolation) { self = stringInterpolation.sql }
    /// Text that is not a literal. Whoever writes this has made sure that no foreign input is in it.
    package init(unsafeSQL text: String) { self.text = text }

    fileprivate mutating func bind<Value: PostgresEncodable>(_ value: Value) {
        let start = values.count
        let isNull = !value.encode(into: &values)
        types.append(Value.type)
        lengths.append(isNull ? -1 : Int32(values.count - start))
        text += "$\(types.count)"
    }

    fileprivate mutating func append(_ fragment: SQL) {
        text += fragment.types.isEmpty ? fragment.text : fragment.text(shiftingParametersBy: types.count)
        types += fragment.types
        lengths += fragment.lengths
        values += fragment.values
    }

    /// `$1` becomes `$(1 + offset)`; other dollar signs stay.
    private func text(shiftingParametersBy offset: Int) -> String {
        guard offset > 0 else { return text }
        var shifted: [UInt8] = []
        var rest = text.utf8[...]
        while let byte = rest.popFirst() {
            shifted.append(byte)
            guard byte == UInt8(ascii: "$") else { continue }
            let digits = rest.prefix { (48...57).contains($0) }
            guard let number = Int(String(decoding: digits, as: UTF8.self)) else { continue }
            shifted += "\(number + offset)".utf8
            rest = rest.dropFirst(digits.count)
        }
        return String(decoding: shifted, as: UTF8.self)
    }

    package static func + (left: SQL, right: SQL) -> SQL {
        var sum = left
        sum.append(right)
        return sum
    }

    package static func += (left: inout SQL, right: SQL) { left.append(right) }

    package struct StringInterpolation: StringInterpolationProtocol {
        fileprivate var sql: SQL

        package init(literalCapacity: Int, interpolationCount: Int) {
            sql = SQL(unsafeSQL: "")
            sql.text.reserveCapacity(literalCapacity + interpolationCount * 3)
        }
        package mutating func appendLiteral(_ literal: StaticString) { sql.text += literal.description }
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value) { sql.bind(value) }
        /// NULL when absent.
        package mutating func appendInterpolation<Value: PostgresEncodable>(_ value: Value?) { sql.bind(value) }
        /// Another piece of SQL, with its parameters.
        package mutating func appendInterpolation(_ fragment: SQL) { sql.append(fragment) }
    }
}
