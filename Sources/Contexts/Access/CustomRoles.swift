internal import Audit
internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres

/// What is done with roles. Whoever changes a role or gives one holds everything it speaks of, allowed or denied: taking
/// a denial away is giving, too. Nobody changes what they have themselves.
struct CustomRoles: Sendable {
    private let database: Database
    private let time: any TimeSource
    private let store = RoleStore()

    init(database: Database, time: any TimeSource) {
        self.database = database
        self.time = time
    }

    // MARK: Reading

    func all(in org: OrgID) async throws -> (roles: [RoleRecord], counts: [String: Int]) {
        let answers = try await database.batch(in: org, [RoleStore.roles, RoleStore.counts])
        let counts = try answers[1].rows { (try $0.next(String.self), try $0.next(Int.self)) }
        return (try answers[0].rows(RoleStore.read), Dictionary(uniqueKeysWithValues: counts))
    }

    /// - Throws: 404 `member-not-found`.
    func member(
        _ user: UserID, in org: OrgID
    ) async throws -> (member: RoleStore.Member, roles: [RoleRecord]) {
        let answers = try await database.batch(in: org, [RoleStore.member(user), RoleStore.roles])
        guard let member = try answers[0].first(RoleStore.readMember) else { throw Problem.memberNotFound }
        return (member, try answers[1].rows(RoleStore.read))
    }

    // MARK: Roles

    func create(_ body: RoleRequest, for request: APIRequest) async throws -> RoleRecord {
        let now = time.now
        let role = try body.role(id: .new(at: now), createdAt: now, updatedAt: now)
        let entry = try request.audit(
            .roleCreate, of: "role:\(role.id)", before: nil, after: role.auditValue, at: now)
        return try await change(request) { house, transaction, org in
            guard house.roles.count < RoleStore.roleLimit else { throw Problem.roleLimit }
            try house.check(role)
            let after = house.with(role)
            try after.mayTouch(role.id, try request.caller())
            try await store.insert(role, in: org, transaction)
            transaction.atCommit(entry)
            return role
        }
    }

    func replace(_ id: CustomRoleID, _ body: RoleRequest, for request: APIRequest) async throws -> RoleRecord {
        let now = time.now
        return try await change(request) { house, transaction, _ in
            let before = try house.role(id)
            let role = try body.role(id: id, createdAt: before.createdAt, updatedAt: now)
            try house.check(role)
            let caller = try request.caller()
            let after = house.with(role)
            try house.mayTouch(id, caller)
            try after.mayTouch(id, caller)
            try await store.update(role, in: transaction)
            try await store.apply(after.effects(of: house.holders(of: id)), in: transaction)
            transaction.atCommit(
                try request.audit(
                    .roleUpdate, of: "role:\(id)", before: before.auditValue, after: role.auditValue, at: now))
            return role
        }
    }

    func delete(_ id: CustomRoleID, for request: APIRequest) async throws {
        try await change(request) { house, transaction, _ in
            let before = try house.role(id)
            guard !house.roles.contains(where: { $0.parent == id }) else { throw Problem.roleInUse }
            try house.mayTouch(id, try request.caller())
            try await store.delete(id, in: transaction)
            let after = house.without(id)
            try await store.apply(after.effects(of: house.holders(of: id).map(\.user)), in: transaction)
            transaction.atCommit(
                try request.audit(
                    .roleDelete, of: "role:\(id)", before: before.auditValue, after: nil, at: time.now))
        }
    }

    // MARK: Members

    func assign(_ ids: [CustomRoleID], to user: UserID, for request: APIRequest) async throws -> RoleStore.Member {
        let now = time.now
        let wanted = Array(Set(ids)).sorted()
        guard wanted.count <= RoleStore.assignmentLimit else {
            throw Problem.invalidField("roleIds", "at most \(RoleStore.assignmentLimit) roles a member")
        }
        return try await change(request) { house, transaction, org in
            guard var member = try await transaction.first(RoleStore.member(user), RoleStore.readMember) else {
                throw Problem.memberNotFound
            }
            let caller = try request.caller()
            guard user != caller.user else { throw Problem.selfModificationDenied }
            for id in wanted { _ = try house.role(id) }
            try house.mayGive(Set(wanted).symmetricDifference(member.given), to: member, caller)
            try await store.assign(
                wanted, to: user, in: org, by: caller.principal.label, at: now, transaction)
            let before = JSONValue.object(["roleIds": .array(member.given.map { .string("\($0)") })])
            member.assigned = Array(Set(wanted).union(member.mapped)).sorted()
            try await store.apply(house.effects(of: [member]), in: transaction)
            let after = JSONValue.object(["roleIds": .array(wanted.map { .string("\($0)") })])
            transaction.atCommit(
                try request.audit(.memberAssign, of: "user:\(user)", before: before, after: after, at: now))
            return member
        }
    }

    /// One change at a time in an organisation, on what was last committed.
    private func change<Answer>(
        _ request: APIRequest, _ body: (RoleHouse, Transaction, OrgID) async throws -> Answer
    ) async throws -> Answer {
        let org = try request.org()
        return try await database.asOrg(org) { transaction in
            try await transaction.execute(OrgLock.take)
            let answers = try await transaction.batch([RoleStore.roles, RoleStore.assigned])
            let house = RoleHouse(
                roles: try answers[0].rows(RoleStore.read), members: try answers[1].rows(RoleStore.readMember))
            return try await body(house, transaction, org)
        }
    }
}
