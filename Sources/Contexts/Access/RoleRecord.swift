internal import HTTPKit
internal import JSONKit
internal import Kernel

/// One sentence of a role: allows or denies an action on a resource, perhaps only for some of the inventory.
struct RoleRule: Sendable, Hashable {
    enum Effect: String, Sendable { case allow, deny }

    /// A word of the permission list, or `*`.
    let action: String
    let resource: String
    let effect: Effect
    /// Only for `read:monitoring`.
    let conditions: RoleConditions?

    var pattern: String { "\(action):\(resource)" }

    func matches(_ permission: Permission) -> Bool { permission.patterns.contains(pattern) }

    static func allowing(_ permission: Permission) -> RoleRule {
        RoleRule(action: permission.action, resource: permission.resource, effect: .allow, conditions: nil)
    }
}

/// Which part of the inventory: what stands at one of these sites (if any are named) and has one of these tags (if any
/// are). What has no site fits no list of sites.
struct RoleConditions: Sendable, Hashable {
    let sites: [SiteID]
    let tags: [String]
}

/// A role that an organisation made.
struct RoleRecord: Sendable, Hashable {
    let id: CustomRoleID
    var name: String
    var description: String
    /// Inherits all of its rules, and those of its own parent.
    var parent: CustomRoleID?
    var rules: [RoleRule]
    let createdAt: Timestamp
    var updatedAt: Timestamp
}

extension RoleConditions: JSONEncodable, JSONDecodable {
    init(from reader: inout JSONReader) throws(JSONError) {
        var (sites, tags): ([SiteID], [String]) = ([], [])
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "sites": sites = try reader.decode([SiteID]?.self) ?? []
            case "tags": tags = try reader.decode([String]?.self) ?? []
            default: throw reader.invalid("sites and tags are the conditions there are")
            }
        }
        (self.sites, self.tags) = (sites, tags)
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            if !sites.isEmpty { json.member("sites", sites) }
            if !tags.isEmpty { json.member("tags", tags) }
        }
    }

    static let schema = Schema.object(["sites": .array(.uuid).optional, "tags": .array(.string).optional])
}

extension RoleRule: JSONEncodable, JSONDecodable {
    init(from reader: inout JSONReader) throws(JSONError) {
        var (action, resource, effect): (String?, String?, Effect?) = (nil, nil, nil)
        var conditions: RoleConditions?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "action": action = try reader.string()
            case "resource": resource = try reader.string()
            case "effect":
                let text = try reader.string()
                guard let known = Effect(rawValue: text) else { throw reader.invalid("allow or deny is wanted") }
                effect = known
            case "conditions": conditions = try reader.decode()
            default: try reader.skip()
            }
        }
        self.action = try reader.required("action", action)
        self.resource = try reader.required("resource", resource)
        self.effect = try reader.required("effect", effect)
        self.conditions = conditions
    }

    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("action", action)
            json.member("resource", resource)
            json.member("effect", effect.rawValue)
            json.member("conditions", conditions)
        }
    }

    static let schema = Schema.object([
        "action": .string, "resource": .string, "effect": .enumeration(["allow", "deny"]),
        "conditions": RoleConditions.schema.nullable.optional,
    ]).named("RoleRule")
}

extension RoleRecord: JSONEncodable {
    func encode(to writer: inout JSONWriter) {
        writer.object { json in
            json.member("name", name)
            json.member("description", description)
            json.member("parentId", parent)
            json.member("rules", rules)
        }
    }
}
