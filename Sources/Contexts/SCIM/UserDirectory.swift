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

    func list(_ query: SearchQuery, in org: OrgID) async throws -> JSONValue {
        try await Listing(
            condition: UserFilter.condition(query.filter), query: query, org: org, database: context.database
        ).response(of: UserPages(base: context.base, tellsGroups: query.projection.tells("groups")))
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
        try await context.database.asOrg(org) { transaction in
            try await UserStore(transaction).insert(user, in: org)
            if user.isActive {
                _ = try await UserPresence(org: org, now: now, transaction: transaction).settle(user)
            }
            transaction.atCommit(
                try request.audit(
                    .scimUserCreate, of: "scim_user:\(user.id)", before: nil, after: user.audited, at: now))
        }
        return user.told(groups: nil, base: context.base)
    }

    func replace(
        _ id: DirectoryUserID, _ body: JSONValue, _ conditions: Conditions, for request: APIRequest
    ) async throws -> ToldResource {
        let members = try reader.resource(body)
        return try await change(id, conditions, for: request) { user throws(Problem) in
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
        return try await change(id, conditions, for: request) { [base = context.base] user throws(Problem) in
            let fixed = user.told(groups: nil, base: base).members
            return try PatchEngine(.user, fixed: fixed).apply(operations, to: user.members)
        }
    }

    func delete(_ id: DirectoryUserID, _ conditions: Conditions, for request: APIRequest) async throws {
        let (org, now) = (try request.org(), context.time.now)
        try await context.database.asOrg(org) { transaction in
            let store = UserStore(transaction)
            let user = try await store.held(id)
            try conditions.check(user.version)
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
        _ wanted: (DirectoryUser) throws(Problem) -> Members
    ) async throws -> ToldResource {
        let (org, now, base) = (try request.org(), context.time.now, context.base)
        return try await context.database.asOrg(org) { transaction in
            let store = UserStore(transaction)
            let before = try await store.held(id)
            try conditions.check(before.version)
            var user = before
            user.members = try wanted(before)
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
            let groups = try UserStore.readGroups(
                try await transaction.batch([UserStore.groups(of: [id])])[0], base: base)
            return user.told(groups: groups[id], base: base)
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
