package import JSONKit
package import Kernel

/// What one operation of a PATCH is about.
package struct PatchPath: Sendable, Hashable {
    package let address: AttributeAddress
    /// Which elements of the attribute.
    package let filter: Filter?

    /// - Throws: 400 `scim-invalid-path`, and `scim-invalid-filter` for what stands between brackets.
    package init(_ text: String, of shape: ResourceShape) throws(Problem) {
        guard (1...Bounds.pathBytes).contains(text.utf8.count) else {
            throw .scim(.invalidPath, "A path has 1 to \(Bounds.pathBytes) bytes.")
        }
        let scope = AttributeScope.resource(shape)
        guard let bracket = text.utf8.firstIndex(of: UInt8(ascii: "[")) else {
            guard let address = scope.address(text) else { throw .scim(.invalidPath, "“\(text)” is no attribute.") }
            (self.address, filter) = (address, nil)
            return
        }
        guard let found = scope.address(text[..<bracket]), let attribute = found.attribute, found.part == nil,
            attribute.isMultiValued, attribute.kind == .complex
        else { throw .scim(.invalidPath, "“\(text[..<bracket])” has no elements to choose from.") }
        var parser = try FilterParser(text[text.utf8.index(after: bracket)...], in: .element(of: attribute))
        let (filter, rest) = try parser.parseBracketed()
        var part: AttributeDefinition?
        if !rest.isEmpty {
            part = rest.first == "." ? attribute.part(named: rest.dropFirst()) : nil
            guard part != nil else { throw .scim(.invalidPath, "“\(rest)” is no part of “\(attribute.name)”.") }
        }
        address = AttributeAddress(schema: found.schema, attribute: attribute, part: part)
        self.filter = filter
    }
}

/// One operation of a PATCH (RFC 7644, 3.5.2), as Okta and Entra write it too.
package struct PatchOperation: Sendable, Hashable {
    package enum Verb: String, Sendable { case add, replace, remove }

    package let verb: Verb
    /// `nil`: the members of `value` are the paths.
    package let path: PatchPath?
    package let value: JSONValue?

    package init(_ verb: Verb, _ path: PatchPath?, _ value: JSONValue?) {
        (self.verb, self.path, self.value) = (verb, path, value)
    }

    /// The operations of a request's body.
    /// - Throws: 400 `scim-invalid-syntax`, `scim-invalid-path`, `scim-no-target`, `scim-invalid-value`.
    package static func all(in body: JSONValue, of shape: ResourceShape) throws(Problem) -> [PatchOperation] {
        let schemas = body.member("schemas")?.array?.compactMap { $0.string?.lowercased() } ?? []
        guard schemas.contains(URN.patch.lowercased()), let listed = body.member("Operations")?.array else {
            throw .scim(.invalidSyntax, "“schemas” names \(URN.patch), and “Operations” is a list.")
        }
        guard (1...Bounds.patchOperations).contains(listed.count) else {
            throw .scim(.invalidSyntax, "1 to \(Bounds.patchOperations) operations are wanted.")
        }
        var all: [PatchOperation] = []
        for one in listed { all.append(try PatchOperation(one, of: shape)) }
        return all
    }

    private init(_ json: JSONValue, of shape: ResourceShape) throws(Problem) {
        // Entra capitalises.
        guard let verb = json.member("op")?.string.flatMap({ Verb(rawValue: $0.lowercased()) }) else {
            throw .scim(.invalidSyntax, "“op” is add, replace or remove.")
        }
        self.verb = verb
        switch json.member("path") {
        case nil, .null: path = nil
        case .string(let text): path = try PatchPath(text, of: shape)
        default: throw .scim(.invalidPath, "A path is text.")
        }
        value = json.member("value")
        switch verb {
        case .remove:
            guard path != nil else { throw .scim(.noTarget, "What is to be removed is said by “path”.") }
        case .add, .replace:
            guard let value else { throw .scim(.invalidValue, "“value” is missing.") }
            guard path != nil || value.object != nil else {
                throw .scim(.invalidValue, "Without a path the value is an object.")
            }
        }
    }
}

extension JSONValue {
    /// A member by its name in any case; of two that differ by case alone the one that sorts first.
    package func member(_ name: String) -> JSONValue? {
        if let exact = self[name] { return exact }
        let wanted = name.lowercased()
        return object?.filter { $0.key.lowercased() == wanted }.min { $0.key < $1.key }?.value
    }
}
