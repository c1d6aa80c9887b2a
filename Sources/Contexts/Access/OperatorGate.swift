internal import Audit
internal import Cryptography
package import HTTPKit
package import Kernel
package import Postgres

/// The gate of the operators' listener. It knows the operators' cookie and nothing else: what opens a customer's door
/// opens none here, and its own opens none there.
package struct OperatorGate: Gate {
    private let staff: Database
    private let app: Database
    private let time: any TimeSource

    /// - Parameters:
    ///   - staff: as pulse_operator, who alone may look an operator up.
    ///   - app: as pulse_app: whoever is let into an organisation reads there as its members do.
    package init(staff: Database, app: Database, time: any TimeSource) {
        self.staff = staff
        self.app = app
        self.time = time
    }

    package func glance(at request: APIRequest, for endpoint: Endpoint) throws {
        guard endpoint.access.isPublic || OperatorCookies.token(of: request) != nil else {
            throw Problem.unauthenticated
        }
    }

    package func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller? {
        switch endpoint.access {
        case .public: nil
        case .operator(let role): try await admitOperator(request, as: role)
        case .support(let permission): try await admitSupport(request, to: endpoint, permission)
        // Members have a listener of their own; on this one nobody is one.
        case .session, .permission, .agent, .directory: throw Problem.forbidden
        }
    }

    private func admitOperator(_ request: APIRequest, as wanted: OperatorRole) async throws -> Caller {
        guard let token = OperatorCookies.token(of: request) else { throw Problem.unauthenticated }
        let roles = OperatorRole.allCases.filter { $0.includes(wanted) }.map(\.rawValue)
        let found = try await staff.firstGlobally(OperatorAdmission.query(token.hash, roles: roles, now: time.now)) {
            try OperatorAdmission(&$0)
        }
        guard let found, let caller = found.caller else { throw Problem.unauthenticated }
        try Self.checkCSRF(request, hash: caller.csrfHash)
        if let problem = found.problem { throw problem }
        return caller
    }

    /// Lets staff into the organisation of the path, and writes that into its trail before they see anything of it.
    private func admitSupport(
        _ request: APIRequest, to endpoint: Endpoint, _ permission: Permission
    ) async throws -> Caller {
        guard let token = OperatorCookies.token(of: request) else { throw Problem.unauthenticated }
        let org = request.parameters["orgId"].flatMap { OrgID($0) } ?? OrganisationChoice.nowhere
        let now = time.now
        let states = endpoint.openTo.map(\.rawValue)
        let found = try await app.firstGlobally(
            SupportAdmission.query(token.hash, in: org, states: states, isUse: true, now: now)
        ) { try SupportAdmission(&$0) }
        guard let caller = found?.caller(in: org) else { throw found?.problem ?? .unauthenticated }
        guard endpoint.method.isSafe, caller.may(permission) else { throw Problem.forbidden }
        let what = "request:\(endpoint.method.rawValue) \(request.path)"
        let record = AuditRecord(.supportAccessRead, of: what, by: caller.principal, from: request.origin)
        _ = try await app.batch(in: org, [record.append(at: now)])
        return caller
    }

    private static func checkCSRF(_ request: APIRequest, hash: [UInt8]?) throws(Problem) {
        guard !request.method.isSafe else { return }
        guard let hash, let token = request.headers["x-csrf-token"],
            Digests.constantTimeEqual(Digests.sha256(token.trimmed), hash)
        else { throw .csrfFailed }
    }
}
