/// What a role may do: an action on a kind of resource, written `action:resource`.
package struct Permission: Hashable, Sendable, CustomStringConvertible {
    package let action: String
    package let resource: String
    package init(_ action: String, _ resource: String) {
        self.action = action
        self.resource = resource
    }
    package var description: String { "\(action):\(resource)" }

    /// Every way in which a rule can name this permission: itself, or with `*` for its action, its resource or both.
    package var patterns: [String] { [description, "\(action):*", "*:\(resource)", "*:*"] }

    package static let readMonitoring = Permission("read", "monitoring")
    package static let readOrg = Permission("read", "org")
    package static let manageOrg = Permission("manage", "org")
    /// Deleting the organisation, handing it to another owner, taking all of it out.
    package static let ownOrg = Permission("own", "org")
    package static let readMembers = Permission("read", "members")
    package static let manageMembers = Permission("manage", "members")
    package static let readRoles = Permission("read", "roles")
    package static let manageRoles = Permission("manage", "roles")
    package static let readTokens = Permission("read", "tokens")
    package static let manageTokens = Permission("manage", "tokens")
    package static let manageAgents = Permission("manage", "agents")
    package static let readSites = Permission("read", "sites")
    package static let manageSites = Permission("manage", "sites")
    /// The platforms that are asked: where they are and how well they answer, never their secrets.
    package static let readConnections = Permission("read", "connections")
    package static let manageConnections = Permission("manage", "connections")
    /// Offers of resources to and from other organisations.
    package static let readSharing = Permission("read", "sharing")
    package static let manageSharing = Permission("manage", "sharing")
    /// Grants to providers, and support access of the company that hosts Pulse.
    package static let readProviders = Permission("read", "providers")
    package static let manageProviders = Permission("manage", "providers")
    package static let readAudit = Permission("read", "audit")
    package static let manageAudit = Permission("manage", "audit")
    /// The organisation's encryption keys: their versions and rotation, never the keys.
    package static let readKeys = Permission("read", "keys")
    package static let manageKeys = Permission("manage", "keys")
    package static let readSecurity = Permission("read", "security")
    package static let manageSecurity = Permission("manage", "security")

    package static let all: [Permission] = [
        readMonitoring, readOrg, manageOrg, ownOrg, readMembers, manageMembers, readRoles, manageRoles, readTokens,
        manageTokens, manageAgents, readSites, manageSites, readConnections, manageConnections, readSharing,
        manageSharing, readProviders, manageProviders, readAudit, manageAudit, readKeys, manageKeys, readSecurity,
        manageSecurity,
    ]

    /// What no provider does in a customer's organisation, whatever its grant says: everything by which it could stay
    /// after the grant has ended, or come to the customer's secrets.
    package static let beyondProviders: Set<Permission> = [
        ownOrg, manageMembers, manageRoles, manageTokens, manageProviders, manageSharing, manageKeys, manageSecurity,
        manageAudit,
    ]
}

/// A feature that a plan can include; a plan without it answers 402 with the name.
package struct Capability: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package init(_ name: String) { self.name = name }
    package var description: String { name }
}

/// A member's built-in role in one organisation, strongest last.
package enum Role: String, Sendable, CaseIterable {
    /// Nothing of its own: what such a member may do are the custom roles they were given.
    case custom
    case auditor, viewer, editor, admin, owner

    /// Nothing is granted by default: a permission that is not listed for a role is refused.
    package func allows(_ permission: Permission) -> Bool { Self.grants[self]?.contains(permission) ?? false }

    /// In the order of the list.
    package var permissions: [Permission] { Permission.all.filter(allows) }

    private static let looking: Set<Permission> = [
        .readMonitoring, .readOrg, .readMembers, .readSites, .readConnections,
    ]
    private static let inspecting: Set<Permission> = looking.union([
        .readRoles, .readTokens, .readSharing, .readProviders, .readAudit, .readKeys, .readSecurity,
    ])
    private static let grants: [Role: Set<Permission>] = [
        .viewer: looking,
        .auditor: inspecting,
        .editor: looking.union([
            .manageAgents, .manageSites, .manageConnections, .readTokens, .readSharing, .readProviders, .readRoles,
        ]),
        .admin: Set(Permission.all).subtracting([.ownOrg]),
        .owner: Set(Permission.all),
    ]
}

/// What staff of the company that hosts Pulse may do, strongest last.
package enum OperatorRole: String, Sendable, CaseIterable {
    /// Looks organisations up and asks them for support access.
    case `operator`
    /// Suspends and restores organisations besides, looks after the other operators and reads what all of them did.
    case operatorAdmin = "operator_admin"

    package func includes(_ wanted: OperatorRole) -> Bool { self == .operatorAdmin || wanted == .operator }
}

/// Who is asking.
package enum Principal: Hashable, Sendable {
    case user(UserID, session: SessionID)
    /// A person of a provider organisation, inside a customer that granted it.
    case provider(UserID, grant: ProviderGrantID, session: SessionID)
    /// `owner`: whose present permissions bound it; `nil` for a service token, which belongs to the organisation.
    case token(TokenID, owner: UserID?)
    case agent(AgentID)
    /// The bearer of a token that an issuer of the organisation's trust signed.
    case external(ExternalPass)
    /// An organisation's directory, by one of its SCIM tokens. `provider`: the sign-in provider that the token is bound to.
    case scim(DirectoryTokenID, provider: String?)
    /// Staff of the company that hosts Pulse. `consent`: the customer's time-boxed leave, where one is needed.
    case `operator`(OperatorID, consent: SupportConsentID?)
    case system(job: String)

    /// For audit entries and logs: kind and id, no names.
    package var label: String {
        switch self {
        case .user(let id, _), .provider(let id, _, _): "user:\(id)"
        case .token(let id, _): "token:\(id)"
        case .agent(let id): "agent:\(id)"
        case .external(let pass): "external:\(pass.subject)"
        case .scim(let token, _): "scim:\(token)"
        case .operator(let id, _): "operator:\(id)"
        case .system(let job): "system:\(job)"
        }
    }

    /// What the actor acted through, for audit entries: a session, an owner's token, a grant, a consent.
    package var through: String? {
        switch self {
        case .user(_, let session): "session:\(session)"
        case .provider(_, let grant, let session): "grant:\(grant) session:\(session)"
        case .token(_, let owner): owner.map { "user:\($0)" }
        case .external(let pass): "external:\(pass.issuer)"
        case .scim(_, let provider): provider.map { "provider:\($0)" }
        case .operator(_, let consent): consent.map { "consent:\($0)" }
        case .agent, .system: nil
        }
    }
}

/// What a verified token of somebody else's comes to, and the state of the trust it was verified by.
package struct ExternalPass: Hashable, Sendable {
    package let trust: TrustedIssuerID
    package let version: Int32
    /// As its tokens say it.
    package let issuer: String
    /// Stands for the subject, which may be a name or an address: the same for the same subject of the same trust.
    package let subject: ExternalSubjectID
    /// Never `owner`.
    package let role: Role
    package let endsAt: Timestamp

    package init(
        trust: TrustedIssuerID, version: Int32, issuer: String, subject: ExternalSubjectID, role: Role,
        endsAt: Timestamp
    ) {
        self.trust = trust
        self.version = version
        self.issuer = issuer
        self.subject = subject
        self.role = role
        self.endsAt = endsAt
    }
}
