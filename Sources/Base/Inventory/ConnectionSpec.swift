package import Kernel

/// The platforms that are asked, rather than report by themselves. The raw values are the wire's.
package enum ConnectionKind: String, Sendable, Hashable, CaseIterable {
    case pve, pbs, pmg, truenas, vmware, availability

    package var source: InventorySource {
        switch self {
        case .pve: .proxmox
        case .pbs: .pbs
        case .pmg: .pmg
        case .truenas: .truenas
        case .vmware: .vmware
        case .availability: .availability
        }
    }

    package var defaultPort: Int {
        switch self {
        case .pve, .pmg: 8006
        case .pbs: 8007
        case .truenas, .vmware, .availability: 443
        }
    }
}

/// All that a collector needs to reach one platform, with its secret open. Lives in memory only.
package struct ConnectionSpec: Sendable {
    package let id: ConnectionID
    package let org: OrgID
    package let kind: ConnectionKind
    package let name: String
    /// A name or an address, without brackets.
    package let host: String
    package let port: Int
    package let trust: ServerTrust
    package let credential: PlatformCredential
    package let route: OutboundRoute
    package let cadence: Duration
    /// It is asked less often than that while it stands still.
    package let isAdaptive: Bool
    package let isEnabled: Bool
    package let tags: [String]
    /// Of checks from outside: what is asked.
    package let probe: ProbeSettings?

    package init(
        id: ConnectionID, org: OrgID, kind: ConnectionKind, name: String, host: String, port: Int, trust: ServerTrust,
        credential: PlatformCredential, route: OutboundRoute = .direct, cadence: Duration, isAdaptive: Bool = false,
        isEnabled: Bool = true, tags: [String] = [], probe: ProbeSettings? = nil
    ) {
        self.id = id
        self.org = org
        self.kind = kind
        self.name = name
        self.host = host
        self.port = port
        self.trust = trust
        self.credential = credential
        self.route = route
        self.cadence = cadence
        self.isAdaptive = isAdaptive
        self.isEnabled = isEnabled
        self.tags = tags
        self.probe = probe
    }

    /// From one poll to the next while all is well: what is silent for twice as long has fallen silent.
    package var longestPause: Duration { Self.longestPause(at: cadence, isAdaptive: isAdaptive) }

    /// Nobody who could be asked more often is left alone for more than five minutes.
    package static func longestPause(at cadence: Duration, isAdaptive: Bool) -> Duration {
        isAdaptive ? max(cadence, .seconds(300)) : cadence
    }

    /// Whether a running collector may go on under this specification: how it reaches the platform is the same.
    package func reachesLike(_ other: ConnectionSpec) -> Bool {
        kind == other.kind && host == other.host && port == other.port && trust == other.trust
            && credential == other.credential && route == other.route && probe == other.probe
    }
}

/// Why a platform's certificate is believed.
package enum ServerTrust: Sendable, Hashable {
    /// The system's authorities, and the name.
    case system
    /// These authorities (PEM) and no others, and the name.
    case authorities(pem: String)
    /// Exactly this leaf certificate, whatever it says: SHA-256 of its DER, 32 bytes, confirmed by a person.
    case pinned([UInt8])
}

package enum PlatformCredential: Sendable, Hashable {
    /// `id` as the platform writes it: `user@realm!name`.
    case token(id: String, secret: Secret<String>)
    case password(user: String, password: Secret<String>)
    case none

    package static func == (left: Self, right: Self) -> Bool {
        switch (left, right) {
        case (.token(let leftID, let leftSecret), .token(let id, let secret)):
            leftID == id && leftSecret.reveal() == secret.reveal()
        case (.password(let leftUser, let leftPassword), .password(let user, let password)):
            leftUser == user && leftPassword.reveal() == password.reveal()
        case (.none, .none): true
        default: false
        }
    }

    package func hash(into hasher: inout Hasher) {
        switch self {
        case .token(let id, _): hasher.combine(id)
        case .password(let user, _): hasher.combine(user)
        case .none: hasher.combine(0)
        }
    }
}

/// How the outside is reached.
package enum OutboundRoute: Sendable, Hashable {
    case direct
    /// Through streams that this agent opens where it stands. The organisation is part of the way: an agent of another
    /// is none.
    case viaAgent(AgentID, of: OrgID)
}
