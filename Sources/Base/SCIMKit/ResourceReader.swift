package import JSONKit
package import Kernel

/// Turns what a directory sends into members as the schema has them: names spelled as there, values of their kind, what is
/// read-only or unknown left out, what is unassigned absent.
package struct ResourceReader: Sendable {
    package let shape: ResourceShape

    package init(_ shape: ResourceShape) { self.shape = shape }

    /// A whole resource, for POST and PUT.
    package func resource(_ body: JSONValue) throws(Problem) -> Members {
        guard let object = body.object else { throw .scim(.invalidSyntax, "An object is wanted.") }
        try checkSchemas(object)
        var members: Members = [:]
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            if let schema = shape.schemaExtension(name) {
                try add(schema.urn, try extensionMembers(value, of: schema).map { .object($0) }, to: &members)
            } else if let attribute = shape.attribute(named: name), !attribute.isReadOnly {
                try add(attribute.name, try self.value(value, of: attribute), to: &members)
            }
        }
        try check(members)
        return members
    }

    /// What has to hold of any resource, whatever it went through.
    package func check(_ members: Members) throws(Problem) {
        for attribute in shape.core.attributes where attribute.isRequired {
            guard let text = members[attribute.name]?.string, !text.trimmed.isEmpty else {
                throw .scim(.invalidValue, "“\(attribute.name)” is required.")
            }
        }
        guard JSONValue.object(members).json.count <= Bounds.resourceBytes else {
            throw .scim(.invalidValue, "A resource has at most \(Bounds.resourceBytes) bytes.")
        }
    }

    private func checkSchemas(_ object: Members) throws(Problem) {
        let named = object.first { $0.key.lowercased() == "schemas" }?.value.array?.compactMap(\.string) ?? []
        guard named.contains(where: { $0.lowercased() == shape.core.urn.lowercased() }) else {
            throw .scim(.invalidSyntax, "“schemas” has to name \(shape.core.urn).")
        }
    }

    private func add(_ name: String, _ value: JSONValue?, to members: inout Members) throws(Problem) {
        guard let value else { return }
        guard members[name] == nil else { throw .scim(.invalidSyntax, "“\(name)” stands there twice.") }
        members[name] = value
    }

    func extensionMembers(_ value: JSONValue, of schema: SchemaDefinition) throws(Problem) -> Members? {
        if value == .null { return nil }
        guard let object = value.object else { throw .scim(.invalidValue, "\(schema.urn) is an object.") }
        var members: Members = [:]
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            guard let attribute = schema.attributes.named(name), !attribute.isReadOnly else { continue }
            try add(attribute.name, try self.value(value, of: attribute), to: &members)
        }
        return members.isEmpty ? nil : members
    }

    // MARK: Values

    /// - Returns: `nil` for what is unassigned.
    func value(_ value: JSONValue, of attribute: AttributeDefinition) throws(Problem) -> JSONValue? {
        guard attribute.isMultiValued else { return try element(value, of: attribute) }
        let elements = try self.elements(value, of: attribute)
        return elements.isEmpty ? nil : .array(elements)
    }

    /// The elements of a multi-valued attribute; one alone may come without its list.
    func elements(_ value: JSONValue, of attribute: AttributeDefinition) throws(Problem) -> [JSONValue] {
        let sent = value.array ?? [value]
        guard sent.count <= Bounds.elements else {
            throw .scim(.invalidValue, "“\(attribute.name)” has at most \(Bounds.elements) values.")
        }
        var elements: [JSONValue] = []
        for one in sent {
            guard let element = try element(one, of: attribute), !elements.contains(element) else { continue }
            elements.append(element)
        }
        guard elements.count(where: { $0["primary"] == true }) <= 1 else {
            throw .scim(.invalidValue, "At most one value of “\(attribute.name)” is the primary one.")
        }
        return elements
    }

    /// One value, whether the attribute has several or not.
    func element(_ value: JSONValue, of attribute: AttributeDefinition) throws(Problem) -> JSONValue? {
        // Entra sends a manager as a list of one.
        if let list = value.array, list.count == 1 { return try element(list[0], of: attribute) }
        switch (attribute.kind, value) {
        case (_, .null): return nil
        case (.complex, .object(let object)): return try complex(object, of: attribute)
        case (.complex, .string) where attribute.part(named: "value") != nil:
            return try complex(["value": value], of: attribute)
        case (.boolean, .bool): return value
        // Entra sends booleans as text.
        case (.boolean, .string(let text)):
            guard let flag = ["true": true, "false": false][text.lowercased()] else {
                throw .scim(.invalidValue, "“\(attribute.name)” is true or false.")
            }
            return .bool(flag)
        case (.string, .string(let text)), (.reference, .string(let text)):
            try Self.check(text, of: attribute)
            return value
        default: throw .scim(.invalidValue, "“\(attribute.name)” is of another kind: \(attribute.kind.rawValue).")
        }
    }

    private func complex(_ object: Members, of attribute: AttributeDefinition) throws(Problem) -> JSONValue? {
        var members: Members = [:]
        for (name, value) in object.sorted(by: { $0.key < $1.key }) {
            guard let part = attribute.part(named: name), !part.isReadOnly else { continue }
            try add(part.name, try self.value(value, of: part), to: &members)
        }
        return members.isEmpty ? nil : .object(members)
    }

    private static func check(_ text: String, of attribute: AttributeDefinition) throws(Problem) {
        guard text.utf8.count <= attribute.maxBytes else {
            throw .scim(.invalidValue, "“\(attribute.name)” has at most \(attribute.maxBytes) bytes.")
        }
        let lines =
            attribute.isText ? text.split(omittingEmptySubsequences: false, whereSeparator: \.isNewline) : [text[...]]
        guard lines.allSatisfy(\.isPlainLine) else {
            throw .scim(.invalidValue, "“\(attribute.name)” holds characters that cannot be shown.")
        }
    }
}
