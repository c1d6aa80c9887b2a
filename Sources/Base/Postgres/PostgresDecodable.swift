package import FoundationEssentials
package import Kernel

/// A value read from a column in binary form. A column of another type is an error, never a guess.
package protocol PostgresDecodable: Sendable {
    /// - Returns: `nil` when the column's type or its bytes do not fit.
    static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Self?
    /// NULL; `nil` when this type cannot be absent.
    static var null: Self? { get }
    static func decode(array bytes: UnsafeRawBufferPointer, type: UInt32) -> [Self]?
}

extension PostgresDecodable {
    package static var null: Self? { nil }

    /// One dimension, in order; NULL elements only where `Self` is optional.
    package static func decode(array bytes: UnsafeRawBufferPointer, type: UInt32) -> [Self]? {
        var rest = bytes[...]
        func integer() -> Int32? {
            guard rest.count >= 4 else { return nil }
            defer { rest = rest.dropFirst(4) }
            return UnsafeRawBufferPointer(rebasing: rest.prefix(4)).bigEndian(Int32.self)
        }
        guard let dimensions = integer(), integer() != nil, let element = integer() else { return nil }
        guard dimensions == 1 else { return dimensions == 0 ? [] : nil }
        guard let count = integer(), integer() != nil, count >= 0, Int(count) <= bytes.count / 4 else { return nil }
        var values: [Self] = []
        values.reserveCapacity(Int(count))
        for _ in 0..<count {
            guard let length = integer() else { return nil }
            if length < 0 {
                guard let null = Self.null else { return nil }
                values.append(null)
                continue
            }
            guard rest.count >= Int(length) else { return nil }
            let slice = UnsafeRawBufferPointer(rebasing: rest.prefix(Int(length)))
            guard let value = Self.decode(slice, type: UInt32(bitPattern: element)) else { return nil }
            values.append(value)
            rest = rest.dropFirst(Int(length))
        }
        return values
    }
}

extension UnsafeRawBufferPointer {
    /// - Precondition: at least as many bytes as the number has.
    func bigEndian<Number: FixedWidthInteger>(_: Number.Type) -> Number {
        Number(bigEndian: loadUnaligned(as: Number.self))
    }
}

extension Bool: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Bool? {
        type == 16 && bytes.count == 1 ? bytes[0] != 0 : nil
    }
}

extension Int64: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Int64? {
        switch (type, bytes.count) {
        case (20, 8): bytes.bigEndian(Int64.self)
        case (23, 4): Int64(bytes.bigEndian(Int32.self))
        case (21, 2): Int64(bytes.bigEndian(Int16.self))
        case (26, 4): Int64(bytes.bigEndian(UInt32.self))
        default: nil
        }
    }
}

extension Int: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Int? {
        Int64.decode(bytes, type: type).map(Int.init)
    }
}

extension Int32: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Int32? {
        type == 20 ? nil : Int64.decode(bytes, type: type).flatMap(Int32.init(exactly:))
    }
}

extension Int16: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Int16? {
        type == 21 && bytes.count == 2 ? bytes.bigEndian(Int16.self) : nil
    }
}

extension UInt8: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> UInt8? {
        Int16.decode(bytes, type: type).flatMap(UInt8.init(exactly:))
    }
    /// `bytea`.
    package static func decode(array bytes: UnsafeRawBufferPointer, type: UInt32) -> [UInt8]? {
        type == 17 ? Array(bytes) : nil
    }
}

extension Double: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Double? {
        switch (type, bytes.count) {
        case (701, 8): Double(bitPattern: bytes.bigEndian(UInt64.self))
        case (700, 4): Double(Float(bitPattern: bytes.bigEndian(UInt32.self)))
        default: nil
        }
    }
}

extension String: PostgresDecodable {
    /// text, varchar, bpchar, name, json and jsonb.
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> String? {
        switch type {
        case 25, 1043, 1042, 19, 114: String(decoding: bytes, as: UTF8.self)
        case 3802: String(decoding: bytes.dropFirst(), as: UTF8.self)
        default: nil
        }
    }
}

extension UUID: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> UUID? {
        type == 2950 && bytes.count == 16 ? UUID(uuid: bytes.loadUnaligned(as: uuid_t.self)) : nil
    }
}

extension ID: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> ID? {
        UUID.decode(bytes, type: type).map(ID.init)
    }
}

extension Timestamp: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Timestamp? {
        guard type == 1184, bytes.count == 8 else { return nil }
        let microseconds = bytes.bigEndian(Int64.self)
        let milliseconds = microseconds >= 0 ? microseconds / 1000 : (microseconds - 999) / 1000
        return Timestamp(milliseconds: milliseconds + postgresEpoch)
    }
}

extension Optional: PostgresDecodable where Wrapped: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> Wrapped?? {
        Wrapped.decode(bytes, type: type).map { .some($0) }
    }
    package static var null: Wrapped?? { .some(nil) }
}

extension Array: PostgresDecodable where Element: PostgresDecodable {
    package static func decode(_ bytes: UnsafeRawBufferPointer, type: UInt32) -> [Element]? {
        Element.decode(array: bytes, type: type)
    }
}
