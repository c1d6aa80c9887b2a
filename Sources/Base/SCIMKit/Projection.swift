import JSONKit
package import Kernel

/// Which attributes of a resource are told (RFC 7644, 3.9).
package struct Projection: Sendable {
    private let wanted: [AttributeAddress]?
    private let unwanted: [AttributeAddress]

    /// All that is told when nothing is said.
    package static let usual = Projection(wanted: nil, unwanted: [])

    private init(wanted: [AttributeAddress]?, unwanted: [AttributeAddress]) {
        (self.wanted, self.unwanted) = (wanted, unwanted)
    }

    /// - Parameters: lists with commas; names that no schema has mean nothing.
    /// - Throws: 400 `scim-invalid-value` for lists that are too long.
    package init(attributes: String?, excluded: String?, of shape: ResourceShape) throws(Problem) {
        wanted = try attributes.flatMap { $0.isEmpty ? nil : $0 }.map { (list) throws(Problem) in
            try Self.addresses(list, shape)
        }
        unwanted = try excluded.map { (list) throws(Problem) in try Self.addresses(list, shape) } ?? []
    }

    private static func addresses(_ list: String, _ shape: ResourceShape) throws(Problem) -> [AttributeAddress] {
        let names = list.split(separator: ",").map(\.trimmed)
        guard names.count <= Bounds.projectedAttributes, list.utf8.count <= Bounds.filterBytes else {
            throw .scim(.invalidValue, "At most \(Bounds.projectedAttributes) attributes can be named.")
        }
        let scope = AttributeScope.resource(shape)
        return names.compactMap { scope.address($0) }
    }

    /// Whether an attribute that is costly to find out will be told at all.
    package func tells(_ name: String) -> Bool {
        let isNamed = { (list: [AttributeAddress], whole: Bool) in
            list.contains { $0.schema == nil && $0.attribute?.name == name && (!whole || $0.part == nil) }
        }
        return wanted.map { isNamed($0, false) } ?? !isNamed(unwanted, true)
    }

    package func apply(to resource: Members) -> Members {
        var told = resource
        if let wanted {
            told = resource.filter { Self.always.contains($0.key) }
            for address in wanted { Self.copy(address, from: resource, to: &told) }
        }
        for address in unwanted where address.schema != nil || !Self.always.contains(address.attribute?.name ?? "") {
            Self.drop(address, from: &told)
        }
        return told
    }

    private static let always = Set(ResourceShape.common.filter { $0.returned == .always }.map(\.name))

    private static func copy(_ address: AttributeAddress, from source: Members, to target: inout Members) {
        guard let schema = address.schema else { return copyInside(address, from: source, to: &target) }
        guard let inside = source[schema]?.object else { return }
        guard address.attribute != nil else {
            target[schema] = .object(inside)
            return
        }
        var told = target[schema]?.object ?? [:]
        copyInside(address, from: inside, to: &told)
        if !told.isEmpty { target[schema] = .object(told) }
    }

    private static func copyInside(_ address: AttributeAddress, from source: Members, to target: inout Members) {
        guard let name = address.attribute?.name, let value = source[name] else { return }
        guard let part = address.part?.name else {
            target[name] = value
            return
        }
        switch (value, target[name]) {
        case (.array(let elements), let told):
            let before = told?.array ?? elements.map { _ in .object([:]) }
            target[name] = .array(zip(elements, before).map { $1.with(part, $0[part]) })
        default: target[name] = (target[name] ?? .object([:])).with(part, value[part])
        }
    }

    private static func drop(_ address: AttributeAddress, from resource: inout Members) {
        if let schema = address.schema {
            guard let name = address.attribute?.name else {
                resource[schema] = nil
                return
            }
            guard var inside = resource[schema]?.object else { return }
            drop(name, address.part?.name, from: &inside)
            resource[schema] = inside.isEmpty ? nil : .object(inside)
        } else if let name = address.attribute?.name {
            drop(name, address.part?.name, from: &resource)
        }
    }

    private static func drop(_ name: String, _ part: String?, from members: inout Members) {
        guard let part, let value = members[name] else {
            members[name] = nil
            return
        }
        members[name] =
            if let elements = value.array { .array(elements.map { $0.with(part, nil) }) } else { value.with(part, nil) }
    }
}

extension JSONValue {
    /// The same object with one member set, or taken away.
    fileprivate func with(_ name: String, _ value: JSONValue?) -> JSONValue {
        guard case .object(var members) = self else { return self }
        members[name] = value
        return .object(members)
    }
}
