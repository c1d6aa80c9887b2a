internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// The answer of the database's `admit_scim`.
struct DirectoryAdmission: Sendable {
    let outcome: String
    private let token: DirectoryTokenID?
    private let org: OrgID?
    private let provider: String?

    static func query(
        _ hash: [UInt8], choice: OrganisationChoice, client: String, states: [String], now: Timestamp
    ) -> SQL {
        """
        SELECT outcome, token_id, org_id, provider
        FROM admit_scim(
            \(hash), \(choice.asked), \(choice.remembered), \(client), \(Digests.sha256("scim \(client)")), \(states),
            \(now))
        """
    }

    init(_ row: inout RowReader) throws {
        outcome = try row.next()
        token = try row.next()
        org = try row.next()
        provider = try row.next()
    }

    /// Why the directory does not get in; `nil` when it does.
    var problem: Problem? {
        switch outcome {
        case "ok": nil
        case "too-many": .directoryTooBusy
        case "organisation-not-found": .organisationNotFound
        case "organisation-suspended": .organisationSuspended
        default: .invalidToken
        }
    }

    /// It has no role and no permission: what it may do are the routes for directories, all of them.
    var caller: Caller? {
        guard let token, let org else { return nil }
        return Caller(principal: .scim(token, provider: provider), org: org)
    }
}

extension AccessGate {
    /// Admits the directory behind the request's token. Whoever comes with another credential is turned away as on any
    /// route that is not for them.
    func admitDirectory(_ request: APIRequest, openTo: Set<OrgCondition>) async throws -> Caller {
        let states = openTo.map(\.rawValue)
        switch Credential(of: request) {
        case .directory(let token):
            let query = DirectoryAdmission.query(
                token.hash, choice: OrganisationChoice(of: request), client: request.clientAddress, states: states,
                now: time.now)
            let row = try await database.firstGlobally(query) { try DirectoryAdmission(&$0) }
            guard let caller = row?.caller else { throw row?.problem ?? .invalidToken }
            return caller
        case .malformed(let problem): throw problem
        case .none, .session, .external: throw Problem.unauthenticated
        case .agent:
            _ = try await admitAgent(request, openTo: openTo)
            throw Problem.notForTokens
        case .token:
            let nothing = Demand(permission: nil, scope: nil, openTo: openTo, narrows: false)
            _ = try await admitMember(request, nothing)
            throw Problem.notForTokens
        }
    }
}

extension Problem {
    /// Counted over all processes, an organisation.
    static let directoryTooBusy = Problem(
        "rate-limited", status: 429, title: "Too many requests",
        detail: "At most 30000 directory requests a minute, and 100 with tokens that are none.", code: "rate_limit",
        retryAfterSeconds: 30)
}
