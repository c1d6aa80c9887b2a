internal import Cryptography
internal import HTTPKit
package import Kernel
package import Postgres

/// What an endpoint asks of whoever calls it.
struct Demand: Sendable, Hashable {
    /// `nil`: no organisation is needed; it is entered when one was chosen and fits.
    let permission: Permission?
    /// `nil`: no token will do.
    let scope: Scope?
    let openTo: Set<OrgCondition>
    /// It concerns the account itself: a session that rests on one organisation's word does not reach it.
    var isOfAccount = false
    /// The endpoint shows a caller who sees a part of the inventory that part alone.
    let narrows: Bool

    var states: [String] { openTo.map(\.rawValue) }
    /// The built-in roles that are let in; `nil`: anyone.
    var roles: [String]? { permission.map { wanted in Role.allCases.filter { $0.allows(wanted) }.map(\.rawValue) } }

    /// No provider's grant is enough.
    var isBeyondProviders: Bool { permission.map(Permission.beyondProviders.contains) ?? false }

    /// Whoever sees a part of the inventory is refused where the whole of it would be shown.
    func fits(_ visibility: Visibility?) -> Bool { visibility == nil || narrows || permission != .readMonitoring }
}

extension Demand {
    init(_ endpoint: Endpoint) {
        let permission: Permission? = if case .permission(let wanted) = endpoint.access { wanted } else { nil }
        self.init(
            permission: permission, scope: endpoint.scope, openTo: endpoint.openTo,
            isOfAccount: endpoint.access == .session && !endpoint.isForBound, narrows: endpoint.narrows)
    }
}

extension Endpoint {
    var demand: Demand { Demand(self) }
}

/// The answer of the database's `admit_session`.
struct SessionAdmission: Sendable {
    let outcome: String
    let session: SessionID?
    let user: UserID?
    let csrfHash: [UInt8]
    let lastSeenAt: Timestamp?
    let org: OrgID?
    let authority: Authority?
    let grant: ProviderGrantID?
    let boundTo: OrgID?

    static func query(
        _ hash: [UInt8], choice: OrganisationChoice, demand: Demand, now: Timestamp
    ) -> SQL {
        """
        SELECT outcome, session_id, user_id, csrf_hash, last_seen_at, org_id, grant_id, role, granted, denied, sight,
               bound_org
        FROM admit_session(
            \(hash), \(choice.asked), \(choice.remembered), \(demand.permission != nil), \(demand.roles),
            \(demand.permission?.patterns), \(demand.states), \(demand.isBeyondProviders), \(now))
        """
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        session = try row.next()
        user = try row.next()
        csrfHash = try row.next([UInt8]?.self) ?? []
        lastSeenAt = try row.next()
        org = try row.next()
        grant = try row.next()
        authority = try Authority(&row, isProvider: grant != nil)
        boundTo = try row.next()
    }

    /// Why this session does not get in; `nil` when it does.
    func problem(for demand: Demand) -> Problem? {
        switch outcome {
        case "ok" where boundTo != nil && demand.isOfAccount: .boundSession
        case "ok": demand.fits(authority?.visibility) ? nil : .forbidden
        case "sso-required": .ssoRequired
        case "session-too-old": .sessionTooOld
        case "organisation-required": .organisationRequired
        case "organisation-not-found": .organisationNotFound
        case "organisation-suspended": .organisationSuspended
        case "permission-denied": .forbidden
        default: .unauthenticated
        }
    }
}

extension SessionAdmission {
    /// `nil` when there is no such session.
    var caller: Caller? {
        guard let session, let user else { return nil }
        let principal: Principal =
            grant.map { .provider(user, grant: $0, session: session) } ?? .user(user, session: session)
        return Caller(
            principal: principal, org: org, authority: authority, user: user, csrfHash: csrfHash,
            boundTo: boundTo)
    }
}

/// The answer of the database's `admit_agent`.
struct AgentAdmission: Sendable {
    let outcome: String
    let agent: AdmittedAgent?

    static func query(_ token: BearerToken, states: [String]) -> SQL {
        "SELECT outcome, agent_id, org_id, shard, machine_id, hostname FROM admit_agent(\(token.hash), \(states))"
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        if outcome == "ok" {
            agent = AdmittedAgent(
                id: try row.next(), org: try row.next(), shard: try row.next(), machineID: try row.next(),
                hostname: try row.next())
        } else {
            agent = nil
        }
    }

    var problem: Problem {
        switch outcome {
        case "organisation-suspended": .organisationSuspended
        case "revoked": .agentRevoked
        default: .invalidToken
        }
    }
}

extension Authority {
    /// What a member may do in the organisation of the transaction.
    package static func query(of user: UserID) -> SQL {
        """
        SELECT role, granted, denied, CASE role WHEN 'owner' THEN NULL WHEN 'custom' THEN sight ELSE sight_beside_role END
        FROM members WHERE user_id = \(user)
        """
    }

    package init?(member row: inout RowReader) throws { try self.init(&row) }

    /// Role, granted, denied and sight, in this order; `nil` where no organisation was entered.
    init?(_ row: inout RowReader, isProvider: Bool = false, scopes: Set<Scope>? = nil) throws {
        let role = try row.next(String?.self)
        let (granted, denied) = (try row.next([String]?.self) ?? [], try row.next([String]?.self) ?? [])
        let sight = try row.next(String?.self)
        guard let role else { return nil }
        self.init(
            role: Role(rawValue: role) ?? .custom, granted: granted, denied: denied, isProvider: isProvider,
            scopes: scopes, visibility: sight.map(Visibility.init(text:)))
    }
}
