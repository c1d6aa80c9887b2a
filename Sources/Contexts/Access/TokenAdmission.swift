internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// The answer of the database's `admit_token`.
struct TokenAdmission: Sendable {
    let outcome: String
    let token: TokenID?
    let owner: UserID?
    let org: OrgID?
    let lastUsedAt: Timestamp?
    let authority: Authority?

    static func query(
        _ hash: [UInt8], choice: OrganisationChoice, client: String, demand: Demand, now: Timestamp
    ) -> SQL {
        """
        SELECT outcome, token_id, owner_id, org_id, last_used_at, scopes, role, granted, denied, sight
        FROM admit_token(
            \(hash), \(choice.asked), \(choice.remembered), \(NetworkRange(client)?.description),
            \(demand.scope?.name), \(demand.roles), \(demand.permission?.patterns), \(demand.states), \(now))
        """
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        token = try row.next()
        owner = try row.next()
        org = try row.next()
        lastUsedAt = try row.next()
        let scopes = Set((try row.next([String]?.self) ?? []).map(Scope.init))
        authority = try Authority(&row, scopes: scopes)
    }

    /// Why this token does not get in; `nil` when it does.
    func problem(for demand: Demand) -> Problem? {
        switch outcome {
        case "ok": demand.fits(authority?.visibility) ? nil : .forbidden
        case "token-address-refused": .tokenAddressRefused
        case "organisation-not-found": .organisationNotFound
        case "organisation-suspended": .organisationSuspended
        case "not-for-tokens": .notForTokens
        case "missing-scope": .missingScope(demand.scope)
        case "permission-denied": .forbidden
        default: .invalidToken
        }
    }
}

extension TokenAdmission {
    /// `nil` unless it was admitted.
    var caller: Caller? {
        guard let token, let org else { return nil }
        return Caller(principal: .token(token, owner: owner), org: org, authority: authority, user: owner)
    }
}

extension Problem {
    static let tokenAddressRefused = Problem(
        "token-address-refused", status: 403, title: "This token may not be used from this address",
        detail: "Its list of allowed addresses does not hold yours.")

    static func missingScope(_ scope: Scope?) -> Problem {
        Problem(
            "missing-scope", status: 403, title: "This token is not good for that",
            detail: scope.map { "It would need the scope \($0)." }, code: "missing_scope",
            extras: scope.map { ["requiredScope": $0.name] } ?? [:])
    }
}
