internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// What the database is asked about an open view. Views that ask the same are asked about once.
struct WatchedView: Sendable, Hashable {
    private enum Bearer: Sendable, Hashable { case session, token, external(ExternalPass), staff(in: OrgID) }

    private let bearer: Bearer
    private let hash: [UInt8]
    private let choice: OrganisationChoice
    private let client: String
    private let demand: Demand

    /// - Throws: 401 for a caller without session or token: agents keep no view open.
    init(_ request: APIRequest, at endpoint: Endpoint) throws {
        if let org = request.admitted?.org, request.admitted?.standing != nil {
            guard let token = OperatorCookies.token(of: request) else { throw Problem.unauthenticated }
            (bearer, hash) = (.staff(in: org), token.hash)
        } else {
            (bearer, hash) = try Self.member(of: request)
        }
        choice = OrganisationChoice(of: request)
        client = request.clientAddress
        demand = endpoint.demand
    }

    private static func member(of request: APIRequest) throws -> (Bearer, [UInt8]) {
        switch Credential(of: request) {
        case .session(let token): return (.session, token.hash)
        case .token(let token): return (.token, token.hash)
        case .external:
            guard case .external(let pass) = try request.caller().principal else { throw Problem.unauthenticated }
            return (.external(pass), [])
        case .none, .agent, .directory, .malformed: throw Problem.unauthenticated
        }
    }

    func query(at now: Timestamp) -> SQL {
        switch bearer {
        case .session: SessionAdmission.query(hash, choice: choice, demand: demand, now: now)
        case .token: TokenAdmission.query(hash, choice: choice, client: client, demand: demand, now: now)
        case .external(let pass):
            ExternalAdmission.query(pass, in: choice.asked ?? OrganisationChoice.nowhere, demand: demand, now: now)
        case .staff(let org): SupportAdmission.query(hash, in: org, states: demand.states, isUse: false, now: now)
        }
    }

    /// - Parameter answer: of `query`.
    func verdict(_ answer: ResultSet) throws -> Result<Caller, Problem> {
        switch bearer {
        case .session:
            guard let found = try answer.first({ try SessionAdmission(&$0) }), let caller = found.caller else {
                return .failure(.unauthenticated)
            }
            return found.problem(for: demand).map { .failure($0) } ?? .success(caller)
        case .token:
            guard let found = try answer.first({ try TokenAdmission(&$0) }) else { return .failure(.invalidToken) }
            if let problem = found.problem(for: demand) { return .failure(problem) }
            return found.caller.map { .success($0) } ?? .failure(.invalidToken)
        case .external(let pass):
            guard let org = choice.asked, let found = try answer.first({ try ExternalAdmission(&$0) }) else {
                return .failure(.invalidToken)
            }
            return found.problem(for: demand).map { .failure($0) } ?? .success(pass.caller(in: org))
        case .staff(let org):
            guard let found = try answer.first({ try SupportAdmission(&$0) }) else {
                return .failure(.unauthenticated)
            }
            return found.caller(in: org).map { .success($0) } ?? .failure(found.problem ?? .unauthenticated)
        }
    }
}

extension AccessGate {
    /// What would be answered to each of these now, in order, in one round trip.
    func verdicts(on views: [WatchedView]) async throws -> [Result<Caller, Problem>] {
        let now = time.now
        let answers = try await database.batch(in: nil, views.map { $0.query(at: now) })
        return try zip(views, answers).map { try $0.verdict($1) }
    }
}
