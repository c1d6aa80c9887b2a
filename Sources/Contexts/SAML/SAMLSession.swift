internal import JSONKit

/// The provider's session that ours came from: what a logout has to name.
package struct SAMLSession: Sendable, Hashable {
    package let name: SAMLName
    package let index: String?

    package init(name: SAMLName, index: String?) {
        self.name = name
        self.index = index
    }

    /// For a column; read again by `init(text:)`.
    package var text: String {
        var members: [String: JSONValue] = ["nameId": .string(name.value), "format": .string(name.format)]
        if let qualifier = name.qualifier { members["qualifier"] = .string(qualifier) }
        if let qualifier = name.spQualifier { members["spQualifier"] = .string(qualifier) }
        if let index { members["index"] = .string(index) }
        var writer = JSONWriter()
        JSONValue.object(members).encode(to: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    package init?(text: String) {
        guard let json = try? JSONValue(json: Array(text.utf8)), let value = json["nameId"]?.string,
            let format = json["format"]?.string
        else { return nil }
        name = SAMLName(
            value: value, format: format, qualifier: json["qualifier"]?.string, spQualifier: json["spQualifier"]?.string
        )
        index = json["index"]?.string
    }
}
