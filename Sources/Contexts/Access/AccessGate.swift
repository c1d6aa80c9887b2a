internal import Cryptography
package import HTTPKit
package import Kernel
package import Postgres

/// The gate before every endpoint. One round trip a request, nothing remembered between two.
package struct AccessGate: Gate {
    let database: Database
    private let touches: SessionTouches
    let time: any TimeSource
    /// `nil`: nobody else's tokens are good here.
    let externals: (any ExternalTokens)?

    package init(
        database: Database, touches: SessionTouches, time: any TimeSource, externals: (any ExternalTokens)? = nil
    ) {
        self.database = database
        self.touches = touches
        self.time = time
        self.externals = externals
    }

    /// Refuses at once what needs no database: nothing presented, or something that cannot be a credential of ours.
    package func glance(at request: APIRequest, for endpoint: Endpoint) throws {
        guard !endpoint.access.isPublic else { return }
        switch Credential(of: request) {
        case .none: throw Problem.unauthenticated
        case .malformed(let problem): throw problem
        case .session, .agent, .token, .directory, .external: return
        }
    }

    package func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller? {
        switch endpoint.access {
        case .public: nil
        case .session, .permission: try await admitMember(request, endpoint.demand).caller
        case .agent: try await admitAgent(request, openTo: endpoint.openTo).caller
        case .directory: try await admitDirectory(request, openTo: endpoint.openTo)
        // Staff have a listener of their own; on this one nobody is staff.
        case .operator, .support: throw Problem.forbidden
        }
    }

    /// Admits the agent behind the request's token.
    package func admitAgent(
        _ request: APIRequest, openTo: Set<OrgCondition> = [.active]
    ) async throws -> AdmittedAgent {
        switch Credential(of: request) {
        case .agent(let token):
            let row = try await database.firstGlobally(AgentAdmission.query(token, states: openTo.map(\.rawValue))) {
                try AgentAdmission(&$0)
            }
            guard let agent = row?.agent else { throw row?.problem ?? .invalidToken }
            return agent
        case .malformed(let problem): throw problem
        case .none, .session, .external: throw Problem.unauthenticated
        case .directory:
            _ = try await admitDirectory(request, openTo: openTo)
            throw Problem.notForTokens
        case .token(let token):
            let nothing = Demand(permission: nil, scope: nil, openTo: openTo, narrows: false)
            _ = try await admitToken(token, request, nothing, with: [])
            throw Problem.notForTokens
        }
    }

    /// Admits a person or an API token and runs `statements` inside the organisation, all in one round trip. When nobody
    /// is admitted the statements see no row, and what they answered is thrown away.
    func admitMember(
        _ request: APIRequest, _ demand: Demand, with statements: [SQL] = []
    ) async throws -> (caller: Caller, answers: [ResultSet]) {
        switch Credential(of: request) {
        case .session(let token): return try await admitSession(token, request, demand, with: statements)
        case .token(let token): return try await admitToken(token, request, demand, with: statements)
        case .external(let token): return try await admitExternal(token, request, demand, with: statements)
        case .none: throw Problem.unauthenticated
        case .malformed(let problem): throw problem
        case .agent:
            _ = try await admitAgent(request)
            throw Problem.notForTokens
        case .directory:
            _ = try await admitDirectory(request, openTo: demand.openTo)
            throw Problem.notForTokens
        }
    }

    private func admitSession(
        _ token: BearerToken, _ request: APIRequest, _ demand: Demand, with statements: [SQL]
    ) async throws -> (caller: Caller, answers: [ResultSet]) {
        let now = time.now
        let query = SessionAdmission.query(
            token.hash, choice: OrganisationChoice(of: request), demand: demand, now: now)
        let answers = try await database.batch(in: nil, [query] + statements)
        guard let found = try answers[0].first({ try SessionAdmission(&$0) }), let caller = found.caller else {
            throw Problem.unauthenticated
        }
        try Self.checkCSRF(request, hash: found.csrfHash)
        if let problem = found.problem(for: demand) { throw problem }
        if let session = found.session, let seen = found.lastSeenAt {
            touches.note(session, seenBefore: seen, now: now)
        }
        return (caller, Array(answers.dropFirst()))
    }

    private func admitToken(
        _ token: BearerToken, _ request: APIRequest, _ demand: Demand, with statements: [SQL]
    ) async throws -> (caller: Caller, answers: [ResultSet]) {
        let now = time.now
        let query = TokenAdmission.query(
            token.hash, choice: OrganisationChoice(of: request), client: request.clientAddress, demand: demand, now: now
        )
        let answers = try await database.batch(in: nil, [query] + statements)
        guard let found = try answers[0].first({ try TokenAdmission(&$0) }) else { throw Problem.invalidToken }
        if let problem = found.problem(for: demand) { throw problem }
        guard let caller = found.caller, let id = found.token else { throw Problem.invalidToken }
        touches.note(id, from: request.clientAddress, seenBefore: found.lastUsedAt, now: now)
        return (caller, Array(answers.dropFirst()))
    }

    /// A page of another site can make the browser send our cookie, but cannot read the token that goes with it.
    private static func checkCSRF(_ request: APIRequest, hash: [UInt8]) throws(Problem) {
        guard !request.method.isSafe else { return }
        guard let token = request.headers["x-csrf-token"],
            Digests.constantTimeEqual(Digests.sha256(token.trimmed), hash)
        else { throw .csrfFailed }
    }
}

extension AdmittedAgent {
    package var caller: Caller { Caller(principal: .agent(id), org: org) }
}
