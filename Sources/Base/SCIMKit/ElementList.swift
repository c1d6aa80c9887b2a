import JSONKit
import Kernel

/// The values of a multi-valued attribute while they are changed. At most one of them is the primary one: the one that was
/// made so last.
struct ElementList {
    private var elements: [JSONValue]
    private let attribute: AttributeDefinition
    private let reader: ResourceReader

    init(_ elements: [JSONValue], of attribute: AttributeDefinition, _ reader: ResourceReader) {
        self.elements = elements
        self.attribute = attribute
        self.reader = reader
    }

    var value: JSONValue? { elements.isEmpty ? nil : .array(elements) }

    mutating func append(_ value: JSONValue) throws(Problem) {
        for element in try reader.elements(value, of: attribute) where !elements.contains(element) {
            elements.append(element)
            makePrimary(elements.count - 1)
        }
        try checkCount()
    }

    mutating func replaceAll(_ value: JSONValue) throws(Problem) {
        elements = value == .null ? [] : try reader.elements(value, of: attribute)
    }

    /// All, or as Entra asks, those that are named by their value.
    mutating func remove(_ value: JSONValue) throws(Problem) {
        guard value != .null else {
            elements = []
            return
        }
        let named = try reader.elements(value, of: attribute).map { $0["value"] ?? $0 }
        elements.removeAll { named.contains($0["value"] ?? $0) }
    }

    /// The elements, or one part of each. What is not there is as gone as it can be.
    mutating func remove(where filter: Filter?, _ part: AttributeDefinition?) {
        guard let part else {
            elements.removeAll { Self.fits($0, filter) }
            return
        }
        elements = elements.compactMap { element in
            guard Self.fits(element, filter), var parts = element.object else { return element }
            parts[part.name] = nil
            return parts.isEmpty ? nil : .object(parts)
        }
    }

    /// - Parameter addsMissing: where nothing fits the filter, an element that does is added: Entra fills in
    ///   `emails[type eq "work"].value` so. Otherwise there is no target (RFC 7644, 3.5.2.3).
    mutating func set(
        _ value: JSONValue, _ part: AttributeDefinition?, where filter: Filter?, addsMissing: Bool
    ) throws(Problem) {
        guard value != .null else { return remove(where: filter, part) }
        let parts = try parts(from: value, part)
        var found = elements.indices.filter { Self.fits(elements[$0], filter) }
        if found.isEmpty {
            guard addsMissing, let template = filter.map(\.template) ?? [:] else {
                throw .scim(.noTarget, "No value of “\(attribute.name)” fits.")
            }
            elements.append(.object(template))
            found = [elements.count - 1]
            try checkCount()
        }
        for index in found {
            let kept = part != nil || addsMissing ? elements[index].object ?? [:] : [:]
            elements[index] = .object(kept.merging(parts) { $1 })
            makePrimary(index)
        }
    }

    private func parts(from value: JSONValue, _ part: AttributeDefinition?) throws(Problem) -> Members {
        guard let part else {
            guard let parts = try reader.element(value, of: attribute)?.object else {
                throw .scim(.invalidValue, "“\(attribute.name)” wants an object.")
            }
            return parts
        }
        return try reader.value(value, of: part).map { [part.name: $0] } ?? [:]
    }

    private mutating func makePrimary(_ chosen: Int) {
        guard elements[chosen]["primary"] == true else { return }
        for index in elements.indices where index != chosen && elements[index]["primary"] == true {
            var parts = elements[index].object ?? [:]
            parts["primary"] = false
            elements[index] = .object(parts)
        }
    }

    private func checkCount() throws(Problem) {
        guard elements.count <= Bounds.elements else {
            throw .scim(.invalidValue, "“\(attribute.name)” has at most \(Bounds.elements) values.")
        }
    }

    private static func fits(_ element: JSONValue, _ filter: Filter?) -> Bool {
        guard let filter else { return true }
        return filter.matches(element.object ?? ["value": element])
    }
}
