internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// What a directory does with its groups. What its members are by it here changes in the same transaction.
struct GroupDirectory: Sendable {
    let context: DirectoryContext
    private let reader = ResourceReader(.group)

    init(_ context: DirectoryContext) { self.context = context }

    // MARK: Reading

    func page(_ query: SearchQuery, in org: OrgID) async throws -> ListedPage {
        try await Listing(
            condition: try GroupFilter.condition(query.filter), query: query, org: org, database: context.database
        ).page(of: GroupPages(base: context.base, tellsMembers: query.projection.tells("members")))
    }

    func one(_ id: DirectoryGroupID, _ projection: Projection, in org: OrgID) async throws -> ToldResource {
        let wanted = projection.tells("members") ? [id] : []
        let answers = try await context.database.batch(
            in: org,
            [
                "SELECT \(DirectoryGroup.columns) FROM scim_groups g WHERE g.id = \(id)",
                GroupStore.members(of: wanted, limit: Bounds.groupMembers),
            ])
        guard let group = try answers[0].first({ try DirectoryGroup(&$0) }) else { throw Problem.scimResourceNotFound }
        return group.told(
            members: try GroupStore.readMembers(answers[1], base: context.base)[id], base: context.base)
    }

    /// Has more members than are told without being asked for.
    func isLarge(_ id: DirectoryGroupID, in org: OrgID) async throws -> Bool {
        let found = try await context.database.first(
            in: org, "SELECT 1 FROM scim_group_members WHERE group_id = \(id) OFFSET 500 LIMIT 1"
        ) { try $0.next(Int32.self) }
        return found != nil
    }

    // MARK: Changing

    func create(_ body: JSONValue, for request: APIRequest) async throws -> DirectoryGroup {
        let (org, now) = (try request.org(), context.time.now)
        let (written, members) = try read(body)
        let group = DirectoryGroup(written, at: now)
        try await context.database.asOrg(org) { transaction in
            let store = GroupStore(transaction, in: org)
            try await store.insert(group)
            let added = try await store.add(members, to: group.id)
            if try await store.isMapped([group.displayName]) {
                try await DirectoryRoles(org: org, now: now, transaction: transaction).settle(added)
            }
            transaction.atCommit(
                try request.audit(
                    .scimGroupCreate, of: "scim_group:\(group.id)", before: nil,
                    after: ["memberCount": .integer(Int64(added.count))], at: now))
        }
        return group
    }

    func replace(
        _ id: DirectoryGroupID, _ body: JSONValue, _ conditions: Conditions, for request: APIRequest
    ) async throws -> DirectoryGroup {
        let (written, members) = try read(body)
        return try await change(id, conditions, [.replace(members)], for: request) { _ throws(Problem) in written }
    }

    func patch(
        _ id: DirectoryGroupID, _ body: JSONValue, _ conditions: Conditions, for request: APIRequest
    ) async throws -> DirectoryGroup {
        let (changes, rest) = try MemberChange.split(try PatchOperation.all(in: body, of: .group))
        return try await change(id, conditions, changes, for: request) { [base = context.base] group throws(Problem) in
            try PatchEngine(.group, fixed: group.told(members: nil, base: base).members)
                .apply(rest, to: group.written)
        }
    }

    func delete(_ id: DirectoryGroupID, _ conditions: Conditions, for request: APIRequest) async throws {
        let (org, now) = (try request.org(), context.time.now)
        try await context.database.asOrg(org) { transaction in
            let store = GroupStore(transaction, in: org)
            let group = try await store.held(id)
            try conditions.check(group.tag)
            let isMapped = try await store.isMapped([group.displayName])
            let members = isMapped ? try await store.memberIDs(of: id) : []
            try await store.delete(id)
            try await DirectoryRoles(org: org, now: now, transaction: transaction).settle(members)
            transaction.atCommit(try request.audit(.scimGroupDelete, of: "scim_group:\(id)", at: now))
        }
    }

    /// Members come apart from the rest: there may be thousands.
    private func read(_ body: JSONValue) throws(Problem) -> (written: Members, members: [String]) {
        guard var object = body.object else { throw .scim(.invalidSyntax, "An object is wanted.") }
        let named = object.keys.filter { $0.lowercased() == "members" }
        guard named.count <= 1 else { throw .scim(.invalidSyntax, "“members” stands there twice.") }
        guard let name = named.first, let members = object.removeValue(forKey: name) else {
            return (try reader.resource(.object(object)), [])
        }
        return (try reader.resource(.object(object)), try MemberChange.ids(in: members))
    }

    private func change(
        _ id: DirectoryGroupID, _ conditions: Conditions, _ changes: [MemberChange], for request: APIRequest,
        _ wanted: (DirectoryGroup) throws(Problem) -> Members
    ) async throws -> DirectoryGroup {
        let (org, now) = (try request.org(), context.time.now)
        return try await context.database.asOrg(org) { transaction in
            let store = GroupStore(transaction, in: org)
            let before = try await store.held(id)
            try conditions.check(before.tag)
            var group = before
            group.written = try wanted(before)
            let moved = try await GroupMoves(store: store, group: id, base: context.base).make(changes)
            guard group.written != before.written || !moved.isEmpty else { return before }
            (group.version, group.updatedAt) = (before.version + 1, now)
            try await store.update(group)
            if try await store.isMapped([before.displayName, group.displayName]) {
                let isRenamed = before.displayName != group.displayName
                let affected = isRenamed ? moved.union(try await store.memberIDs(of: id)) : moved
                try await DirectoryRoles(org: org, now: now, transaction: transaction).settle(affected.sorted())
            }
            transaction.atCommit(
                try request.audit(
                    .scimGroupUpdate, of: "scim_group:\(id)", before: ["version": .integer(Int64(before.version))],
                    after: [
                        "version": .integer(Int64(group.version)), "movedCount": .integer(Int64(moved.count)),
                    ], at: now))
            return group
        }
    }
}
