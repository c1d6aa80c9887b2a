package import JSONKit
package import Kernel

/// What a token or an answer says about somebody, before anybody vouches for it.
package struct ClaimSet: Sendable {
    package let members: [String: JSONValue]

    /// `nil` for what is no JSON object, or one that says something twice.
    package init?(_ bytes: [UInt8]) {
        guard let members = StrictJSON.object(bytes) else { return nil }
        self.members = members
    }

    package subscript(_ name: String) -> JSONValue? { members[name] }

    /// A moment as seconds since 1970, with or without a fraction. What is no time of this era is none.
    package func time(_ name: String) -> Timestamp? {
        guard let seconds = members[name]?.double, seconds >= 0, seconds < 10_000_000_000 else { return nil }
        return Timestamp(milliseconds: Int64(seconds * 1000))
    }

    /// A dotted path leads into objects, unless a claim has that very name.
    package func value(at path: String) -> JSONValue? {
        if let value = members[path] { return value }
        var value: JSONValue? = .object(members)
        for step in path.split(separator: ".") { value = value?[String(step)] }
        return value
    }

    /// One text, or a list of them; what is something else is left out.
    package static func texts(_ value: JSONValue?, most: Int = 200) -> [String] {
        switch value {
        case .string(let text): [text]
        case .array(let all): all.prefix(most).compactMap(\.string)
        default: []
        }
    }
}
