internal import FoundationEssentials
internal import JSONKit
internal import Kernel

/// What a person wrote about one thing. Plain values and their rules.
struct Annotation: Sendable, Hashable {
    var customURL: String?
    var notes: String?
    /// Lower case, each once, in order.
    var tags: [String] = []

    static let urlBytes = 2048
    static let notesBytes = 16 * 1024
    static let tagCount = 16
    static let tagBytes = 64

    var isEmpty: Bool { customURL == nil && notes == nil && tags.isEmpty }

    init() {}

    /// All of it anew: a member that is absent, null or empty is taken away.
    init(_ json: JSONValue) throws(Problem) {
        guard let members = json.object else { throw .invalidField("", "an object is wanted") }
        for name in members.keys.sorted() where !["customUrl", "notes", "tags"].contains(name) {
            throw .invalidField(name, "customUrl, notes and tags are what there is")
        }
        customURL = try Self.url(members["customUrl"])
        notes = try Self.notes(members["notes"])
        tags = try Self.tags(members["tags"])
    }

    private static func text(_ value: JSONValue?, _ field: String) throws(Problem) -> String? {
        switch value {
        case nil, .null: return nil
        case .string(let text): return text.trimmed.isEmpty ? nil : text
        default: throw .invalidField(field, "text is wanted")
        }
    }

    /// An address that a person may be sent to by a click: a web page, and none with a password in it.
    private static func url(_ value: JSONValue?) throws(Problem) -> String? {
        guard let text = try text(value, "customUrl")?.trimmed else { return nil }
        guard text.utf8.count <= urlBytes, text.isPlainLine, !text.contains(" "), let url = URL(string: text),
            ["http", "https"].contains(url.scheme?.lowercased() ?? ""), url.host?.isEmpty == false
        else { throw .invalidField("customUrl", "an address that begins with https:// or http:// is wanted") }
        guard url.user == nil, url.password == nil else {
            throw .invalidField("customUrl", "leave user and password out: everybody who looks sees the address")
        }
        return text
    }

    /// Lines and tabs are part of what people write; other control characters are none.
    private static func notes(_ value: JSONValue?) throws(Problem) -> String? {
        guard let text = try text(value, "notes") else { return nil }
        guard text.utf8.count <= notesBytes else { throw .invalidField("notes", "at most \(notesBytes) bytes") }
        let isClean = text.unicodeScalars.allSatisfy {
            $0.value >= 0x20 && $0.value != 0x7F || "\n\r\t".unicodeScalars.contains($0)
        }
        guard isClean else { throw .invalidField("notes", "contains control characters") }
        return text
    }

    private static func tags(_ value: JSONValue?) throws(Problem) -> [String] {
        switch value {
        case nil, .null: return []
        case .array(let elements):
            var tags: Set<String> = []
            for (index, element) in elements.enumerated() {
                guard let tag = element.string?.trimmed.lowercased(), !tag.isEmpty, tag.utf8.count <= tagBytes,
                    tag.isPlainLine
                else { throw .invalidField("tags.\(index)", "one line of 1 to \(tagBytes) bytes is wanted") }
                tags.insert(tag)
            }
            guard tags.count <= tagCount else { throw .invalidField("tags", "at most \(tagCount) tags") }
            return tags.sorted()
        default: throw .invalidField("tags", "a list is wanted")
        }
    }

    /// What the audit trail keeps: that notes were changed, not what they say.
    var told: JSONValue {
        .object([
            "customUrl": customURL.map { .string($0) } ?? .null, "tags": .array(tags.map { .string($0) }),
            "notesBytes": .integer(Int64(notes?.utf8.count ?? 0)),
        ])
    }
}
