package import JSONKit

/// Numbers as platforms write them: plain, in quotes, with commas, as null. Two coercions that are not to be confused:
/// amounts of memory round, sizes of file systems and counts are cut.
extension JSONReader {
    /// What is longer is cut: nothing that is worth keeping is, and what is kept stays for long.
    private static var longestText: Int { 8192 }

    /// A number or text; `nil` for null, empty and anything else. No control characters but those of lines and columns.
    package mutating func laxText() throws(JSONError) -> String? {
        switch peek() {
        case .string:
            var text = try string()
            if text.utf8.count > Self.longestText {
                text = String(decoding: text.utf8.prefix(Self.longestText), as: UTF8.self)
            }
            if text.utf8.contains(where: Self.isControl) {
                text = String(decoding: text.utf8.map { Self.isControl($0) ? UInt8(ascii: "?") : $0 }, as: UTF8.self)
            }
            return text.isEmpty ? nil : text
        case .number: return String(decoding: try rawValue(), as: UTF8.self)
        case .bool: return try bool() ? "1" : "0"
        default:
            try skip()
            return nil
        }
    }

    private static func isControl(_ byte: UInt8) -> Bool {
        byte < 0x20 && byte != 0x09 && byte != 0x0A && byte != 0x0D || byte == 0x7F
    }

    /// A number as number or text; `nil` for what is none.
    package mutating func laxDouble() throws(JSONError) -> Double? {
        if peek() == .number {
            let value = try double()
            return value.isFinite ? value : nil
        }
        return Double(try laxText()?.plainNumber ?? "").flatMap { $0.isFinite ? $0 : nil }
    }

    /// Cut towards zero; hexadecimal text too. `nil` for what is no number or does not fit.
    package mutating func laxCount() throws(JSONError) -> Int64? {
        if peek() == .number { return Int64(cutting: try double()) }
        guard let text = try laxText()?.plainNumber else { return nil }
        if text.hasPrefix("0x") || text.hasPrefix("0X") { return Int64(text.dropFirst(2), radix: 16) }
        return Int64(text) ?? Double(text).flatMap { Int64(cutting: $0) }
    }

    /// An amount of memory in bytes: rounded, never negative, at most 2^64 - 1; null and empty are 0.
    /// - Throws: for true, false, NaN and text that is no number.
    package mutating func memoryBytes() throws(JSONError) -> UInt64 { try knownMemoryBytes() ?? 0 }

    /// The same, where null and empty are unknown: `nil`.
    package mutating func knownMemoryBytes() throws(JSONError) -> UInt64? {
        switch peek() {
        case .null:
            _ = try skipNull()
            return nil
        case .number: return UInt64(rounding: try double())
        case .string:
            let text = try string().plainNumber
            if text.isEmpty || text == "null" { return nil }
            if let whole = UInt64(text) { return whole }
            guard let value = Double(text), !value.isNaN else { throw invalid("expected a number of bytes") }
            return UInt64(rounding: value)
        default: throw invalid("expected a number of bytes")
        }
    }

    /// true, 1, "1", "true", "yes".
    package mutating func laxBool() throws(JSONError) -> Bool {
        switch peek() {
        case .bool: return try bool()
        case .number: return try double() != 0
        case .string: return ["true", "1", "yes", "on"].contains(try string().lowercased())
        default:
            try skip()
            return false
        }
    }

    /// Elements that cannot be read are left out; a single object stands for a list of it, anything else for none.
    /// - Parameter most: how many are kept of a list that somebody else makes as long as they like.
    package mutating func laxList<Element>(
        most: Int = .max, _ read: (inout JSONReader) throws(JSONError) -> Element?
    ) throws(JSONError) -> [Element] {
        var list: [Element] = []
        switch peek() {
        case .array:
            try enterArray()
            while try nextElement() {
                guard list.count < most else {
                    try skip()
                    continue
                }
                if let element = try whole(read) { list.append(element) }
            }
        case .object:
            if let element = try whole(read) { list.append(element) }
        default: try skip()
        }
        return list
    }

    private mutating func whole<Element>(_ read: (inout JSONReader) throws(JSONError) -> Element?) throws(JSONError)
        -> Element?
    {
        guard peek() == .object else {
            try skip()
            return nil
        }
        var element = JSONReader(try rawValue(), options: options)
        return try? read(&element)
    }
}

extension String {
    /// Without blanks, inner quotes and thousands' commas.
    var plainNumber: String { filter { !$0.isWhitespace && $0 != "\"" && $0 != "," } }
}

extension Int64 {
    /// Towards zero; `nil` for what does not fit.
    package init?(cutting value: Double) {
        guard value > -0x1p63, value < 0x1p63 else { return nil }
        self = Int64(value)
    }

    /// As many as fit.
    package init(fitting value: UInt64) { self = Int64(Swift.min(value, UInt64(Int64.max))) }
}

extension UInt64 {
    init(rounding value: Double) { self = value > 0 ? value >= 0x1p64 ? .max : UInt64(value.rounded()) : 0 }
}
