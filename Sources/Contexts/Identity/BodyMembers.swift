package import JSONKit
package import Kernel

/// The text and boolean members of a small object, for bodies that hold secrets; what is not asked for is skipped.
package struct BodyMembers: JSONDecodable {
    private var texts: [String: Secret<String>] = [:]
    private var flags: [String: Bool] = [:]
    private var others: Set<String> = []

    package init(from reader: inout JSONReader) throws(JSONError) {
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch reader.peek() {
            case .string: texts[key.description] = Secret(try reader.string())
            case .bool: flags[key.description] = try reader.bool()
            case .null: try reader.skip()
            default:
                others.insert(key.description)
                try reader.skip()
            }
        }
    }

    /// - Throws: 400 `invalid-field` when it is missing or no text.
    package func text(_ name: String) throws(Problem) -> Secret<String> {
        guard let text = texts[name] else { throw .invalidField(name, "text is wanted") }
        return text
    }

    /// `nil` when it is missing or null.
    package func optionalText(_ name: String) throws(Problem) -> Secret<String>? {
        guard !others.contains(name), flags[name] == nil else { throw .invalidField(name, "text is wanted") }
        return texts[name]
    }

    package func flag(_ name: String) throws(Problem) -> Bool {
        guard let flag = flags[name] else { throw .invalidField(name, "true or false is wanted") }
        return flag
    }

    package func optionalFlag(_ name: String) throws(Problem) -> Bool {
        guard !others.contains(name), texts[name] == nil else { throw .invalidField(name, "true or false is wanted") }
        return flags[name] ?? false
    }
}
