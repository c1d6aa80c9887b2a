package import Kernel

/// Who the gate let in, and for which organisation.
package struct Caller: Sendable {
    package let principal: Principal
    /// The organisation this request acts in; `nil` when the endpoint needs none and none was chosen.
    package let org: OrgID?
    /// The caller's built-in role there.
    package var role: Role? { authority?.role }
    /// What the caller may do there; `nil` without an organisation, and for agents, who may only report.
    package let authority: Authority?
    package let user: UserID?
    /// SHA-256 of the session's CSRF token; `nil` for callers without a cookie.
    package let csrfHash: [UInt8]?
    /// Of staff; `nil` for everybody else.
    package let standing: OperatorRole?
    /// The organisation whose word alone this session rests on; `nil`: the person proved to Pulse who they are.
    package let boundTo: OrgID?

    package init(
        principal: Principal, org: OrgID? = nil, authority: Authority? = nil, user: UserID? = nil,
        csrfHash: [UInt8]? = nil, standing: OperatorRole? = nil, boundTo: OrgID? = nil
    ) {
        self.principal = principal
        self.org = org
        self.authority = authority
        self.user = user
        self.csrfHash = csrfHash
        self.standing = standing
        self.boundTo = boundTo
    }

    package init(principal: Principal, org: OrgID?, role: Role, user: UserID? = nil) {
        self.init(principal: principal, org: org, authority: Authority(role: role), user: user)
    }

    /// The part of the inventory this caller sees; `nil`: all of it.
    package var visibility: Visibility? { authority?.visibility }

    package func may(_ permission: Permission) -> Bool { authority?.allows(permission) ?? false }
}

/// Decides who may call what. One stands before every endpoint; Access implements it.
package protocol Gate: Sendable {
    /// What can be refused without waiting, so that a socket's upgrade is declined with a real status: no credential
    /// at all, an organisation that is not an id.
    func glance(at request: APIRequest, for endpoint: Endpoint) throws

    /// Checks credential, CSRF token, organisation and permission.
    /// - Returns: `nil` for a public endpoint called without a credential.
    /// - Throws: an `Explained` error: 401, 403, 404 for someone else's organisation, 400 `organisation-required`.
    func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller?
}

extension Gate {
    /// Refuses a caller who brings no credential of any kind to an endpoint that needs one.
    package func glance(at request: APIRequest, for endpoint: Endpoint) throws {
        guard !endpoint.access.isPublic else { return }
        let hasCredential =
            request.headers["x-api-token"] != nil || request.headers["authorization"] != nil
            || request.protectedCookie("pulse_session") != nil
        if !hasCredential { throw Problem.unauthenticated }
    }
}
