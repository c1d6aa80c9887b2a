internal import Access
internal import FoundationEssentials
internal import Kernel
internal import Postgres

/// What groups come to, for the members behind some users. What was given by hand stays beside it.
struct DirectoryRoles: Sendable {
    static let mapper = "scim"

    let org: OrgID
    let now: Timestamp
    let transaction: Transaction

    private struct Standing {
        let person: UserID
        /// From groups; `nil`: none says anything.
        let mapped: Role?
        let custom: [CustomRoleID]
        /// What they have now by any mapping.
        let had: [CustomRoleID]
        let madeMember: Bool
        let mappedBy: String?

        init(_ row: inout RowReader) throws {
            person = try row.next()
            mapped = try row.next(String?.self).flatMap(Role.init(rawValue:))
            custom = try row.next([UUID].self).map { CustomRoleID($0) }
            had = try row.next([UUID].self).map { CustomRoleID($0) }
            madeMember = try row.next()
            mappedBy = try row.next()
        }
    }

    /// Users who are no members are passed over.
    func settle(_ users: [DirectoryUserID]) async throws {
        guard !users.isEmpty else { return }
        let answers = try await transaction.batch([
            Self.standing(of: users), "SELECT default_role FROM scim_settings",
        ])
        let usual = try answers[1].first { Role(rawValue: try $0.next()) }.flatMap { $0 } ?? .viewer
        var simple: [(person: UserID, role: Role?)] = []
        for one in try answers[0].rows({ try Standing(&$0) }) {
            // Another provider has said more than this directory does.
            if let other = one.mappedBy, other != Self.mapper, one.mapped == nil, one.custom.isEmpty { continue }
            let role = one.mapped ?? (one.madeMember ? usual : nil)
            if Set(one.custom) == Set(one.had) {
                simple.append((one.person, role))
            } else {
                _ = try await MappedRoles(role: role, custom: one.custom).apply(
                    to: one.person, in: org, by: Self.mapper, at: now, transaction)
            }
        }
        try await map(simple)
    }

    /// Everybody at once: a group may have thousands.
    private func map(_ all: [(person: UserID, role: Role?)]) async throws {
        guard !all.isEmpty else { return }
        try await transaction.execute(
            """
            SELECT map_member(p.person, nullif(p.role, ''), \(Self.mapper))
            FROM unnest(\(all.map(\.person)), \(all.map { $0.role?.rawValue ?? "" })) AS p (person, role)
            """)
    }

    private static func standing(of users: [DirectoryUserID]) -> SQL {
        """
        SELECT u.user_id, scim_role(u.id), scim_custom_roles(u.id),
               ARRAY(SELECT r.role_id FROM member_roles r WHERE r.user_id = u.user_id AND r.is_mapped),
               u.made_member, m.mapped_by
        FROM scim_users u JOIN members m ON m.org_id = u.org_id AND m.user_id = u.user_id
        WHERE u.id = ANY (\(users)) ORDER BY u.user_id
        """
    }
}
