internal import HTTPKit
package import Kernel
internal import Postgres

/// Reads tokens that others issued. Whoever implements it knows how they are signed; the gate does not.
package protocol ExternalTokens: Sendable {
    /// Verifies it by what this organisation trusts now. An organisation that is unknown trusts nothing.
    /// - Throws: 401 `invalid-token` whatever is wrong with it, 403 when the token gives no role here.
    func read(_ token: String, for org: OrgID) async throws -> ExternalPass
}

/// The answer of the database's `admit_external`.
struct ExternalAdmission: Sendable {
    let outcome: String

    static func query(_ pass: ExternalPass, in org: OrgID, demand: Demand, now: Timestamp) -> SQL {
        """
        SELECT outcome FROM admit_external(
            \(org), \(pass.trust), \(pass.version), \(pass.role.rawValue), \(pass.endsAt), \(demand.scope?.name),
            \(demand.roles), \(demand.permission?.patterns), \(demand.states), \(demand.isBeyondProviders), \(now))
        """
    }

    init(_ row: inout RowReader) throws { outcome = try row.next() }

    /// Why its bearer does not get in; `nil` when they do.
    func problem(for demand: Demand) -> Problem? {
        switch outcome {
        case "ok": nil
        case "organisation-suspended": .organisationSuspended
        case "not-for-tokens": .notForTokens
        case "permission-denied": .forbidden
        default: .invalidToken
        }
    }

    /// Three parts of base64url, as every signed JSON Web Token has them; nothing else is asked about.
    static func isToken(_ text: String) -> Bool {
        text.utf8.count <= 8192 && text.hasPrefix("eyJ") && text.utf8.count { $0 == UInt8(ascii: ".") } == 2
    }
}

extension ExternalPass {
    /// Where a scope opens it, a token of this kind opens what its role allows, but for what is beyond providers too.
    func caller(in org: OrgID) -> Caller {
        Caller(
            principal: .external(self), org: org,
            authority: Authority(role: role, isProvider: true, scopes: [.everything]))
    }
}

extension AccessGate {
    /// Two round trips: what the organisation trusts, and then, with the token verified, as everybody else.
    func admitExternal(
        _ token: String, _ request: APIRequest, _ demand: Demand, with statements: [SQL]
    ) async throws -> (caller: Caller, answers: [ResultSet]) {
        guard let externals else { throw Problem.invalidToken }
        guard let org = OrganisationChoice(of: request).asked else { throw Problem.organisationRequired }
        let pass = try await externals.read(token, for: org)
        let query = ExternalAdmission.query(pass, in: org, demand: demand, now: time.now)
        let answers = try await database.batch(in: nil, [query] + statements)
        guard let found = try answers[0].first({ try ExternalAdmission(&$0) }) else { throw Problem.invalidToken }
        if let problem = found.problem(for: demand) { throw problem }
        return (pass.caller(in: org), Array(answers.dropFirst()))
    }
}
