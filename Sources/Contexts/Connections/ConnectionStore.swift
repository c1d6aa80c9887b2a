package import Inventory
package import Kernel
package import Postgres
package import Vault

/// The rows of connections and of their health. Secrets are opened here, for those who are about to ask.
package struct ConnectionStore: Sendable {
    let database: Database
    let vault: SecretVault

    package init(_ database: Database, vault: SecretVault) {
        self.database = database
        self.vault = vault
    }

    /// More than the largest estate has platforms, fewer than would make a list or a reload slow.
    static let limit = 2000

    // MARK: For the monitor

    /// All of an organisation's, switched off or not, in the order of their making. One that does not open has a failure
    /// for a specification, and the others are there all the same.
    package func watched(of org: OrgID) async throws -> [WatchedConnection] {
        var all: [WatchedConnection] = []
        for (stored, health) in try await rows(in: org, "true", limit: Self.limit) {
            let spec: Result<ConnectionSpec, ConnectionFault>
            do {
                spec = .success(try await self.spec(stored, in: org))
            } catch let error as VaultError {
                spec = .failure(error.fault)
            }
            all.append(
                WatchedConnection(
                    id: stored.id, kind: stored.kind, name: stored.name, revision: stored.revision,
                    isEnabled: stored.isEnabled, cadence: stored.cadence, isAdaptive: stored.isAdaptive,
                    site: stored.site, tags: stored.tags, spec: spec, health: health))
        }
        return all
    }

    /// Those that open.
    package func specs(of org: OrgID) async throws -> [ConnectionSpec] {
        try await watched(of: org).compactMap { try? $0.spec.get() }
    }

    /// Those that should tell something and never have: what is behind them is in no count.
    package func unanswered(in org: OrgID) async throws -> [(id: ConnectionID, name: String, reason: String)] {
        try await rows(in: org, "c.is_enabled AND h.ok_at IS NULL", limit: Self.limit).map { row in
            (row.stored.id, row.stored.name, row.health.fault?.reason.rawValue ?? "pending")
        }
    }

    // MARK: Reading

    typealias Row = (stored: StoredConnection, health: ConnectionHealth)

    func rows(in org: OrgID, _ condition: SQL, limit: Int) async throws -> [Row] {
        try await database.rows(
            in: org,
            """
            SELECT \(StoredConnection.columns), \(ConnectionHealth.columns)
            FROM connections c LEFT JOIN connection_health h ON h.org_id = c.org_id AND h.connection_id = c.id
            WHERE c.org_id = \(org) AND \(condition) ORDER BY c.id LIMIT \(limit)
            """
        ) { row in (stored: try StoredConnection(&row), health: try ConnectionHealth(&row)) }
    }

    func one(_ id: ConnectionID, in org: OrgID) async throws -> Row? {
        try await rows(in: org, "c.id = \(id)", limit: 1).first
    }

    /// - Throws: 404.
    func present(_ id: ConnectionID, in org: OrgID) async throws -> Row {
        guard let row = try await one(id, in: org) else { throw Problem.connectionNotFound }
        return row
    }

    // MARK: What is sealed

    func spec(_ stored: StoredConnection, in org: OrgID) async throws -> ConnectionSpec {
        let configuration = ConnectionConfiguration(stored, host: try await host(of: stored, in: org))
        return configuration.spec(stored.id, in: org, secret: try await secret(of: stored, in: org))
    }

    func host(of stored: StoredConnection, in org: OrgID) async throws -> String {
        try await vault.openText(stored.host, for: .org(org), at: StoredConnection.place("host", stored.id)).reveal()
    }

    /// One whose address does not open any more has none: a change has to bring another, and with it the secret.
    func configuration(of stored: StoredConnection, in org: OrgID) async throws -> ConnectionConfiguration {
        do {
            return ConnectionConfiguration(stored, host: try await host(of: stored, in: org))
        } catch VaultError.damaged, VaultError.keyDestroyed {
            return ConnectionConfiguration(stored, host: "")
        }
    }

    func secret(of stored: StoredConnection, in org: OrgID) async throws -> Secret<String>? {
        guard let secret = stored.secret else { return nil }
        return try await vault.openText(secret, for: .org(org), at: StoredConnection.place("secret", stored.id))
    }
}

/// A connection as its monitor takes it over.
package struct WatchedConnection: Sendable {
    package let id: ConnectionID
    package let kind: ConnectionKind
    package let name: String
    /// Rises with every change that people make.
    package let revision: Int64
    package let isEnabled: Bool
    package let cadence: Duration
    package let isAdaptive: Bool
    package let site: SiteID?
    package let tags: [String]
    /// A failure when it does not open: its key is away, or its row is damaged.
    package let spec: Result<ConnectionSpec, ConnectionFault>
    /// As it was stored last: who takes over goes on where the other stopped.
    package let health: ConnectionHealth

    /// From one poll to the next while all is well.
    package var longestPause: Duration { ConnectionSpec.longestPause(at: cadence, isAdaptive: isAdaptive) }

    /// It opens again with its key, without anybody touching it.
    package var waitsForItsKey: Bool {
        if case .failure(let fault) = spec { fault.reason == .serverError } else { false }
    }

    package init(
        id: ConnectionID, kind: ConnectionKind, name: String, revision: Int64, isEnabled: Bool, cadence: Duration,
        isAdaptive: Bool = false, site: SiteID?, tags: [String], spec: Result<ConnectionSpec, ConnectionFault>,
        health: ConnectionHealth
    ) {
        self.id = id
        self.kind = kind
        self.name = name
        self.revision = revision
        self.isEnabled = isEnabled
        self.cadence = cadence
        self.isAdaptive = isAdaptive
        self.site = site
        self.tags = tags
        self.spec = spec
        self.health = health
    }
}

extension VaultError {
    /// Why a connection cannot be asked now, in the words of its health.
    var fault: ConnectionFault {
        switch self {
        case .keyUnavailable:
            // Comes back with the key, without anybody touching the connection.
            ConnectionFault(
                .serverError, "The organisation's encryption key cannot be used now, so its secret stays shut.")
        case .keyDestroyed, .damaged:
            ConnectionFault(.misconfigured, "Its stored secret does not open any more. Enter the secret again.")
        }
    }
}
