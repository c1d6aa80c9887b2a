internal import Inventory
internal import Kernel
internal import Postgres
internal import Vault

/// A connection as its row has it: what is sealed stays sealed.
struct StoredConnection: Sendable {
    let id: ConnectionID
    let kind: ConnectionKind
    var name: String
    var host: Sealed
    var port: Int
    var trust: ServerTrust
    var credential: CredentialForm
    var secret: Sealed?
    var cadence: Duration
    var isAdaptive: Bool
    var isEnabled: Bool
    var site: SiteID?
    var tags: [String]
    var route: OutboundRoute
    var probe: ProbeSettings?
    var revision: Int64
    let createdAt: Timestamp
    var changedAt: Timestamp

    static let columns: SQL = """
        c.org_id, c.id, c.kind, c.name, c.host, c.port, c.trust, c.authorities, c.pin, c.credential, c.credential_name, c.secret,
        c.cadence_seconds, c.is_adaptive, c.is_enabled, c.site_id, c.tags, c.agent_id, c.probe, c.revision, c.created_at,
        c.changed_at
        """

    init(_ row: inout RowReader) throws {
        let org = try row.next(OrgID.self)
        id = try row.next()
        // The column's check lets no other through.
        kind = ConnectionKind(rawValue: try row.next()) ?? .pve
        name = try row.next()
        host = try row.next()
        port = try row.next()
        trust = try ServerTrust(mode: row.next(), authorities: row.next(), pin: row.next())
        credential = try CredentialForm(kind: row.next(), name: row.next())
        secret = try row.next()
        cadence = .seconds(try row.next(Int64.self))
        isAdaptive = try row.next()
        isEnabled = try row.next()
        site = try row.next()
        tags = try row.next()
        route = try row.next(AgentID?.self).map { .viaAgent($0, of: org) } ?? .direct
        probe = ProbeSettings.stored(try row.next(String?.self))
        revision = try row.next()
        createdAt = try row.next()
        changedAt = try row.next()
    }

    init(
        id: ConnectionID, configuration: ConnectionConfiguration, host: Sealed, secret: Sealed?, revision: Int64,
        createdAt: Timestamp, changedAt: Timestamp
    ) {
        self.id = id
        kind = configuration.kind
        name = configuration.name
        self.host = host
        port = configuration.port
        trust = configuration.trust
        credential = configuration.credential
        self.secret = secret
        cadence = configuration.cadence
        isAdaptive = configuration.isAdaptive
        isEnabled = configuration.isEnabled
        site = configuration.site
        tags = configuration.tags
        route = configuration.route
        probe = configuration.probe
        self.revision = revision
        self.createdAt = createdAt
        self.changedAt = changedAt
    }

    static func place(_ column: String, _ id: ConnectionID) -> SealedPlace {
        SealedPlace(table: "connections", column: column, row: id)
    }
}

/// How we sign in, without the secret.
enum CredentialForm: Sendable, Hashable {
    case token(id: String)
    case password(user: String)
    case none

    init(kind: String, name: String?) {
        switch kind {
        case "token": self = .token(id: name ?? "")
        case "password": self = .password(user: name ?? "")
        default: self = .none
        }
    }

    var kind: String {
        switch self {
        case .token: "token"
        case .password: "password"
        case .none: "none"
        }
    }

    var name: String? {
        switch self {
        case .token(let name), .password(let name): name
        case .none: nil
        }
    }

    func with(_ secret: Secret<String>?) -> PlatformCredential {
        switch self {
        case .token(let id): .token(id: id, secret: secret ?? Secret(""))
        case .password(let user): .password(user: user, password: secret ?? Secret(""))
        case .none: .none
        }
    }
}

extension ServerTrust {
    init(mode: String, authorities: String?, pin: [UInt8]?) {
        switch (mode, authorities, pin) {
        case ("authorities", let pem?, _): self = .authorities(pem: pem)
        case ("pinned", _, let pin?): self = .pinned(pin)
        default: self = .system
        }
    }

    var mode: String {
        switch self {
        case .system: "system"
        case .authorities: "authorities"
        case .pinned: "pinned"
        }
    }

    var pem: String? { if case .authorities(let pem) = self { pem } else { nil } }
    var pin: [UInt8]? { if case .pinned(let pin) = self { pin } else { nil } }
}

extension OutboundRoute {
    var agent: AgentID? { if case .viaAgent(let agent, of: _) = self { agent } else { nil } }
}
