internal import Kernel
internal import Postgres
internal import SCIMKit

/// Filters of users as conditions on their rows (`u`).
enum UserFilter {
    static func condition(_ filter: Filter?) -> FilterCondition { .of(filter, .user, own) }

    private static func own(_ filter: Filter) -> FilterCondition {
        switch filter {
        case .compare(let address, .eq, .text(let text)):
            return switch address.name {
            case "emails.value": .init(sql: hasEmail(text), isExact: true)
            case "groups.value": isIn(text)
            default: .unknown
            }
        case .compare(let address, let comparison, .flag(let flag)) where address.name == "active":
            return .init(sql: "u.is_active = \((comparison == .eq) == flag)", isExact: true)
        case .present(let address) where address.name == "active": return .any
        case .element(let address, let inner):
            guard let value = inner.wantedValue else { return .unknown }
            return switch address.name {
            case "emails": .init(sql: hasEmail(value), isExact: false)
            case "groups": .init(sql: isIn(value).sql, isExact: false)
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

    private static func isIn(_ text: String) -> FilterCondition {
        guard let group = DirectoryGroupID(text) else { return .none }
        return .membership("m.org_id = u.org_id AND m.scim_user_id = u.id", and: "m.group_id = \(group)")
    }
}

/// Reads pages of users.
struct UserPages: ListedResources {
    let base: String
    /// As a version does, which changes with them.
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
