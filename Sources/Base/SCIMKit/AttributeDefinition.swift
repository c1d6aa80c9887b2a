/// One attribute of a schema (RFC 7643, 7), or one part of a complex attribute.
package struct AttributeDefinition: Sendable, Hashable {
    package enum Kind: String, Sendable { case string, boolean, dateTime, reference, complex }
    package enum Mutability: String, Sendable { case readOnly, readWrite, immutable }
    package enum Returned: String, Sendable { case always, `default` }
    package enum Uniqueness: String, Sendable { case none, server }

    package let name: String
    package let kind: Kind
    package let summary: String
    package var isMultiValued = false
    package var isRequired = false
    package var isCaseExact = false
    package var mutability = Mutability.readWrite
    package var returned = Returned.default
    package var uniqueness = Uniqueness.none
    package var canonicalValues: [String] = []
    package var referenceTypes: [String] = []
    package var parts: [AttributeDefinition] = []
    /// May hold line ends.
    package var isText = false
    package var maxBytes = Bounds.textBytes

    package init(_ name: String, _ kind: Kind = .string, _ summary: String) {
        self.name = name
        self.kind = kind
        self.summary = summary
    }

    package func with(_ change: (inout AttributeDefinition) -> Void) -> AttributeDefinition {
        var copy = self
        change(&copy)
        return copy
    }

    package func part(named name: some StringProtocol) -> AttributeDefinition? { parts.named(name) }

    package var isReadOnly: Bool { mutability == .readOnly }
}

extension [AttributeDefinition] {
    /// Names have no case (RFC 7643, 2.1).
    func named(_ name: some StringProtocol) -> AttributeDefinition? {
        let wanted = name.lowercased()
        return first { $0.name.lowercased() == wanted }
    }
}

/// A schema by its URN.
package struct SchemaDefinition: Sendable, Hashable {
    package let urn: String
    package let name: String
    package let summary: String
    package let attributes: [AttributeDefinition]
}

/// What kind of resource it is: its own schema and those that extend it.
package struct ResourceShape: Sendable {
    package let name: String
    /// Below the base address: `/Users`.
    package let endpoint: String
    package let core: SchemaDefinition
    package let extensions: [SchemaDefinition]

    /// What every resource has (RFC 7643, 3.1); no schema lists these.
    static let common: [AttributeDefinition] = [
        .init("schemas", .reference, "What the resource is made of").with {
            ($0.isMultiValued, $0.mutability, $0.returned, $0.isCaseExact) = (true, .readOnly, .always, true)
        },
        .init("id", .string, "Given by Pulse, never changed").with {
            ($0.mutability, $0.returned, $0.isCaseExact, $0.uniqueness) = (.readOnly, .always, true, .server)
        },
        .init("externalId", .string, "The directory's own name for it").with {
            ($0.isCaseExact, $0.maxBytes) = (true, 256)
        },
        .init("meta", .complex, "When it was made and changed").with {
            $0.mutability = .readOnly
            $0.parts = ["resourceType", "location", "version"].map { name in
                .init(name, .string, name).with { ($0.mutability, $0.isCaseExact) = (.readOnly, true) }
            }
            $0.parts += ["created", "lastModified"].map { name in
                .init(name, .dateTime, name).with { $0.mutability = .readOnly }
            }
        },
    ]

    func attribute(named name: some StringProtocol) -> AttributeDefinition? {
        core.attributes.named(name) ?? Self.common.named(name)
    }

    func schemaExtension(_ urn: some StringProtocol) -> SchemaDefinition? {
        let wanted = urn.lowercased()
        return extensions.first { $0.urn.lowercased() == wanted }
    }
}
