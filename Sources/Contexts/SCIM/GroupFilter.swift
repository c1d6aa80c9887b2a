internal import Kernel
internal import Postgres
internal import SCIMKit

/// Filters of groups as conditions on their rows (`g`). Members are asked about by their id alone.
enum GroupFilter {
    /// - Throws: 400 `scim-invalid-filter`.
    static func condition(_ filter: Filter?) throws(Problem) -> FilterCondition {
        let condition = FilterCondition.of(filter, .group, own)
        // Everything else that a group has is in a column.
        guard condition.isExact else {
            throw .scim(.invalidFilter, "Members of a group are asked about by members.value eq, and nothing else.")
        }
        return condition
    }

    private static func own(_ filter: Filter) -> FilterCondition {
        switch filter {
        case .compare(let address, .eq, .text(let text)) where address.name == "members.value": return holds(text)
        case .present(let address) where ["members", "members.value"].contains(address.name): return .membership(ofThis)
        case .element(let address, .compare(let part, .eq, .text(let text)))
        where address.name == "members" && part.name == "value":
            return holds(text)
        default: return .unknown
        }
    }

    private static let ofThis: SQL = "m.org_id = g.org_id AND m.group_id = g.id"

    private static func holds(_ text: String) -> FilterCondition {
        DirectoryUserID(text).map { .membership(ofThis, and: "m.scim_user_id = \($0)") } ?? .none
    }
}

/// Reads pages of groups.
struct GroupPages: ListedResources {
    /// Members that one page tells.
    static let memberLimit = 50_000

    let base: String
    let tellsMembers: Bool

    var table: SQL { "scim_groups g" }
    var columns: SQL { DirectoryGroup.columns }
    var id: SQL { "g.id" }

    /// - Throws: 400 `scim-too-many`.
    func read(_ answer: ResultSet, in org: OrgID, _ database: Database, tellsAll: Bool) async throws -> [ListedResource]
    {
        let groups = try answer.rows { try DirectoryGroup(&$0) }
        var members: [DirectoryGroupID: [Members]] = [:]
        if tellsMembers, !groups.isEmpty {
            let found = try await database.batch(
                in: org, [GroupStore.members(of: groups.map(\.id), limit: Self.memberLimit)])[0]
            guard found.count <= Self.memberLimit else {
                throw Problem.scim(.tooMany, "Ask for fewer groups, or for excludedAttributes=members.")
            }
            members = try GroupStore.readMembers(found, base: base)
        }
        return groups.map { ($0.id.uuid, $0.told(members: members[$0.id], base: base).members) }
    }
}
