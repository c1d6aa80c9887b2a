/// An answer of the DNS (RFC 1035), read for its TXT records. It comes from a stranger's name server: every length is checked
/// against what is there, and names are stepped over without following their pointers.
struct DNSMessage {
    /// What TCP's length can say.
    static let limit = 65_535

    private let bytes: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { self.bytes = bytes }

    /// The texts of the answer section, each with its strings joined; what is not UTF-8 is left out.
    /// - Returns: `nil` for a message that is cut off, or none.
    var texts: [String]? {
        var reader = Reader(rest: bytes)
        guard reader.skip(2), let flags = reader.word(), flags & 0x0200 == 0, flags & 0x000F == 0,
            let questions = reader.word(), let answers = reader.word(), reader.skip(4)
        else { return nil }
        for _ in 0..<questions { guard reader.skipName(), reader.skip(4) else { return nil } }
        var found: [String] = []
        for _ in 0..<answers {
            guard reader.skipName(), let type = reader.word(), let kind = reader.word(), reader.skip(4),
                let length = reader.word(), let data = reader.take(Int(length))
            else { return nil }
            guard type == 16, kind == 1 else { continue }
            guard let joined = Self.joined(data) else { return nil }
            if let text = String(validating: joined, as: UTF8.self) { found.append(text) }
        }
        return found
    }

    private static func joined(_ data: ArraySlice<UInt8>) -> [UInt8]? {
        var (reader, joined) = (Reader(rest: data), [UInt8]())
        while let length = reader.byte() {
            guard let part = reader.take(Int(length)) else { return nil }
            joined += part
        }
        return joined
    }

    private struct Reader {
        var rest: ArraySlice<UInt8>

        mutating func byte() -> UInt8? { rest.popFirst() }

        mutating func word() -> UInt16? {
            guard let high = byte(), let low = byte() else { return nil }
            return UInt16(high) << 8 | UInt16(low)
        }

        mutating func take(_ count: Int) -> ArraySlice<UInt8>? {
            guard rest.count >= count else { return nil }
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }

        mutating func skip(_ count: Int) -> Bool { take(count) != nil }

        /// Labels up to an empty one, or to a pointer, which ends a name.
        mutating func skipName() -> Bool {
            while let length = byte() {
                if length == 0 { return true }
                if length & 0xC0 == 0xC0 { return skip(1) }
                guard length & 0xC0 == 0, skip(Int(length)) else { return false }
            }
            return false
        }
    }
}
