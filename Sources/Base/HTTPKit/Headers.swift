import NIOHTTP1

/// Header fields in the order they came; names compare without case.
package struct Headers: Sendable, ExpressibleByDictionaryLiteral, Sequence {
    private(set) var fields: HTTPHeaders

    init(_ fields: HTTPHeaders) { self.fields = fields }

    package init() { fields = HTTPHeaders() }

    package init(dictionaryLiteral elements: (String, String)...) { fields = HTTPHeaders(elements) }

    /// The first value of that name. Setting replaces all of them; `nil` removes them.
    package subscript(_ name: String) -> String? {
        get { fields.first(name: name) }
        set {
            if let newValue { fields.replaceOrAdd(name: name, value: newValue) } else { fields.remove(name: name) }
        }
    }

    /// Every value of that name, commas not split.
    package func all(_ name: String) -> [String] { fields[name] }

    package mutating func add(_ name: String, _ value: String) { fields.add(name: name, value: value) }

    /// For sending: a value that somebody else chose must not become a header of its own, nor a body.
    var withoutLineBreaks: HTTPHeaders {
        let isBroken = { (byte: UInt8) in byte == 13 || byte == 10 || byte == 0 }
        guard
            fields.contains(where: { $0.value.utf8.contains(where: isBroken) || $0.name.utf8.contains(where: isBroken) }
            )
        else { return fields }
        let mended = { (text: String) in String(decoding: text.utf8.map { isBroken($0) ? 32 : $0 }, as: UTF8.self) }
        return HTTPHeaders(
            fields.filter { !$0.name.utf8.contains(where: isBroken) }.map { ($0.name, mended($0.value)) })
    }

    package func makeIterator() -> AnyIterator<(name: String, value: String)> {
        var base = fields.makeIterator()
        return AnyIterator { base.next() }
    }
}
