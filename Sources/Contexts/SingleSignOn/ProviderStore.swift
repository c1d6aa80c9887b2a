internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import Postgres
internal import SignOnKit
internal import Vault

/// The rows of identity providers. Secrets are sealed in their place and opened with the row.
struct ProviderStore: Sendable {
    let database: Database
    let vault: SecretVault

    init(_ context: SSOContext) { (database, vault) = (context.database, context.vault) }

    static let limit = 50

    private static let columns = SQL(
        unsafeSQL: """
            id, type, name, display_name, icon_url, priority, is_enabled, settings, secrets, allowed_domains,
            allowed_emails, allowed_groups, group_roles, is_open, default_role, version, created_at, updated_at
            """)

    func all(in org: OrgID) async throws -> [IdentityProvider] {
        let rows = try await database.rows(
            in: org, "SELECT \(Self.columns) FROM sso_providers ORDER BY priority, name, id"
        ) { try ProviderRow(&$0) }
        var all: [IdentityProvider] = []
        for row in rows { all.append(try await opened(row, in: org)) }
        return all
    }

    func one(_ id: String, in org: OrgID) async throws -> IdentityProvider? {
        let row = try await database.first(in: org, "SELECT \(Self.columns) FROM sso_providers WHERE id = \(id)") {
            try ProviderRow(&$0)
        }
        guard let row else { return nil }
        return try await opened(row, in: org)
    }

    /// The same, held until the transaction ends.
    func held(_ id: String, in org: OrgID, _ transaction: Transaction) async throws -> IdentityProvider? {
        let row = try await transaction.first(
            "SELECT \(Self.columns) FROM sso_providers WHERE id = \(id) FOR UPDATE"
        ) { try ProviderRow(&$0) }
        guard let row else { return nil }
        return try await opened(row, in: org)
    }

    /// - Throws: `sso-provider-limit`, `sso-provider-exists`; 400 for a custom role that is not there.
    func create(_ new: IdentityProvider, in org: OrgID, _ transaction: Transaction) async throws {
        let kept = try await transaction.first("SELECT count(*) FROM sso_providers") { try $0.next(Int.self) } ?? 0
        guard kept < Self.limit else { throw Problem.providerLimit }
        try await checkRoles(of: new, transaction)
        let made = try await transaction.execute(
            """
            INSERT INTO sso_providers (org_id, id, type, name, display_name, icon_url, priority, is_enabled, settings,
                                       secrets, allowed_domains, allowed_emails, allowed_groups, group_roles, is_open,
                                       default_role, created_at, updated_at)
            VALUES (\(org), \(new.id), \(new.speech.type), \(new.name), \(new.displayName), \(new.iconURL), \(new.priority),
                    \(new.isEnabled), \(new.speech.settingsText), \(try await sealed(new, in: org)), \(new.limits.domains),
                    \(new.limits.emails), \(new.limits.groups), \(new.groupRolesText), \(new.isOpen),
                    \(new.defaultRole.text), \(new.createdAt), \(new.updatedAt))
            ON CONFLICT (org_id, id) DO NOTHING
            """)
        guard made == 1 else { throw Problem.providerExists }
    }

    func change(_ changed: IdentityProvider, in org: OrgID, _ transaction: Transaction) async throws {
        try await checkRoles(of: changed, transaction)
        try await transaction.execute(
            """
            UPDATE sso_providers SET name = \(changed.name), display_name = \(changed.displayName),
                icon_url = \(changed.iconURL), priority = \(changed.priority), is_enabled = \(changed.isEnabled),
                settings = \(changed.speech.settingsText), secrets = \(try await sealed(changed, in: org)),
                allowed_domains = \(changed.limits.domains), allowed_emails = \(changed.limits.emails),
                allowed_groups = \(changed.limits.groups), group_roles = \(changed.groupRolesText),
                is_open = \(changed.isOpen), default_role = \(changed.defaultRole.text), version = version + 1,
                updated_at = \(changed.updatedAt)
            WHERE id = \(changed.id)
            """)
        try await checkEnforcement(transaction)
    }

    /// Whom it vouched for is forgotten with it, and their sessions end.
    func delete(_ id: String, in transaction: Transaction) async throws -> Bool {
        _ = try await transaction.rows(
            """
            SELECT e.session_id
            FROM end_sso_sessions(\(id), NULL, NULL, ARRAY(SELECT session_id FROM sso_sessions WHERE provider_id = \(id))) e
            """
        ) { try $0.next(SessionID.self) }
        let isGone = try await transaction.execute("DELETE FROM sso_providers WHERE id = \(id)") == 1
        try await checkEnforcement(transaction)
        return isGone
    }

    /// Whom a domain sends to single sign-on finds a provider there.
    private func checkEnforcement(_ transaction: Transaction) async throws {
        let isStranded = try await transaction.first(
            """
            SELECT EXISTS (SELECT FROM sso_domains WHERE is_enforced)
               AND NOT EXISTS (SELECT FROM sso_providers WHERE is_enabled)
            """
        ) { try $0.next(Bool.self) }
        guard isStranded != true else { throw Problem.providerNeeded }
    }

    // MARK: Secrets

    private func place(of id: String) -> SealedPlace {
        SealedPlace(table: "sso_providers", column: "secrets", row: id)
    }

    private func sealed(_ provider: IdentityProvider, in org: OrgID) async throws -> Sealed? {
        guard let secret = provider.speech.secret else { return nil }
        return try await vault.seal(secret, for: .org(org), at: place(of: provider.id))
    }

    private func opened(_ row: ProviderRow, in org: OrgID) async throws -> IdentityProvider {
        var secret: Secret<String>?
        if let sealed = row.secrets {
            secret = try await vault.openText(sealed, for: .org(org), at: place(of: row.id))
        }
        return try row.provider(secret: secret)
    }

    private func checkRoles(of provider: IdentityProvider, _ transaction: Transaction) async throws {
        let wanted = Set((provider.groupRoles.map(\.role) + [provider.defaultRole]).custom)
        guard !wanted.isEmpty else { return }
        let known = try await transaction.rows("SELECT id FROM custom_roles WHERE id = ANY (\(Array(wanted)))") {
            try $0.next(CustomRoleID.self)
        }
        guard known.count == wanted.count else {
            throw Problem.invalidField("groupRoleMappings", "one of the roles is not there")
        }
    }
}

/// A row as it is stored.
private struct ProviderRow {
    let id: String
    let secrets: Sealed?
    private let (type, name, displayName, iconURL): (String, String, String, String?)
    private let (priority, isEnabled, settings): (Int32, Bool, String)
    private let (allowedDomains, allowedEmails, allowedGroups): ([String], [String], [String])
    private let (groupRoles, isOpen, defaultRole): (String, Bool, String)
    private let (version, createdAt, updatedAt): (Int32, Timestamp, Timestamp)

    init(_ row: inout RowReader) throws {
        id = try row.next()
        (type, name, displayName, iconURL) = (try row.next(), try row.next(), try row.next(), try row.next())
        (priority, isEnabled, settings) = (try row.next(), try row.next(), try row.next())
        secrets = try row.next()
        (allowedDomains, allowedEmails, allowedGroups) = (try row.next(), try row.next(), try row.next())
        (groupRoles, isOpen, defaultRole) = (try row.next(), try row.next(), try row.next())
        (version, createdAt, updatedAt) = (try row.next(), try row.next(), try row.next())
    }

    func provider(secret: Secret<String>?) throws -> IdentityProvider {
        let speech = try ProviderSpeech(type: type, settings: settings, secret: secret)
        let mapped = try JSONValue(json: Array(groupRoles.utf8)).object ?? [:]
        return IdentityProvider(
            id: id, name: name, displayName: displayName, iconURL: iconURL, priority: Int(priority),
            isEnabled: isEnabled, speech: speech,
            limits: ProviderLimits(emails: allowedEmails, domains: allowedDomains, groups: allowedGroups),
            groupRoles: mapped.sorted { $0.key < $1.key }.compactMap { group, role in
                role.string.flatMap(RoleTarget.init).map { .init(group: group, role: $0) }
            },
            isOpen: isOpen, defaultRole: RoleTarget(defaultRole) ?? .builtIn(.custom), version: version,
            createdAt: createdAt, updatedAt: updatedAt)
    }
}

extension IdentityProvider {
    fileprivate var groupRolesText: String {
        let all = Dictionary(groupRoles.map { ($0.group, JSONValue.string($0.role.text)) }) { first, _ in first }
        return String(decoding: JSONValue.object(all).json, as: UTF8.self)
    }
}
