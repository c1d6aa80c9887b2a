internal import Access
internal import FoundationEssentials
internal import Kernel
internal import Postgres
internal import SCIMKit

/// Makes of a user what the directory says: a member of the organisation, or none.
struct UserPresence: Sendable {
    let org: OrgID
    let now: Timestamp
    let transaction: Transaction

    /// - Returns: whether somebody came or went.
    /// - Throws: 409 `scim-uniqueness` for somebody who is another user already, `scim-last-owner`.
    func settle(_ user: DirectoryUser) async throws -> Bool {
        user.isActive ? try await join(user) : try await leave(user.id)
    }

    private func join(_ user: DirectoryUser) async throws -> Bool {
        let mail = user.email
        let answer = try await transaction.first(
            """
            SELECT outcome, user_id, kept_roles, has_custom
            FROM scim_join(\(user.id), \(mail?.text ?? ""), \(mail?.key ?? ""), \(user.shownName),
                           \(UserID.new(at: now)), \(now))
            """
        ) { row in
            (
                outcome: try row.next(String.self), person: try row.next(UserID?.self),
                kept: try row.next([UUID]?.self), hasCustom: try row.next(Bool?.self) ?? false
            )
        }
        guard let answer, answer.outcome != "taken", let person = answer.person else { throw Problem.personTaken }
        guard answer.outcome == "ok" else { return false }
        let kept = (answer.kept ?? []).map { CustomRoleID($0) }
        try await ReturnedRoles(kept).apply(to: person, in: org, by: "scim", at: now, transaction)
        // The built-in role they have already.
        if answer.hasCustom { try await DirectoryRoles(org: org, now: now, transaction: transaction).settle([user.id]) }
        return true
    }

    /// - Throws: 409 `scim-last-owner`.
    func leave(_ id: DirectoryUserID) async throws -> Bool {
        let outcome = try await transaction.first("SELECT scim_leave(\(id), \(now))") { try $0.next(String.self) }
        guard outcome != "last-owner" else { throw Problem.directoryLastOwner }
        return outcome == "ok"
    }
}
