internal import FoundationEssentials
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SCIMKit

/// The rows of users. All of it runs in a transaction of the organisation.
struct UserStore: Sendable {
    private let transaction: Transaction

    init(_ transaction: Transaction) { self.transaction = transaction }

    /// One statement: nothing has to be looked for in a table that grows under it.
    /// - Throws: 409 `scim-uniqueness`.
    func insert(_ user: DirectoryUser, in org: OrgID) async throws {
        let made = try await transaction.first(
            """
            WITH made AS (
                INSERT INTO scim_users (org_id, id, user_name_key, external_id, is_active, shown_name, resource,
                                        created_at, updated_at)
                VALUES (\(org), \(user.id), normalize(\(user.userName.directoryKey), NFKC), \(user.externalID),
                        \(user.isActive), \(user.shownName), \(user.resource), \(user.createdAt), \(user.updatedAt))
                ON CONFLICT ON CONSTRAINT scim_users_name DO NOTHING RETURNING id
            ), emails AS (
                INSERT INTO scim_emails (org_id, scim_user_id, email_key)
                SELECT DISTINCT \(org)::uuid, made.id, normalize(mail, NFKC)
                FROM made, unnest(\(user.emailKeys)) AS m (mail)
            )
            SELECT count(*) FROM made
            """
        ) { try $0.next(Int.self) }
        guard made == 1 else { throw Problem.userNameTaken }
    }

    /// Held until the transaction ends.
    /// - Throws: 404 `scim-resource-not-found`.
    func held(_ id: DirectoryUserID) async throws -> DirectoryUser {
        let found = try await transaction.first(
            "SELECT \(DirectoryUser.columns) FROM scim_users u WHERE u.id = \(id) FOR UPDATE"
        ) { try DirectoryUser(&$0) }
        guard let found else { throw Problem.scimResourceNotFound }
        return found
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
        } catch let error as DatabaseError where error.sqlState == SQLState.uniqueViolation {
            throw Problem.userNameTaken
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
