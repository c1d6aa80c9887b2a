internal import Access
internal import Audit
internal import HTTPKit
internal import Identity
internal import JSONKit
internal import Kernel
internal import Postgres

/// Who belongs to an organisation, and as what. The rules that must hold between two changes at once are the database's;
/// here is what one request must bring.
struct Members: Sendable {
    let database: Database
    let time: any TimeSource
    let store: MemberStore

    init(_ context: IdentityContext) {
        database = context.database
        time = context.time
        store = MemberStore(database: context.database)
    }

    /// Making an owner takes a fresh session; a stolen browser must not be enough.
    func change(_ user: UserID, to role: Role, action: AuditAction, for request: APIRequest) async throws -> Member {
        let (actor, _, org) = try request.member()
        return try await database.asOrg(org) { transaction in
            let now = time.now
            if role == .owner { try await transaction.requireFreshSession(request, at: now) }
            let before = try await store.change(user, to: role, by: actor, at: now, in: transaction)
            transaction.atCommit(
                try request.audit(
                    action, of: "user:\(user)", before: ["role": .string(before)],
                    after: ["role": .string(role.rawValue)], at: now))
            guard let member = try await store.member(user, in: transaction) else { throw Problem.memberNotFound }
            return member
        }
    }

    func remove(_ user: UserID, for request: APIRequest) async throws {
        let (actor, _, org) = try request.member()
        try await database.asOrg(org) { transaction in
            let now = time.now
            let before = try await store.remove(user, by: actor, at: now, in: transaction)
            transaction.atCommit(
                try request.audit(
                    .memberRemove, of: "user:\(user)", before: ["role": .string(before)], after: nil, at: now))
        }
    }

    /// Needs no permission: whoever is in may go, unless nobody would be left to own the place.
    func leave(for request: APIRequest) async throws {
        let actor = try request.caller().person().user
        guard let org = request.parameters["id"].flatMap({ OrgID($0) }) else { throw Problem.organisationNotFound }
        try await database.asOrg(org) { transaction in
            let now = time.now
            try await store.leave(actor, at: now, in: transaction)
            let before = try request.caller().role.map { JSONValue.object(["role": .string($0.rawValue)]) }
            transaction.atCommit(
                try request.audit(.memberLeave, of: "user:\(actor)", before: before, after: nil, at: now))
        }
    }

    /// The caller becomes admin, the member becomes owner.
    func transfer(
        to user: UserID, action: AuditAction = .ownershipTransfer, for request: APIRequest
    ) async throws -> Member {
        let (actor, _, org) = try request.member()
        return try await database.asOrg(org) { transaction in
            let now = time.now
            try await transaction.requireFreshSession(request, at: now)
            try await store.transfer(to: user, by: actor, in: transaction)
            transaction.atCommit(
                try request.audit(
                    action, of: "user:\(user)", before: ["owner": .string("\(actor)")],
                    after: ["owner": .string("\(user)")], at: now))
            guard let member = try await store.member(user, in: transaction) else { throw Problem.memberNotFound }
            return member
        }
    }

    /// The member that a request names by id or by address.
    func find(_ wanted: MemberRequest, in org: OrgID) async throws -> Member? {
        try await database.asOrg(org) { transaction in
            if let user = wanted.user { return try await store.member(user, in: transaction) }
            guard let email = wanted.email else { return nil }
            return try await store.member(email: email, in: transaction)
        }
    }
}
