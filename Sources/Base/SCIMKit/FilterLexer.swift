import JSONKit
import Kernel

/// The words of a filter, one after the other.
struct FilterLexer {
    enum Token: Equatable {
        /// A name, an operator, or `true`, `false`, `null`.
        case word(String)
        /// Between quotes, unescaped.
        case text(String)
        case open, close, openBracket, closeBracket
        case end
    }

    private let source: String
    private var position: String.UTF8View.Index
    private var peeked: Token?
    private var afterPeeked: String.UTF8View.Index

    init(_ text: some StringProtocol) {
        source = String(text)
        position = source.utf8.startIndex
        afterPeeked = position
    }

    /// What has not been read. Only right after `next`.
    var rest: Substring { source[position...] }

    func unexpected(_ wanted: String) -> Problem {
        let offset = source.utf8.distance(from: source.utf8.startIndex, to: position)
        return .scim(.invalidFilter, "Wanted \(wanted) at byte \(offset).")
    }

    mutating func next() throws(Problem) -> Token {
        if let token = peeked {
            peeked = nil
            position = afterPeeked
            return token
        }
        return try read()
    }

    mutating func peek() throws(Problem) -> Token {
        if let peeked { return peeked }
        let start = position
        let token = try read()
        (afterPeeked, position, peeked) = (position, start, token)
        return token
    }

    /// Takes the next word if it is this one, in any case.
    mutating func takeWord(_ wanted: String) throws(Problem) -> Bool {
        guard case .word(let word) = try peek(), word.lowercased() == wanted else { return false }
        _ = try next()
        return true
    }

    /// `.value` right behind a bracket.
    mutating func takePart() -> String? {
        let utf8 = source.utf8
        guard peeked == nil, position < utf8.endIndex, utf8[position] == UInt8(ascii: ".") else { return nil }
        let start = utf8.index(after: position)
        let end = utf8[start...].firstIndex { !Self.isName($0) } ?? utf8.endIndex
        position = end
        return String(source[start..<end])
    }

    private mutating func read() throws(Problem) -> Token {
        let utf8 = source.utf8
        while position < utf8.endIndex, utf8[position] == 0x20 || utf8[position] == 0x09 {
            position = utf8.index(after: position)
        }
        guard position < utf8.endIndex else { return .end }
        let byte = utf8[position]
        switch byte {
        case UInt8(ascii: "("): return single(.open)
        case UInt8(ascii: ")"): return single(.close)
        case UInt8(ascii: "["): return single(.openBracket)
        case UInt8(ascii: "]"): return single(.closeBracket)
        case UInt8(ascii: "\""): return .text(try quoted())
        case _ where Self.isName(byte):
            let end = utf8[position...].firstIndex { !Self.isName($0) } ?? utf8.endIndex
            defer { position = end }
            return .word(String(source[position..<end]))
        default: throw unexpected("a name, an operator or a value")
        }
    }

    private mutating func single(_ token: Token) -> Token {
        position = source.utf8.index(after: position)
        return token
    }

    /// A JSON string, read by those who know JSON.
    private mutating func quoted() throws(Problem) -> String {
        let utf8 = source.utf8
        var index = utf8.index(after: position)
        while index < utf8.endIndex, utf8[index] != UInt8(ascii: "\"") {
            index = utf8.index(after: index)
            if utf8[utf8.index(before: index)] == UInt8(ascii: "\\"), index < utf8.endIndex {
                index = utf8.index(after: index)
            }
        }
        guard index < utf8.endIndex else { throw unexpected("the end of a text") }
        let end = utf8.index(after: index)
        guard let text = (try? JSONValue(json: Array(utf8[position..<end])))?.string else {
            throw unexpected("a text as JSON writes it")
        }
        position = end
        return text
    }

    /// Of names, URNs and numbers.
    private static func isName(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-_$:.".utf8.contains(byte)
        }
    }
}
