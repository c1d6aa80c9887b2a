internal import HTTPKit
internal import JSONKit
internal import Kernel

/// A directory's token as its organisation sees it: everything but the token.
struct DirectoryTokenRecord: Sendable {
    let id: DirectoryTokenID
    let name: String
    /// The sign-in provider whose directory it is.
    let provider: String?
    /// The first characters of the token.
    let hint: String
    /// The label of the principal.
    let createdBy: String
    let createdAt: Timestamp
    var expiresAt: Timestamp?
    var replacedBy: DirectoryTokenID?
    var lastUsedAt: Timestamp?
    var lastUsedAddress: String?

    static let schema = Schema.object([
        "id": .uuid, "name": .string(minLength: 1, maxLength: 64), "providerId": .string.optional, "prefix": .string,
        "createdBy": .string, "createdAt": .timestamp, "expiresAt": .timestamp.optional, "replacedBy": .uuid.optional,
        "lastUsedAt": .timestamp.optional, "lastUsedAddress": .string.optional,
    ]).named("DirectoryToken")

    static let example = """
        {"id":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e09","name":"Entra ID","prefix":"psc_AbCd",\
        "createdBy":"user:01935c1e-7d00-7000-8000-000000000002","createdAt":"2026-11-21T09:30:00.000Z"}
        """
}

extension DirectoryTokenRecord: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("id", id)
            json.member("name", name)
            json.member("providerId", provider)
            json.member("prefix", hint)
            json.member("createdBy", createdBy)
            json.member("createdAt", createdAt)
            json.member("expiresAt", expiresAt)
            json.member("replacedBy", replacedBy)
            json.member("lastUsedAt", lastUsedAt)
            json.member("lastUsedAddress", lastUsedAddress)
        }
    }

    /// For the audit trail: what it says on the wire.
    var auditValue: JSONValue? { try? JSONValue(json: json) }
}

/// `{name, providerId?, expiresAt?}`
struct NewDirectoryToken: JSONDecodable {
    private var name = ""
    private var provider: String?
    private var expiresAt: Timestamp?

    init(from reader: inout JSONReader) throws(JSONError) {
        var name: String?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.string()
            case "providerId": provider = try reader.decode()
            case "expiresAt": expiresAt = try reader.decode()
            default: try reader.skip()
            }
        }
        self.name = try reader.required("name", name)
    }

    static let schema = Schema.object([
        "name": .string(minLength: 1, maxLength: 64),
        "providerId": .string(minLength: 1, maxLength: 64).nullable.optional.described(
            "The sign-in provider whose directory it is"),
        "expiresAt": .timestamp.nullable.optional.described("Left out: never"),
    ])

    /// - Throws: 400 naming the field.
    func record(hint: String, by creator: String, at now: Timestamp) throws(Problem) -> DirectoryTokenRecord {
        let name = name.trimmed
        guard (1...64).contains(name.utf8.count), name.isPlainLine else {
            throw .invalidField("name", "one line of 1 to 64 bytes is wanted")
        }
        if let provider {
            guard (1...64).contains(provider.utf8.count), provider.isPlainLine else {
                throw .invalidField("providerId", "one line of 1 to 64 bytes is wanted")
            }
        }
        if let expiresAt {
            guard expiresAt - now >= .seconds(60), expiresAt - now <= .seconds(315_360_000) else {
                throw .invalidField("expiresAt", "a time between a minute and ten years from now is wanted")
            }
        }
        return DirectoryTokenRecord(
            id: .new(at: now), name: name, provider: provider, hint: hint, createdBy: creator, createdAt: now,
            expiresAt: expiresAt)
    }
}
