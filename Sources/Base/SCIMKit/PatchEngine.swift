import JSONKit
package import Kernel

/// Carries out a PATCH on the members of a resource. All of it, or nothing: whoever calls keeps the old members.
package struct PatchEngine: Sendable {
    private let reader: ResourceReader
    /// What may not be changed, as it is: naming it unchanged, as Okta does with `id`, is no change.
    private let fixed: Members

    package init(_ shape: ResourceShape, fixed: Members) {
        reader = ResourceReader(shape)
        self.fixed = fixed
    }

    package func apply(_ operations: [PatchOperation], to members: Members) throws(Problem) -> Members {
        var members = members
        for operation in operations { try apply(operation, to: &members) }
        try reader.check(members)
        return members
    }

    private func apply(_ operation: PatchOperation, to members: inout Members) throws(Problem) {
        guard let path = operation.path else { return try applyObject(operation, to: &members) }
        guard let attribute = path.address.attribute else {
            return try applyExtension(operation, path.address.schema ?? "", to: &members)
        }
        guard !path.address.isReadOnly else { throw .scim(.mutability, "“\(path.address.name)” is read-only.") }
        guard let schema = path.address.schema else {
            return try change(attribute, by: operation, path, in: &members)
        }
        var inside = members[schema]?.object ?? [:]
        try change(attribute, by: operation, path, in: &inside)
        members[schema] = inside.isEmpty ? nil : .object(inside)
    }

    // MARK: Without a path

    /// Each member of the value is a path of its own: an attribute, an extension, or as Entra writes `name.givenName`.
    private func applyObject(_ operation: PatchOperation, to members: inout Members) throws(Problem) {
        let named = operation.value?.object ?? [:]
        guard Set(named.keys.map { $0.lowercased() }).count == named.count else {
            throw .scim(.invalidSyntax, "An attribute stands there twice.")
        }
        for (name, value) in named.sorted(by: { $0.key < $1.key }) {
            let path: PatchPath
            do {
                path = try PatchPath(name, of: reader.shape)
            } catch  where error.slug == Problem.scim(.invalidPath, "").slug {
                // As on POST, what the schema does not know is not heard.
                continue
            }
            if path.address.isReadOnly {
                guard isUnchanged(path.address, value) else {
                    throw .scim(.mutability, "“\(path.address.name)” is read-only.")
                }
                continue
            }
            try apply(PatchOperation(operation.verb, path, value), to: &members)
        }
    }

    private func isUnchanged(_ address: AttributeAddress, _ value: JSONValue) -> Bool {
        guard let name = address.attribute?.name, address.part == nil, let present = fixed[name] else { return false }
        if let listed = value.array, let known = present.array { return Set(listed).isSubset(of: known) }
        return value == present
    }

    private func applyExtension(
        _ operation: PatchOperation, _ urn: String, to members: inout Members
    ) throws(Problem) {
        guard let schema = reader.shape.schemaExtension(urn) else { return }
        guard operation.verb != .remove, operation.value != .null else {
            members[schema.urn] = nil
            return
        }
        guard let object = operation.value?.object else { throw .scim(.invalidValue, "\(urn) is an object.") }
        for (name, value) in object.sorted(by: { $0.key < $1.key }) where schema.attributes.named(name) != nil {
            let path = try PatchPath("\(schema.urn):\(name)", of: reader.shape)
            try apply(PatchOperation(operation.verb, path, value), to: &members)
        }
    }

    // MARK: One attribute

    private func change(
        _ attribute: AttributeDefinition, by operation: PatchOperation, _ path: PatchPath, in place: inout Members
    ) throws(Problem) {
        let changed: JSONValue? =
            attribute.isMultiValued
            ? try changedElements(of: attribute, by: operation, path, in: place)
            : try changedValue(of: attribute, by: operation, path, in: place)
        guard changed != nil || !attribute.isRequired else {
            throw .scim(.mutability, "“\(attribute.name)” is required.")
        }
        place[attribute.name] = changed
    }

    private func changedValue(
        of attribute: AttributeDefinition, by operation: PatchOperation, _ path: PatchPath, in place: Members
    ) throws(Problem) -> JSONValue? {
        let sent = operation.verb == .remove ? .null : operation.value ?? .null
        guard let part = path.address.part else {
            guard let value = try reader.element(sent, of: attribute) else { return nil }
            // Parts that are not named stay.
            guard attribute.kind == .complex else { return value }
            return .object((place[attribute.name]?.object ?? [:]).merging(value.object ?? [:]) { $1 })
        }
        var parts = place[attribute.name]?.object ?? [:]
        parts[part.name] = try reader.value(sent, of: part)
        return parts.isEmpty ? nil : .object(parts)
    }

    private func changedElements(
        of attribute: AttributeDefinition, by operation: PatchOperation, _ path: PatchPath, in place: Members
    ) throws(Problem) -> JSONValue? {
        var elements = ElementList(place[attribute.name]?.array ?? [], of: attribute, reader)
        let value = operation.value ?? .null
        switch (operation.verb, path.filter, path.address.part) {
        case (.add, nil, nil): try elements.append(value)
        case (.replace, nil, nil): try elements.replaceAll(value)
        case (.remove, nil, nil): try elements.remove(value)
        case (.remove, let filter, let part): elements.remove(where: filter, part)
        case (let verb, let filter, let part): try elements.set(value, part, where: filter, addsMissing: verb == .add)
        }
        return elements.value
    }
}
