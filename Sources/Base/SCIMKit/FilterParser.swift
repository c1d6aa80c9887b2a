package import Kernel

/// Reads a filter: recursive descent over its words, with a bound on length, depth and terms.
struct FilterParser {
    private var lexer: FilterLexer
    private var scope: AttributeScope
    private var terms = 0
    private var depth = 0

    /// - Throws: 400 `scim-invalid-filter`.
    init(_ text: some StringProtocol, in scope: AttributeScope) throws(Problem) {
        guard text.utf8.count <= Bounds.filterBytes else {
            throw .scim(.invalidFilter, "At most \(Bounds.filterBytes) bytes are read.")
        }
        lexer = FilterLexer(text)
        self.scope = scope
    }

    /// The whole text as one filter.
    mutating func parse() throws(Problem) -> Filter {
        let filter = try disjunction()
        guard try lexer.next() == .end else { throw lexer.unexpected("the end") }
        return filter
    }

    /// A filter between brackets that ends at `]`; what stands behind it is left.
    mutating func parseBracketed() throws(Problem) -> (filter: Filter, rest: Substring) {
        let filter = try disjunction()
        guard try lexer.next() == .closeBracket else { throw lexer.unexpected("]") }
        return (filter, lexer.rest)
    }

    private mutating func disjunction() throws(Problem) -> Filter {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Bounds.filterDepth else {
            throw .scim(.invalidFilter, "It is nested more than \(Bounds.filterDepth) deep.")
        }
        var left = try conjunction()
        while try lexer.takeWord("or") { left = .or(left, try conjunction()) }
        return left
    }

    private mutating func conjunction() throws(Problem) -> Filter {
        var left = try term()
        while try lexer.takeWord("and") { left = .and(left, try term()) }
        return left
    }

    private mutating func term() throws(Problem) -> Filter {
        terms += 1
        guard terms <= Bounds.filterTerms else {
            throw .scim(.invalidFilter, "It has more than \(Bounds.filterTerms) terms.")
        }
        switch try lexer.next() {
        case .open: return try group()
        case .word(let word):
            if word.lowercased() == "not", try lexer.peek() == .open {
                _ = try lexer.next()
                return .not(try group())
            }
            return try expression(word)
        default: throw lexer.unexpected("an attribute")
        }
    }

    private mutating func group() throws(Problem) -> Filter {
        let inner = try disjunction()
        guard try lexer.next() == .close else { throw lexer.unexpected(")") }
        return inner
    }

    private mutating func expression(_ name: String) throws(Problem) -> Filter {
        guard let address = scope.address(name) else {
            throw .scim(.invalidFilter, "There is no attribute “\(name.prefix(80))”.")
        }
        if try lexer.peek() == .openBracket {
            _ = try lexer.next()
            return try valuePath(address)
        }
        return try comparison(address)
    }

    /// `emails[type eq "work"]`, and as Entra asks, `emails[type eq "work"].value eq "a@b"`.
    private mutating func valuePath(_ address: AttributeAddress) throws(Problem) -> Filter {
        guard case .resource = scope, let attribute = address.attribute, address.part == nil,
            attribute.kind == .complex
        else { throw .scim(.invalidFilter, "Brackets follow an attribute with parts.") }
        let outer = scope
        scope = .element(of: attribute)
        defer { scope = outer }
        var inner = try disjunction()
        guard try lexer.next() == .closeBracket else { throw lexer.unexpected("]") }
        if let name = lexer.takePart() {
            guard let part = attribute.part(named: name) else {
                throw .scim(.invalidFilter, "“\(attribute.name)” has no part “\(name.prefix(80))”.")
            }
            inner = .and(inner, try comparison(AttributeAddress(attribute: part)))
        }
        return .element(address, inner)
    }

    private mutating func comparison(_ address: AttributeAddress) throws(Problem) -> Filter {
        guard case .word(let word) = try lexer.next() else { throw lexer.unexpected("an operator") }
        let name = word.lowercased()
        if name == "pr" { return .present(address) }
        guard let comparison = Filter.Comparison(rawValue: name) else {
            throw .scim(.invalidFilter, "“\(word.prefix(80))” is no operator.")
        }
        let simple = try Self.simple(address)
        let isEquality = comparison == .eq || comparison == .ne
        switch try lexer.next() {
        case .text(let text): return .compare(simple, comparison, try Self.literal(text, for: simple, comparison))
        case .word("true"), .word("True"):
            return .compare(simple, comparison, try Self.flag(true, for: simple, comparison))
        case .word("false"), .word("False"):
            return .compare(simple, comparison, try Self.flag(false, for: simple, comparison))
        case .word("null") where isEquality:
            return comparison == .eq ? .not(.present(simple)) : .present(simple)
        default: throw lexer.unexpected("a value")
        }
    }

    /// An attribute with parts is compared by its `value`.
    private static func simple(_ address: AttributeAddress) throws(Problem) -> AttributeAddress {
        guard let definition = address.definition, definition.kind == .complex else {
            guard address.attribute != nil else { throw .scim(.invalidFilter, "A schema cannot be compared.") }
            return address
        }
        guard address.part == nil, let value = definition.part(named: "value") else {
            throw .scim(.invalidFilter, "Say which part of “\(definition.name)”.")
        }
        return AttributeAddress(schema: address.schema, attribute: definition, part: value)
    }

    private static func literal(
        _ text: String, for address: AttributeAddress, _ comparison: Filter.Comparison
    ) throws(Problem) -> Filter.Literal {
        switch address.definition?.kind {
        case .boolean:
            guard let flag = ["true": true, "false": false][text.lowercased()] else {
                throw .scim(.invalidFilter, "“\(address.name)” is true or false.")
            }
            return try Self.flag(flag, for: address, comparison)
        case .dateTime:
            guard let moment = Timestamp(rfc3339: text), ![.co, .sw, .ew].contains(comparison) else {
                throw .scim(.invalidFilter, "“\(address.name)” is compared with a time as RFC 3339 writes it.")
            }
            return .moment(moment)
        default:
            guard !text.utf8.contains(0) else { throw .scim(.invalidFilter, "A value holds a zero byte.") }
            return .text(text)
        }
    }

    private static func flag(
        _ flag: Bool, for address: AttributeAddress, _ comparison: Filter.Comparison
    ) throws(Problem) -> Filter.Literal {
        guard address.definition?.kind == .boolean, comparison == .eq || comparison == .ne else {
            throw .scim(.invalidFilter, "“\(address.name)” cannot be compared so with true or false.")
        }
        return .flag(flag)
    }
}

extension Filter {
    /// - Throws: 400 `scim-invalid-filter`.
    package init(_ text: String, of shape: ResourceShape) throws(Problem) {
        var parser = try FilterParser(text, in: .resource(shape))
        self = try parser.parse()
    }
}
