package import JSONKit

/// Where in a resource a value stands: `userName`, `name.familyName`, `urn:…:User:department`, or a whole extension.
package struct AttributeAddress: Sendable, Hashable {
    /// The URN of an extension; `nil`: the resource's own schema, or an element of a multi-valued attribute.
    package let schema: String?
    /// `nil`: all of the extension.
    package let attribute: AttributeDefinition?
    package let part: AttributeDefinition?

    package init(schema: String? = nil, attribute: AttributeDefinition?, part: AttributeDefinition? = nil) {
        self.schema = schema
        self.attribute = attribute
        self.part = part
    }

    /// What a value here must be like.
    package var definition: AttributeDefinition? { part ?? attribute }

    package var isReadOnly: Bool { attribute?.isReadOnly == true || part?.isReadOnly == true }

    /// As people write it.
    package var name: String {
        let names = [attribute?.name, part?.name].compactMap { $0 }.joined(separator: ".")
        guard let schema else { return names }
        return names.isEmpty ? schema : "\(schema):\(names)"
    }

    /// All values that stand here, those of every element of a multi-valued attribute.
    package func values(in members: Members) -> [JSONValue] {
        let place = schema.map { members[$0]?.object ?? [:] } ?? members
        guard let attribute else { return place.isEmpty ? [] : [.object(place)] }
        let values = place[attribute.name].map(Self.elements) ?? []
        guard let part else { return values }
        return values.flatMap { $0[part.name].map(Self.elements) ?? [] }
    }

    private static func elements(_ value: JSONValue) -> [JSONValue] {
        switch value {
        case .null: []
        case .array(let elements): elements
        default: [value]
        }
    }
}

/// What names in a filter or a path are looked up in.
package enum AttributeScope: Sendable {
    case resource(ResourceShape)
    /// The parts of one element, between brackets.
    case element(of: AttributeDefinition)

    /// `nil`: there is no such attribute.
    func address(_ text: some StringProtocol) -> AttributeAddress? {
        switch self {
        case .element(let attribute):
            return attribute.part(named: text).map { AttributeAddress(attribute: $0) }
        case .resource(let shape):
            if let whole = shape.schemaExtension(text) { return AttributeAddress(schema: whole.urn, attribute: nil) }
            guard let colon = text.lastIndex(of: ":") else {
                return Self.address(text, schema: nil) { shape.attribute(named: $0) }
            }
            let (urn, rest) = (text[..<colon], text[text.index(after: colon)...])
            if urn.lowercased() == shape.core.urn.lowercased() {
                return Self.address(rest, schema: nil) { shape.attribute(named: $0) }
            }
            guard let found = shape.schemaExtension(urn) else { return nil }
            return Self.address(rest, schema: found.urn) { found.attributes.named($0) }
        }
    }

    private static func address<Text: StringProtocol>(
        _ text: Text, schema: String?, _ find: (Text.SubSequence) -> AttributeDefinition?
    ) -> AttributeAddress? {
        let names = text.split(separator: ".", maxSplits: 1, omittingEmptySubsequences: false)
        guard let first = names.first, let attribute = find(first) else { return nil }
        guard names.count == 2 else { return AttributeAddress(schema: schema, attribute: attribute) }
        guard let part = attribute.part(named: names[1]) else { return nil }
        return AttributeAddress(schema: schema, attribute: attribute, part: part)
    }
}
