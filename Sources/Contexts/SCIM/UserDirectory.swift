internal import Access
internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// What a directory does with its users. Each change, who comes or goes by it and its audit entry are one transaction.
struct UserDirectory: Sendable {
    let context: DirectoryContext
    private let reader = ResourceReader(.user)

    init(_ context: DirectoryContext) { self.context = context }

    // MARK: Reading

    func page(_ query: SearchQuery, in org: OrgID) async throws -> ListedPage {
        try await Listing(
            condition: UserFilter.condition(query.filter), query: query, org: org, database: context.database
        ).page(
            of: UserPages(
                base: context.base, tellsGroups: query.projection.tells("groups") || query.projection.tells("meta")))
    }

    func one(_ id: DirectoryUserID, in org: OrgID) async throws -> ToldResource {
        let answers = try await context.database.batch(
            in: org,
            ["SELECT \(DirectoryUser.columns) FROM scim_users u WHERE u.id = \(id)", UserStore.groups(of: [id])])
        guard let user = try answers[0].first({ try DirectoryUser(&$0) }) else { throw Problem.scimResourceNotFound }
        return user.told(
            groups: try UserStore.readGroups(answers[1], base: context.base)[id], base: context.base)
    }

    // MARK: Changing

    func create(_ body: JSONValue, for request: APIRequest) async throws -> ToldResource {
        let (org, now) = (try request.org(), context.time.now)
        let user = DirectoryUser(try reader.resource(body), at: now)
        let entry = try request.audit(
            .scimUserCreate, of: "scim_user:\(user.id)", before: nil, after: user.audited, at: now)
        do {
            try await context.database.asOrg(org, [UserStore.creation(of: user), entry])
        } catch let error as DatabaseError {
            throw UserStore.refusal(of: error) ?? error
        }
        return user.told(groups: nil, base: context.base)
    }

    func replace(
        _ id: DirectoryUserID, _ body: JSONValue, _ conditions: Conditions, for request: APIRequest
    ) async throws -> ToldResource {
        let members = try reader.resource(body)
        return try await change(id, conditions, for: request) { user, _ throws(Problem) in
            var wanted = members
            // Leaving it out is not saying that somebody shall come back.
            if wanted["active"] == nil { wanted["active"] = user.members["active"] }
            return wanted
        }
    }

    func patch(
        _ id: DirectoryUserID, _ body: JSONValue, _ conditions: Conditions, for request: APIRequest
    ) async throws -> ToldResource {
        let operations = try PatchOperation.all(in: body, of: .user)
        return try await change(id, conditions, for: request) { user, told throws(Problem) in
            try PatchEngine(.user, fixed: told.members).apply(operations, to: user.members)
        }
    }

    func delete(_ id: DirectoryUserID, _ conditions: Conditions, for request: APIRequest) async throws {
        let (org, now) = (try request.org(), context.time.now)
        try await context.database.asOrg(org) { transaction in
            let store = UserStore(transaction)
            let (user, groups) = try await store.held(id, base: context.base)
            try conditions.check(user.told(groups: groups, base: context.base).tag)
            _ = try await UserPresence(org: org, now: now, transaction: transaction).leave(id)
            try await store.delete(id)
            transaction.atCommit(
                try request.audit(
                    .scimUserDelete, of: "scim_user:\(id)", before: user.audited, after: nil, at: now))
        }
    }

    /// What changes nothing keeps its version and leaves no entry, unless somebody had gone astray meanwhile.
    private func change(
        _ id: DirectoryUserID, _ conditions: Conditions, for request: APIRequest,
        _ wanted: (DirectoryUser, ToldResource) throws(Problem) -> Members
    ) async throws -> ToldResource {
        let (org, now, base) = (try request.org(), context.time.now, context.base)
        return try await context.database.asOrg(org) { transaction in
            let store = UserStore(transaction)
            let (before, groups) = try await store.held(id, base: base)
            let told = before.told(groups: groups, base: base)
            try conditions.check(told.tag)
            var user = before
            user.members = try wanted(before, told)
            let isChanged = user.members != before.members
            if isChanged {
                (user.version, user.updatedAt) = (before.version + 1, now)
                try await store.update(user, in: org)
            }
            let hasMoved = try await UserPresence(org: org, now: now, transaction: transaction).settle(user)
            if isChanged || hasMoved {
                transaction.atCommit(
                    try request.audit(
                        .scimUserUpdate, of: "scim_user:\(id)", before: before.audited, after: user.audited, at: now))
            }
            return user.told(groups: groups, base: base)
        }
    }
}

extension DirectoryUser {
    /// Ids and flags; names and addresses stay with the user, where they can be removed.
    fileprivate var audited: JSONValue {
        var told: Members = ["active": .bool(isActive), "version": .integer(Int64(version))]
        if let person { told["userId"] = .string("\(person)") }
        return .object(told)
    }
}
