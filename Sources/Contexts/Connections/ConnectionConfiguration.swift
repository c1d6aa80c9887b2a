internal import Inventory
internal import Kernel

/// What people set of a connection, all of it valid, without its secret.
struct ConnectionConfiguration: Sendable, Hashable {
    let kind: ConnectionKind
    var name: String
    /// Open here, sealed in its row.
    var host: String
    var port: Int
    var trust: ServerTrust
    var credential: CredentialForm
    var cadence: Duration
    var isAdaptive: Bool
    var isEnabled: Bool
    var site: SiteID?
    var tags: [String]
    var route: OutboundRoute
    /// Of a check from outside.
    var probe: ProbeSettings?

    init(
        kind: ConnectionKind, name: String, host: String, port: Int, trust: ServerTrust, credential: CredentialForm,
        cadence: Duration, isAdaptive: Bool = false, isEnabled: Bool, site: SiteID?, tags: [String],
        route: OutboundRoute, probe: ProbeSettings? = nil
    ) {
        self.kind = kind
        self.name = name
        self.host = host
        self.port = port
        self.trust = trust
        self.credential = credential
        self.cadence = cadence
        self.isAdaptive = isAdaptive
        self.isEnabled = isEnabled
        self.site = site
        self.tags = tags
        self.route = route
        self.probe = probe
    }

    init(_ stored: StoredConnection, host: String) {
        self.init(
            kind: stored.kind, name: stored.name, host: host, port: stored.port, trust: stored.trust,
            credential: stored.credential, cadence: stored.cadence, isAdaptive: stored.isAdaptive,
            isEnabled: stored.isEnabled, site: stored.site, tags: stored.tags, route: stored.route, probe: stored.probe)
    }

    /// A secret that is sent under the one goes to the same place, by the same way, as under the other.
    func sendsSecretsLike(_ other: ConnectionConfiguration) -> Bool {
        kind == other.kind && host == other.host && port == other.port && trust == other.trust
            && route == other.route && credential == other.credential
    }

    /// What was found under the one says how the other stands.
    func reachesLike(_ other: ConnectionConfiguration) -> Bool {
        sendsSecretsLike(other) && probe == other.probe
    }

    func spec(_ id: ConnectionID, in org: OrgID, secret: Secret<String>?) -> ConnectionSpec {
        ConnectionSpec(
            id: id, org: org, kind: kind, name: name, host: host, port: port, trust: trust,
            credential: credential.with(secret), route: route, cadence: cadence, isAdaptive: isAdaptive,
            isEnabled: isEnabled, tags: tags, probe: probe)
    }
}
