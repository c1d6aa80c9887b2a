internal import Kernel
internal import Postgres
internal import SCIMKit

/// Filters of users as conditions on their rows (`u`).
enum UserFilter {
    static func condition(_ filter: Filter?) -> FilterCondition {
        filter.map { FilterCondition($0, leaf) } ?? .any
    }

    private static func leaf(_ filter: Filter) -> FilterCondition {
        if let common = FilterCondition.common(filter, table: "u") { return common }
        switch filter {
        case .compare(let address, let comparison, .text(let text)):
            return switch (address.name, comparison) {
            case ("userName", _): .text("u.user_name_key", comparison, text, isFolded: true)
            case ("emails.value", .eq): .init(sql: hasEmail(text), isExact: true)
            case ("groups.value", .eq): .init(sql: isIn(text), isExact: true)
            default: .unknown
            }
        case .compare(let address, let comparison, .flag(let flag)) where address.name == "active":
            return .init(sql: "u.is_active = \((comparison == .eq) == flag)", isExact: true)
        case .present(let address) where ["userName", "active"].contains(address.name): return .any
        case .element(let address, let inner):
            guard let value = inner.wantedValue else { return .unknown }
            return switch address.name {
            case "emails": .init(sql: hasEmail(value), isExact: false)
            case "groups": .init(sql: isIn(value), isExact: false)
            default: .unknown
            }
        default: return .unknown
        }
    }

    private static func hasEmail(_ text: String) -> SQL {
        """
        EXISTS (SELECT FROM scim_emails e
                WHERE e.org_id = u.org_id AND e.scim_user_id = u.id AND e.email_key = \(FilterCondition.folded(text)))
        """
    }

    private static func isIn(_ text: String) -> SQL {
        guard let group = DirectoryGroupID(text) else { return "false" }
        return """
            EXISTS (SELECT FROM scim_group_members m
                    WHERE m.org_id = u.org_id AND m.scim_user_id = u.id AND m.group_id = \(group))
            """
    }
}

/// Reads pages of users.
struct UserPages: ListedResources {
    let base: String
    let tellsGroups: Bool

    var table: SQL { "scim_users u" }
    var columns: SQL { DirectoryUser.columns }
    var id: SQL { "u.id" }

    func read(_ answer: ResultSet, in org: OrgID, _ database: Database, tellsAll: Bool) async throws -> [ListedResource]
    {
        let users = try answer.rows { try DirectoryUser(&$0) }
        var groups: [DirectoryUserID: [Members]] = [:]
        if tellsGroups || tellsAll, !users.isEmpty {
            let found = try await database.batch(in: org, [UserStore.groups(of: users.map(\.id))])
            groups = try UserStore.readGroups(found[0], base: base)
        }
        return users.map { ($0.id.uuid, $0.told(groups: groups[$0.id], base: base).members) }
    }
}
