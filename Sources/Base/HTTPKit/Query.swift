package import Kernel

/// The query string, decoded. A name may come several times.
package struct Query: Sendable, ExpressibleByDictionaryLiteral {
    private let items: [(name: String, value: String)]

    package init() { items = [] }
    package init(dictionaryLiteral elements: (String, String)...) { items = elements.map { (name: $0, value: $1) } }

    /// - Throws: 400 `bad-query` for a broken escape, bytes that are not UTF-8, a zero byte, or over 100 items.
    package init(parsing text: Substring) throws(Problem) {
        var items: [(name: String, value: String)] = []
        for part in text.utf8.split(separator: UInt8(ascii: "&")) {
            let pieces = part.split(separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard items.count < 100, let name = PercentDecoding.decode(pieces[0], as: .query),
                let value = PercentDecoding.decode(pieces.count > 1 ? pieces[1] : Substring().utf8, as: .query)
            else { throw .badQuery }
            items.append((name, value))
        }
        self.items = items
    }

    package var isEmpty: Bool { items.isEmpty }
    package var names: [String] { items.map(\.name) }

    /// The first value of that name.
    package subscript(_ name: String) -> String? { items.first { $0.name == name }?.value }

    /// Every value of that name, in order.
    package func all(_ name: String) -> [String] { items.filter { $0.name == name }.map(\.value) }

    /// The words of a parameter, separated by commas or repeated: trimmed, lower case, without empty ones.
    package func words(_ name: String) -> [String] {
        all(name).flatMap { $0.split(separator: ",") }.map { $0.trimmed.lowercased() }.filter { !$0.isEmpty }
    }

    /// - Throws: 400 `invalid-field` naming the parameter for a word that is none of `known`.
    package func words(_ name: String, among known: some Collection<String>) throws(Problem) -> [String] {
        let all = words(name)
        if let stranger = all.first(where: { !known.contains($0) }) {
            throw .invalidField(name, "“\(stranger.prefix(40))” is none of \(known.sorted().joined(separator: ", "))")
        }
        return all
    }

    /// - Throws: 400 `invalid-field` naming the parameter when it is there and not a whole number in `range`.
    package func integer(_ name: String, in range: ClosedRange<Int>) throws(Problem) -> Int? {
        guard let text = self[name] else { return nil }
        guard let value = Int(text), range.contains(value) else {
            throw .invalidField(
                name, "“\(text.prefix(40))” is not a whole number from \(range.lowerBound) to \(range.upperBound)")
        }
        return value
    }

    /// `page`, `limit` and `cursor`; numbers out of range are clamped, what is no number is refused.
    package func paging(defaultLimit: Int = 50) throws(Problem) -> Paging {
        Paging(
            page: try integer("page", in: Int.min...Int.max) ?? 1,
            limit: try integer("limit", in: Int.min...Int.max) ?? defaultLimit, cursor: self["cursor"])
    }
}

/// Escapes of RFC 3986, read strictly.
enum PercentDecoding {
    enum Part {
        /// No control characters: nothing is called so, and a log line or a file name must not hold them.
        case path
        /// Plus is a space; text that people paste may hold tabs and line ends, but no zero byte.
        case query
    }

    /// `nil` for a broken escape, for bytes that are not UTF-8, and for characters that the part must not hold.
    static func decode(_ text: Substring.UTF8View, as part: Part) -> String? {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(text.count)
        var rest = text[...]
        while let byte = rest.popFirst() {
            var byte = byte
            if byte == UInt8(ascii: "%") {
                guard let high = rest.popFirst()?.hexDigit, let low = rest.popFirst()?.hexDigit else { return nil }
                byte = high << 4 | low
            } else if part == .query, byte == UInt8(ascii: "+") {
                byte = UInt8(ascii: " ")
            }
            guard part == .query ? byte != 0 : byte >= 0x20 && byte != 0x7F else { return nil }
            bytes.append(byte)
        }
        return String(validating: bytes, as: UTF8.self)
    }
}

extension UInt8 {
    fileprivate var hexDigit: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}

extension Problem {
    static let badQuery = Problem(
        "bad-query", status: 400, title: "The query string cannot be read",
        detail: "Escapes must be %XX and their bytes UTF-8 without zeros; at most 100 parameters.")
}
