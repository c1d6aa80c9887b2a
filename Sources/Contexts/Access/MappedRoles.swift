package import Kernel
package import Postgres

/// What a member's groups at an identity provider come to. It is kept apart from what somebody gave them by hand, and both
/// count.
package struct MappedRoles: Sendable {
    /// A built-in role, never owner; `nil`: their groups give none.
    package let role: Role?
    package let custom: [CustomRoleID]

    package init(role: Role?, custom: [CustomRoleID] = []) {
        self.role = role == .owner ? nil : role
        self.custom = custom
    }

    /// Puts this in the place of what was mapped before. Custom roles that are gone, and those beyond the limit of a
    /// member, are left out.
    /// - Parameter mapper: who says so, such as `sso:okta` or `scim`.
    /// - Returns: the built-in role they have after that; `nil` for somebody who is no member.
    package func apply(
        to user: UserID, in org: OrgID, by mapper: String, at now: Timestamp, _ transaction: Transaction
    ) async throws -> Role? {
        try await transaction.execute(OrgLock.take)
        let has = try await transaction.first("SELECT map_member(\(user), \(role?.rawValue), \(mapper))") {
            try $0.next(String?.self)
        }
        guard let has = has.flatMap({ $0 }) else { return nil }
        let answers = try await transaction.batch([RoleStore.roles, RoleStore.member(user)])
        let roles = try answers[0].rows(RoleStore.read)
        guard var member = try answers[1].first(RoleStore.readMember) else { return nil }
        let room = RoleStore.assignmentLimit - member.given.count
        let wanted = Set(custom).intersection(roles.map(\.id)).subtracting(member.given).sorted().prefix(max(0, room))
        if Set(wanted) != Set(member.mapped) {
            let (store, kept) = (RoleStore(), member.given)
            try await store.assign(
                Array(wanted), to: user, in: org, by: mapper, isMapped: true, at: now, transaction)
            (member.assigned, member.mapped) = ((kept + wanted).sorted(), Array(wanted))
            try await store.apply(RoleHouse(roles: roles, members: [member]).effects(of: [member]), in: transaction)
        }
        return Role(rawValue: has)
    }
}
