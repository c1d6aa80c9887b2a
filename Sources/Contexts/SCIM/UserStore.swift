internal import FoundationEssentials
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// The rows of users. All of it runs in a transaction of the organisation.
struct UserStore: Sendable {
    private let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// Makes the user, and the member that an active one is. Fails as `refusal(of:)` understands.
    static func creation(of user: DirectoryUser) -> SQL {
        let mail = user.email
        return """
            SELECT scim_create(\(user.id), \(user.userName.directoryKey), \(user.externalID), \(user.isActive),
                               \(user.resource), \(user.emailKeys), \(mail?.text ?? ""), \(mail?.key ?? ""),
                               \(user.shownName), \(UserID.new(at: user.createdAt)), \(user.createdAt))
            """
    }

    /// - Returns: 409 `scim-uniqueness` where that is what the database says; `nil` for everything else.
    static func refusal(of error: DatabaseError) -> Problem? {
        guard case .server(let error) = error, error.state == SQLState.uniqueViolation else { return nil }
        return switch error.constraint {
        case "scim_users_name": .userNameTaken
        case "scim_users_person": .personTaken
        default: nil
        }
    }

    /// The user with their groups, held until the transaction ends: nobody puts them into a group meanwhile, or out of one.
    /// - Throws: 404 `scim-resource-not-found`.
    func held(_ id: DirectoryUserID, base: String) async throws -> (user: DirectoryUser, groups: [Members]) {
        let answers = try await transaction.batch([
            "SELECT \(DirectoryUser.columns) FROM scim_users u WHERE u.id = \(id) FOR UPDATE", Self.groups(of: [id]),
        ])
        guard let found = try answers[0].first({ try DirectoryUser(&$0) }) else { throw Problem.scimResourceNotFound }
        return (found, try Self.readGroups(answers[1], base: base)[id] ?? [])
    }

    /// - Throws: 409 `scim-uniqueness`.
    func update(_ user: DirectoryUser, in org: OrgID) async throws {
        do {
            try await transaction.execute(
                """
                UPDATE scim_users SET user_name_key = normalize(\(user.userName.directoryKey), NFKC),
                    external_id = \(user.externalID), is_active = \(user.isActive), shown_name = \(user.shownName),
                    resource = \(user.resource), version = \(Int32(user.version)), updated_at = \(user.updatedAt)
                WHERE id = \(user.id)
                """)
        } catch let error as DatabaseError {
            throw Self.refusal(of: error) ?? error
        }
        _ = try await transaction.batch([
            "DELETE FROM scim_emails WHERE scim_user_id = \(user.id)",
            """
            INSERT INTO scim_emails (org_id, scim_user_id, email_key)
            SELECT DISTINCT \(org)::uuid, \(user.id)::uuid, normalize(mail, NFKC)
            FROM unnest(\(user.emailKeys)) AS m (mail)
            """,
        ])
    }

    func delete(_ id: DirectoryUserID) async throws {
        try await transaction.execute("DELETE FROM scim_users WHERE id = \(id)")
    }

    /// The groups that hold these users, by user.
    static func groups(of users: [DirectoryUserID]) -> SQL {
        """
        SELECT m.scim_user_id, g.id, g.display_name FROM scim_group_members m
        JOIN scim_groups g ON g.org_id = m.org_id AND g.id = m.group_id
        WHERE m.scim_user_id = ANY (\(users)) ORDER BY m.scim_user_id, g.id
        """
    }

    static func readGroups(_ answer: ResultSet, base: String) throws -> [DirectoryUserID: [Members]] {
        var all: [DirectoryUserID: [Members]] = [:]
        try answer.each { row in
            let (user, group) = (try row.next(DirectoryUserID.self), try row.next(DirectoryGroupID.self))
            let name: String = try row.next()
            all[user, default: []].append([
                "value": .string("\(group)"), "$ref": .string("\(base)/Groups/\(group)"),
                "display": .string(name), "type": "direct",
            ])
        }
        return all
    }
}

extension String {
    /// In lower case and without white space around it; the database puts it into one form of Unicode (NFKC).
    var directoryKey: String { trimmed.lowercased() }
}

extension Problem {
    static let userNameTaken = Problem.scim(.uniqueness, "Another user of this directory has this userName.")
    static let personTaken = Problem.scim(.uniqueness, "Another user of this directory is the same person.")
}
