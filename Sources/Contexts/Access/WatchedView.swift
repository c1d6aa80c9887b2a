internal import Cryptography
internal import HTTPKit
internal import Kernel
internal import Postgres

/// What the database is asked about an open view. Views that ask the same are asked about once.
struct WatchedView: Sendable, Hashable {
    private enum Bearer: Sendable, Hashable { case session, token, external(ExternalPass) }

    private let bearer: Bearer
    private let hash: [UInt8]
    private let choice: OrganisationChoice
    private let client: String
    private let demand: Demand

    /// - Throws: 401 for a caller without session or token: agents keep no view open.
    init(_ request: APIRequest, at endpoint: Endpoint) throws {
        switch Credential(of: request) {
        case .session(let token): (bearer, hash) = (.session, token.hash)
        case .token(let token): (bearer, hash) = (.token, token.hash)
        case .external:
            guard case .external(let pass) = try request.caller().principal else { throw Problem.unauthenticated }
            (bearer, hash) = (.external(pass), [])
        case .none, .agent, .malformed: throw Problem.unauthenticated
        }
        choice = OrganisationChoice(of: request)
        client = request.clientAddress
        demand = endpoint.demand
    }

    func query(at now: Timestamp) -> SQL {
        switch bearer {
        case .session: SessionAdmission.query(hash, choice: choice, demand: demand, now: now)
        case .token: TokenAdmission.query(hash, choice: choice, client: client, demand: demand, now: now)
        case .external(let pass):
            ExternalAdmission.query(pass, in: choice.asked ?? OrganisationChoice.nowhere, demand: demand, now: now)
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
