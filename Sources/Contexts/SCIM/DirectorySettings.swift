internal import HTTPKit
internal import JSONKit
internal import Kernel

/// What members of one group are here.
struct GroupMapping: Sendable, Hashable {
    /// The group's name in the directory, which need not have it yet.
    let group: String
    /// One of the two.
    let role: Role?
    let custom: CustomRoleID?

    /// Never owner: that is a person.
    static let roles: [Role] = [.auditor, .viewer, .editor, .admin]

    static let schema = Schema.object([
        "group": .string(minLength: 1, maxLength: 256),
        "role": .enumeration(roles.map(\.rawValue)).optional,
        "roleId": .uuid.optional.described("A custom role, instead of role"),
    ])
}

/// What a directory's people are here.
struct DirectorySettings: Sendable, Hashable {
    /// Of those that no group gives a role.
    var defaultRole = Role.viewer
    var mappings: [GroupMapping] = []

    static let mappingLimit = 200
    static let defaultRoles: [Role] = [.custom] + GroupMapping.roles

    static let requestSchema = Schema.object([
        "defaultRole": .enumeration(defaultRoles.map(\.rawValue)),
        "mappings": .array(GroupMapping.schema, maxItems: mappingLimit),
    ])

    init() {}

    /// - Throws: 400 naming the field.
    init(_ body: JSONValue) throws(Problem) {
        guard let role = body["defaultRole"]?.string.flatMap(Role.init(rawValue:)), Self.defaultRoles.contains(role)
        else {
            throw .invalidField("defaultRole", "one of custom, auditor, viewer, editor and admin is wanted")
        }
        guard let listed = body["mappings"]?.array, listed.count <= Self.mappingLimit else {
            throw .invalidField("mappings", "at most \(Self.mappingLimit) of {group, role} are wanted")
        }
        defaultRole = role
        for one in listed {
            let mapping = try Self.mapping(one)
            guard !mappings.contains(mapping) else { throw .invalidField("mappings", "one of them stands there twice") }
            mappings.append(mapping)
        }
    }

    private static func mapping(_ json: JSONValue) throws(Problem) -> GroupMapping {
        guard let group = json["group"]?.string?.trimmed, (1...256).contains(group.utf8.count), group.isPlainLine else {
            throw .invalidField("mappings", "each wants a group of 1 to 256 bytes")
        }
        switch (json["role"]?.string, json["roleId"]?.string) {
        case (let name?, nil):
            guard let role = Role(rawValue: name), GroupMapping.roles.contains(role) else {
                throw .invalidField("mappings", "a role is auditor, viewer, editor or admin")
            }
            return GroupMapping(group: group, role: role, custom: nil)
        case (nil, let text?):
            guard let id = CustomRoleID(text) else { throw .invalidField("mappings", "roleId is the id of a role") }
            return GroupMapping(group: group, role: nil, custom: id)
        default: throw .invalidField("mappings", "each wants either role or roleId")
        }
    }

    var auditValue: JSONValue {
        .object([
            "defaultRole": .string(defaultRole.rawValue),
            "mappings": .array(
                mappings.map {
                    [
                        "group": .string($0.group),
                        "role": .string($0.role?.rawValue ?? "\($0.custom?.description ?? "")"),
                    ]
                }),
        ])
    }
}

/// The settings, and how the directory does.
struct DirectoryStatus: Sendable, JSONEncodable {
    let settings: DirectorySettings
    let base: String
    let goodTokens: Int
    let users: Int
    let activeUsers: Int
    let groups: Int
    let lastSyncAt: Timestamp?

    static let schema = Schema.object([
        "enabled": .boolean.described("Some token is good"), "baseUrl": .string,
        "defaultRole": .enumeration(DirectorySettings.defaultRoles.map(\.rawValue)),
        "mappings": .array(GroupMapping.schema), "users": .integer(minimum: 0), "activeUsers": .integer(minimum: 0),
        "groups": .integer(minimum: 0), "lastSyncAt": .timestamp.optional,
    ]).named("DirectoryStatus")

    static let example = """
        {"enabled":true,"baseUrl":"https://pulse.example.com/scim/v2","defaultRole":"viewer",\
        "mappings":[{"group":"Pulse Admins","role":"admin"}],"users":120,"activeUsers":118,"groups":4,\
        "lastSyncAt":"2026-11-21T09:30:00.000Z"}
        """

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("enabled", goodTokens > 0)
            json.member("baseUrl", base)
            json.member("defaultRole", settings.defaultRole.rawValue)
            json.array("mappings") { json in
                for mapping in settings.mappings {
                    json.object {
                        $0.member("group", mapping.group)
                        $0.member("role", mapping.role?.rawValue)
                        $0.member("roleId", mapping.custom)
                    }
                }
            }
            json.member("users", users)
            json.member("activeUsers", activeUsers)
            json.member("groups", groups)
            json.member("lastSyncAt", lastSyncAt)
        }
    }
}
