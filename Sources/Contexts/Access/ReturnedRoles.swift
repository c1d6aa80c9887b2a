package import Kernel
package import Postgres

/// Custom roles that somebody had been given by hand, was parted from, and gets back. What groups come to is not touched.
package struct ReturnedRoles: Sendable {
    private let custom: [CustomRoleID]

    package init(_ custom: [CustomRoleID]) { self.custom = custom }

    /// Roles that are gone meanwhile stay gone; their rules are those of today.
    package func apply(
        to user: UserID, in org: OrgID, by giver: String, at now: Timestamp, _ transaction: Transaction
    ) async throws {
        guard !custom.isEmpty else { return }
        try await transaction.execute(OrgLock.take)
        let answers = try await transaction.batch([RoleStore.roles, RoleStore.member(user)])
        let roles = try answers[0].rows(RoleStore.read)
        guard var member = try answers[1].first(RoleStore.readMember) else { return }
        let room = RoleStore.assignmentLimit - member.mapped.count
        let given = Set(custom).intersection(roles.map(\.id)).subtracting(member.mapped).sorted().prefix(max(0, room))
        let store = RoleStore()
        try await store.assign(Array(given), to: user, in: org, by: giver, at: now, transaction)
        member.assigned = (member.mapped + given).sorted()
        try await store.apply(RoleHouse(roles: roles, members: [member]).effects(of: [member]), in: transaction)
    }
}
