import JSONKit
import Kernel

extension Schema {
    /// The first place where `value` is not of this shape, as one sentence; `nil` when it is. For examples, which must
    /// not promise what the schema does not; formats and patterns are not looked at.
    func mismatch(with value: JSONValue, at path: String = "$") -> String? {
        if value == .null { return isNullable || shape.isAnything ? nil : "\(path) is null" }
        switch (shape, value) {
        case (.anything, _), (.boolean, .bool), (.nothing, _), (.media, _): return nil
        case (.string(_, _, let minLength, let maxLength), .string(let text)):
            let length = text.unicodeScalars.count
            return ((minLength ?? 0)...(maxLength ?? Int.max)).contains(length) ? nil : "\(path) has the wrong length"
        case (.enumeration(let values), .string(let text)):
            return values.contains(text) ? nil : "\(path) is “\(text)”, which is none of its values"
        case (.integer(let minimum, let maximum), .integer(let number)):
            let fits = (Int64(minimum ?? .min)...Int64(maximum ?? .max)).contains(number)
            return fits ? nil : "\(path) is out of range"
        case (.number(let minimum, let maximum), _) where value.double != nil:
            let fits = ((minimum ?? -.infinity)...(maximum ?? .infinity)).contains(value.double ?? 0)
            return fits ? nil : "\(path) is out of range"
        case (.array(let element, let minItems, let maxItems), .array(let values)):
            guard ((minItems ?? 0)...(maxItems ?? Int.max)).contains(values.count) else {
                return "\(path) has the wrong length"
            }
            return values.enumerated().lazy.compactMap { element.mismatch(with: $1, at: "\(path).\($0)") }.first
        case (.object(let properties, let additional), .object(let members)):
            return Self.mismatch(properties, additional, members, path)
        case (.oneOf(let choices), _):
            let fitting = choices.filter { $0.mismatch(with: value) == nil }.count
            return fitting == 1 ? nil : "\(path) fits \(fitting) of the choices instead of one"
        default: return "\(path) is of the wrong type"
        }
    }

    private static func mismatch(
        _ properties: [Property], _ additional: Schema?, _ members: [String: JSONValue], _ path: String
    ) -> String? {
        for property in properties {
            guard let member = members[property.name] else {
                if property.schema.isOptional { continue }
                return "\(path).\(property.name) is missing"
            }
            if let mismatch = property.schema.mismatch(with: member, at: "\(path).\(property.name)") { return mismatch }
        }
        let known = Set(properties.map(\.name))
        for (name, value) in members.sorted(by: { $0.key < $1.key }) where !known.contains(name) {
            guard let additional else { return "\(path).\(name) is not in the schema" }
            if let mismatch = additional.mismatch(with: value, at: "\(path).\(name)") { return mismatch }
        }
        return nil
    }
}

extension Schema.Shape {
    fileprivate var isAnything: Bool { if case .anything = self { true } else { false } }
}
