internal import HTTPKit
internal import JSONKit
internal import Kernel
internal import OperatorPlane
internal import Postgres
internal import SignOnKit
internal import Vault

/// The rows of the installation's providers. Secrets are sealed in their place and opened with the row.
struct OperatorProviderStore: Sendable {
    let context: OperatorSignOn

    static let limit = 20

    private static let columns = SQL(
        unsafeSQL: """
            id, type, display_name, priority, is_enabled, settings, secrets, allowed_domains, required_groups,
            makes_operators, trusts_addresses, second_factor_acr, second_factor_amr, version, created_at, updated_at
            """)

    func all() async throws -> [OperatorProvider] {
        let rows = try await context.staff.rowsGlobally(
            "SELECT \(Self.columns) FROM operator_providers ORDER BY priority, display_name, id", ProviderRow.init)
        var all: [OperatorProvider] = []
        for row in rows { all.append(try await opened(row)) }
        return all
    }

    func one(_ id: String) async throws -> OperatorProvider? {
        let row = try await context.staff.firstGlobally(
            "SELECT \(Self.columns) FROM operator_providers WHERE id = \(id)", ProviderRow.init)
        guard let row else { return nil }
        return try await opened(row)
    }

    /// The same, held until the transaction ends.
    func held(_ id: String, _ transaction: Transaction) async throws -> OperatorProvider? {
        let row = try await transaction.first(
            "SELECT \(Self.columns) FROM operator_providers WHERE id = \(id) FOR UPDATE", ProviderRow.init)
        guard let row else { return nil }
        return try await opened(row)
    }

    /// - Throws: `operator-provider-limit`, `operator-provider-exists`.
    func create(_ new: OperatorProvider, _ transaction: Transaction) async throws {
        let kept = try await transaction.first("SELECT count(*) FROM operator_providers") { try $0.next(Int.self) } ?? 0
        guard kept < Self.limit else { throw Problem.operatorProviderLimit }
        let made = try await transaction.execute(
            """
            INSERT INTO operator_providers (\(Self.columns))
            VALUES (\(new.id), \(new.speech.type), \(new.displayName), \(new.priority), \(new.isEnabled),
                    \(new.speech.settingsText), \(try await sealed(new)), \(new.limits.domains), \(new.limits.groups),
                    \(new.makesOperators), \(new.trustsAddresses), \(new.secondFactor.contextClasses),
                    \(new.secondFactor.methods), \(new.version), \(new.createdAt), \(new.updatedAt))
            ON CONFLICT (id) DO NOTHING
            """)
        guard made == 1 else { throw Problem.operatorProviderExists }
    }

    /// Switched off, whoever came by it is signed out.
    /// - Throws: `operator-provider-needed`.
    func change(_ changed: OperatorProvider, _ transaction: Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE operator_providers SET display_name = \(changed.displayName), priority = \(changed.priority),
                is_enabled = \(changed.isEnabled), settings = \(changed.speech.settingsText),
                secrets = \(try await sealed(changed)), allowed_domains = \(changed.limits.domains),
                required_groups = \(changed.limits.groups), makes_operators = \(changed.makesOperators),
                trusts_addresses = \(changed.trustsAddresses),
                second_factor_acr = \(changed.secondFactor.contextClasses),
                second_factor_amr = \(changed.secondFactor.methods), version = \(changed.version),
                updated_at = \(changed.updatedAt)
            WHERE id = \(changed.id)
            """)
        guard !changed.isEnabled else { return }
        _ = try await OperatorSessionsOf(provider: changed.id).end(transaction)
        try await checkDoor(transaction)
    }

    /// Whom it vouched for is forgotten with it, and their sessions end. The caller holds the row, so that nobody comes in by
    /// it meanwhile.
    /// - Throws: `operator-provider-needed`.
    func delete(_ provider: OperatorProvider, _ transaction: Transaction) async throws {
        _ = try await OperatorSessionsOf(provider: provider.id).end(transaction)
        try await transaction.execute("DELETE FROM operator_providers WHERE id = \(provider.id)")
        try await checkDoor(transaction)
    }

    /// Where passwords are off, one provider is on. The row is locked, so that of two who each take one away the second sees
    /// what the first left.
    func checkDoor(_ transaction: Transaction) async throws {
        let isShut = try await transaction.first("SELECT NOT password_login FROM operator_sign_in FOR UPDATE") {
            try $0.next(Bool.self)
        }
        guard isShut == true else { return }
        let isOpen = try await transaction.first("SELECT EXISTS (SELECT FROM operator_providers WHERE is_enabled)") {
            try $0.next(Bool.self)
        }
        guard isOpen == true else { throw Problem.operatorProviderNeeded }
    }

    // MARK: Secrets

    private func place(of id: String) -> SealedPlace {
        SealedPlace(table: "operator_providers", column: "secrets", row: id)
    }

    private func sealed(_ provider: OperatorProvider) async throws -> Sealed? {
        guard let secret = provider.speech.secret else { return nil }
        return try await context.vault.seal(secret, for: .instance, at: place(of: provider.id))
    }

    private func opened(_ row: ProviderRow) async throws -> OperatorProvider {
        var secret: Secret<String>?
        if let sealed = row.secrets {
            secret = try await context.vault.openText(sealed, for: .instance, at: place(of: row.id))
        }
        return try row.provider(secret: secret)
    }
}

/// A row as it is stored.
private struct ProviderRow {
    let id: String
    let secrets: Sealed?
    private let (type, displayName, priority): (String, String, Int32)
    private let (isEnabled, settings): (Bool, String)
    private let (domains, groups): ([String], [String])
    private let (makesOperators, trustsAddresses): (Bool, Bool)
    private let (contextClasses, methods): ([String], [String])
    private let (version, createdAt, updatedAt): (Int32, Timestamp, Timestamp)

    @Sendable init(_ row: inout RowReader) throws {
        id = try row.next()
        (type, displayName, priority) = (try row.next(), try row.next(), try row.next())
        (isEnabled, settings) = (try row.next(), try row.next())
        secrets = try row.next()
        (domains, groups) = (try row.next(), try row.next())
        (makesOperators, trustsAddresses) = (try row.next(), try row.next())
        (contextClasses, methods) = (try row.next(), try row.next())
        (version, createdAt, updatedAt) = (try row.next(), try row.next(), try row.next())
    }

    func provider(secret: Secret<String>?) throws -> OperatorProvider {
        OperatorProvider(
            id: id, displayName: displayName, priority: Int(priority), isEnabled: isEnabled,
            speech: try ProviderSpeech(type: type, settings: settings, secret: secret),
            limits: ProviderLimits(domains: domains, groups: groups), makesOperators: makesOperators,
            trustsAddresses: trustsAddresses,
            secondFactor: SecondFactorWords(contextClasses: contextClasses, methods: methods), version: version,
            createdAt: createdAt, updatedAt: updatedAt)
    }
}

/// Sessions that rest on a provider's word.
struct OperatorSessionsOf: Sendable {
    let provider: String
    /// Of this subject alone; `nil`: of all.
    var subject: [UInt8]?
    /// The one that the provider names; `nil`: all.
    var sessionName: [UInt8]?
    /// Of these alone; `nil`: of all.
    var these: [OperatorSessionID]?

    /// - Returns: those that ended.
    func end(_ transaction: Transaction) async throws -> [OperatorSessionID] {
        try await transaction.rows(
            "SELECT session_id FROM end_vouched_sessions(\(provider), \(subject), \(sessionName), \(these))"
        ) { try $0.next(OperatorSessionID.self) }
    }
}
