internal import HTTPKit
internal import JSONKit
internal import Kernel

/// `{name, description?, parentId?, rules}`
struct RoleRequest: JSONDecodable {
    private let name: String
    private let description: String
    private let parent: CustomRoleID?
    private let rules: [RoleRule]

    init(from reader: inout JSONReader) throws(JSONError) {
        var (name, description, parent): (String?, String, CustomRoleID?) = (nil, "", nil)
        var rules: [RoleRule]?
        try reader.enterObject()
        while let key = try reader.nextKey() {
            switch key {
            case "name": name = try reader.string()
            case "description": description = try reader.decode(String?.self) ?? ""
            case "parentId": parent = try reader.decode()
            case "rules": rules = try reader.decode()
            default: try reader.skip()
            }
        }
        self.name = try reader.required("name", name)
        self.rules = try reader.required("rules", rules)
        (self.description, self.parent) = (description, parent)
    }

    static let schema = Schema.object([
        "name": .string(minLength: 1, maxLength: 64), "description": .string(maxLength: 256).nullable.optional,
        "parentId": .uuid.nullable.optional, "rules": .array(RoleRule.schema, maxItems: 64),
    ])

    static let example = """
        {"name":"Berlin on call","rules":[{"action":"read","resource":"monitoring","effect":"allow",\
        "conditions":{"tags":["berlin"]}}]}
        """

    /// - Throws: 400 naming what is wrong.
    func role(id: CustomRoleID, createdAt: Timestamp, updatedAt: Timestamp) throws(Problem) -> RoleRecord {
        let (name, description) = (name.trimmed, description.trimmed)
        guard (1...64).contains(name.utf8.count), name.isPlainLine else {
            throw .invalidField("name", "one line of 1 to 64 bytes is wanted")
        }
        guard description.utf8.count <= 256, description.isPlainLine else {
            throw .invalidField("description", "one line of at most 256 bytes is wanted")
        }
        guard rules.count <= 64 else { throw .invalidField("rules", "at most 64") }
        for (index, rule) in rules.enumerated() { try rule.validate(at: "rules.\(index)") }
        return RoleRecord(
            id: id, name: name, description: description, parent: parent, rules: rules, createdAt: createdAt,
            updatedAt: updatedAt)
    }
}

extension RoleRule {
    fileprivate func validate(at path: String) throws(Problem) {
        guard Permission.all.contains(where: matches) else {
            throw .invalidField(path, "“\(pattern.prefix(60))” names no permission")
        }
        guard let conditions else { return }
        guard action == "read", resource == "monitoring" else {
            throw .invalidField("\(path).conditions", "only read:monitoring can have conditions")
        }
        guard !conditions.sites.isEmpty || !conditions.tags.isEmpty else {
            throw .invalidField("\(path).conditions", "at least one site or tag is wanted")
        }
        guard conditions.sites.count <= 100, conditions.tags.count <= 100,
            conditions.tags.allSatisfy({ (1...64).contains($0.utf8.count) && $0.isPlainLine })
        else { throw .invalidField("\(path).conditions", "at most 100 sites, and 100 tags of 1 to 64 bytes") }
    }
}
