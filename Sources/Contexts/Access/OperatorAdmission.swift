internal import HTTPKit
package import Kernel
internal import Postgres

/// The answer of the database's `admit_operator`.
struct OperatorAdmission: Sendable {
    let outcome: String
    let caller: Caller?

    static func query(_ hash: [UInt8], roles: [String], now: Timestamp) -> SQL {
        "SELECT outcome, operator_id, role, csrf_hash FROM admit_operator(\(hash), \(roles), \(now))"
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        let id = try row.next(OperatorID?.self)
        let role = try row.next(String?.self).flatMap { OperatorRole(rawValue: $0) }
        let csrf = try row.next([UInt8]?.self)
        guard let id, let role else {
            caller = nil
            return
        }
        caller = Caller(principal: .operator(id, consent: nil), csrfHash: csrf, standing: role)
    }

    /// Why this operator does not get in; `nil` when they do.
    var problem: Problem? {
        switch outcome {
        case "ok": nil
        case "permission-denied": .forbidden
        default: .unauthenticated
        }
    }
}

/// The answer of the database's `admit_support`.
struct SupportAdmission: Sendable {
    /// With an organisation's leave they see what its least member sees, and change nothing.
    private static let authority = Authority(role: .viewer)

    let outcome: String
    let id: OperatorID?
    let role: OperatorRole?
    let csrfHash: [UInt8]?
    let consent: SupportConsentID?

    /// - Parameter isUse: a request, which prolongs the operator's session; looking after an open view is none.
    static func query(_ hash: [UInt8], in org: OrgID, states: [String], isUse: Bool, now: Timestamp) -> SQL {
        """
        SELECT outcome, operator_id, role, csrf_hash, consent_id
        FROM admit_support(\(hash), \(org), \(states), \(isUse), \(now))
        """
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        id = try row.next()
        role = try row.next(String?.self).flatMap { OperatorRole(rawValue: $0) }
        csrfHash = try row.next()
        consent = try row.next()
    }

    var problem: Problem? {
        switch outcome {
        case "ok": nil
        case "organisation-not-found": .organisationNotFound
        case "organisation-suspended": .organisationSuspended
        case "support-access-required": .supportAccessRequired
        default: .unauthenticated
        }
    }

    /// `nil` for whoever is not let in.
    func caller(in org: OrgID) -> Caller? {
        guard problem == nil, let id, let role, let consent else { return nil }
        return Caller(
            principal: .operator(id, consent: consent), org: org, authority: Self.authority, csrfHash: csrfHash,
            standing: role)
    }
}

extension Problem {
    /// Never asked, not agreed to, taken back, or over.
    package static let supportAccessRequired = Problem(
        "support-access-required", status: 403, title: "This organisation has not let you in",
        detail: "Ask it for support access; one of its owners has to agree.")
}
