package import FoundationEssentials
package import Kernel

/// A value that PostgreSQL takes as a binary parameter. Arrays of such values are PostgreSQL arrays (for `unnest`);
/// `[UInt8]` is `bytea`.
package protocol PostgresEncodable: Sendable {
    /// The OID of the type (`pg_type.oid`).
    static var type: UInt32 { get }
    /// The OID of the type's array.
    static var arrayType: UInt32 { get }
    /// Appends the binary form; `false` (and nothing appended) for NULL.
    func encode(into bytes: inout [UInt8]) -> Bool
    static func encode(array: [Self], into bytes: inout [UInt8])
    /// The OID of an array of arrays; only `bytea` has one.
    static var nestedArrayType: UInt32 { get }
}

extension PostgresEncodable {
    package static var nestedArrayType: UInt32 { preconditionFailure("\(Self.self) has no array of arrays") }

    package static func encode(array: [Self], into bytes: inout [UInt8]) {
        bytes.append(bigEndian: Int32(array.isEmpty ? 0 : 1))
        bytes.append(bigEndian: Int32(1))  // may hold NULLs
        bytes.append(bigEndian: type)
        guard !array.isEmpty else { return }
        bytes.append(bigEndian: Int32(array.count))
        bytes.append(bigEndian: Int32(1))
        for element in array {
            let lengthAt = bytes.count
            bytes.append(bigEndian: Int32(-1))
            guard element.encode(into: &bytes) else { continue }
            let length = UInt32(bytes.count - lengthAt - 4)
            for index in 0..<4 { bytes[lengthAt + index] = UInt8(truncatingIfNeeded: length >> UInt32(24 - 8 * index)) }
        }
    }
}

extension [UInt8] {
    mutating func append<Number: FixedWidthInteger>(bigEndian number: Number) {
        Swift.withUnsafeBytes(of: number.bigEndian) { append(contentsOf: $0) }
    }
}

extension Bool: PostgresEncodable {
    package static var type: UInt32 { 16 }
    package static var arrayType: UInt32 { 1000 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(self ? 1 : 0)
        return true
    }
}

extension Int: PostgresEncodable {
    package static var type: UInt32 { 20 }
    package static var arrayType: UInt32 { 1016 }
    package func encode(into bytes: inout [UInt8]) -> Bool { Int64(self).encode(into: &bytes) }
}

extension Int64: PostgresEncodable {
    package static var type: UInt32 { 20 }
    package static var arrayType: UInt32 { 1016 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }
}

extension Int32: PostgresEncodable {
    package static var type: UInt32 { 23 }
    package static var arrayType: UInt32 { 1007 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }
}

extension Int16: PostgresEncodable {
    package static var type: UInt32 { 21 }
    package static var arrayType: UInt32 { 1005 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: self)
        return true
    }
}

/// Alone a small integer; as `[UInt8]` a `bytea`, and as `[[UInt8]]` an array of them.
extension UInt8: PostgresEncodable {
    package static var type: UInt32 { 21 }
    package static var arrayType: UInt32 { 17 }
    package static var nestedArrayType: UInt32 { 1001 }
    package func encode(into bytes: inout [UInt8]) -> Bool { Int16(self).encode(into: &bytes) }
    package static func encode(array: [UInt8], into bytes: inout [UInt8]) { bytes += array }
}

extension Double: PostgresEncodable {
    package static var type: UInt32 { 701 }
    package static var arrayType: UInt32 { 1022 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(bigEndian: bitPattern)
        return true
    }
}

/// A NUL cannot be stored in `text`; it is sent as it is and PostgreSQL refuses it (22021).
extension String: PostgresEncodable {
    package static var type: UInt32 { 25 }
    package static var arrayType: UInt32 { 1009 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes += utf8
        return true
    }
}

extension UUID: PostgresEncodable {
    package static var type: UInt32 { 2950 }
    package static var arrayType: UInt32 { 2951 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        withUnsafeBytes(of: uuid) { bytes.append(contentsOf: $0) }
        return true
    }
}

extension ID: PostgresEncodable {
    package static var type: UInt32 { UUID.type }
    package static var arrayType: UInt32 { UUID.arrayType }
    package func encode(into bytes: inout [UInt8]) -> Bool { uuid.encode(into: &bytes) }
}

/// `timestamptz`: microseconds since 2000-01-01T00:00:00Z.
extension Timestamp: PostgresEncodable {
    static let postgresEpoch: Int64 = 946_684_800_000
    package static var type: UInt32 { 1184 }
    package static var arrayType: UInt32 { 1185 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        // Years 1 to 9999, which PostgreSQL holds; a time outside is a caller's mistake and is clamped.
        let clamped = min(max(milliseconds, -62_135_596_800_000), 253_402_300_799_999)
        bytes.append(bigEndian: (clamped - Self.postgresEpoch) * 1000)
        return true
    }
}

/// JSON text bound as `jsonb`.
package struct JSONText: PostgresEncodable {
    package let text: [UInt8]
    package init(_ text: [UInt8]) { self.text = text }
    package static var type: UInt32 { 3802 }
    package static var arrayType: UInt32 { 3807 }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        bytes.append(1)  // the version of jsonb's binary form
        bytes += text
        return true
    }
}

extension Optional: PostgresEncodable where Wrapped: PostgresEncodable {
    package static var type: UInt32 { Wrapped.type }
    package static var arrayType: UInt32 { Wrapped.arrayType }
    package func encode(into bytes: inout [UInt8]) -> Bool { self?.encode(into: &bytes) ?? false }
}

extension Array: PostgresEncodable where Element: PostgresEncodable {
    package static var type: UInt32 { Element.arrayType }
    package static var arrayType: UInt32 { Element.nestedArrayType }
    package func encode(into bytes: inout [UInt8]) -> Bool {
        Element.encode(array: self, into: &bytes)
        return true
    }
}
