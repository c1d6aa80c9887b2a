/// The key of a member, made to be compared with literals in a `switch`.
///
/// Up to 24 plain ASCII bytes sit in three words, zeros behind them, so that a comparison with a literal is two or
/// three machine words and no allocation. Longer keys and those with escapes or other letters are kept as text.
public struct JSONKey: Sendable, Equatable, CustomStringConvertible {
    @usableFromInline let first: UInt64
    @usableFromInline let second: UInt64
    @usableFromInline let third: UInt64
    /// UTF-8 bytes when `long` is nil, else -1.
    @usableFromInline let count: Int
    @usableFromInline let ignoresCase: Bool
    @usableFromInline let long: String?

    @inlinable init(_ first: UInt64, _ second: UInt64, _ third: UInt64, count: Int, ignoresCase: Bool) {
        self.first = first
        self.second = second
        self.third = third
        self.count = count
        self.ignoresCase = ignoresCase
        self.long = nil
    }

    @usableFromInline init(long: String, ignoresCase: Bool) {
        first = 0
        second = 0
        third = 0
        count = -1
        self.ignoresCase = ignoresCase
        self.long = long
    }

    /// Whether both are the same text.
    public static func == (left: JSONKey, right: JSONKey) -> Bool {
        left.first == right.first && left.second == right.second && left.third == right.third
            && left.count == right.count && left.long == right.long
    }

    /// The key as text; this allocates when it is longer than 15 bytes.
    public var description: String {
        if let long { return long }
        return withUnsafeBytes(of: (first, second, third)) { String(decoding: $0.prefix(count), as: UTF8.self) }
    }

    @inlinable public static func ~= (pattern: StaticString, key: JSONKey) -> Bool { key == pattern }

    @inlinable public static func == (key: JSONKey, pattern: StaticString) -> Bool {
        let size = pattern.utf8CodeUnitCount
        guard key.count == size else { return key.count == -1 && key.equalsLong(pattern) }
        let text = UnsafeRawPointer(pattern.utf8Start)
        let same: Bool
        if size < 8 {
            same = key.first == tail(text, size)
        } else if size < 16 {
            same = key.first == whole(text) && key.second == tail(text + 8, size - 8)
        } else if size < 24 {
            same =
                key.first == whole(text) && key.second == whole(text + 8) && key.third == tail(text + 16, size - 16)
        } else {
            same = key.first == whole(text) && key.second == whole(text + 8) && key.third == whole(text + 16)
        }
        return same || (key.ignoresCase && key.equalsFolded(pattern))
    }

    @inlinable @inline(__always) static func whole(_ text: UnsafeRawPointer) -> UInt64 {
        text.loadUnaligned(as: UInt64.self)
    }

    /// The last 0 to 7 bytes as one little-endian word; with a literal this folds to a constant.
    @inlinable @inline(__always) static func tail(_ text: UnsafeRawPointer, _ size: Int) -> UInt64 {
        var word: UInt64 = 0
        var done = 0
        if size & 4 != 0 {
            word = UInt64(text.loadUnaligned(as: UInt32.self))
            done = 4
        }
        if size & 2 != 0 {
            word |= UInt64((text + done).loadUnaligned(as: UInt16.self)) << UInt64(8 * done)
            done += 2
        }
        if size & 1 != 0 { word |= UInt64((text + done).load(as: UInt8.self)) << UInt64(8 * done) }
        return word
    }

    @usableFromInline func equalsLong(_ pattern: StaticString) -> Bool {
        guard let long else { return false }
        if long == pattern.description { return true }
        return ignoresCase && long.utf8.elementsEqual(pattern.description.utf8) { $0.asciiLowered == $1.asciiLowered }
    }

    @usableFromInline func equalsFolded(_ pattern: StaticString) -> Bool {
        withUnsafeBytes(of: (first, second, third)) { bytes in
            pattern.withUTF8Buffer { $0.elementsEqual(bytes.prefix(count)) { $0.asciiLowered == $1.asciiLowered } }
        }
    }
}

extension UInt8 {
    var asciiLowered: UInt8 { self >= 65 && self <= 90 ? self | 0x20 : self }
}
