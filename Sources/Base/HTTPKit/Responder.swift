import CoreMetrics
import Kernel
package import Logging

/// Answers requests: finds the endpoint, keeps the budgets, asks the gate, runs the handler, and turns whatever is
/// thrown into a problem. Knows nothing of connections, so that tests can ask it without one.
package struct Responder: Sendable {
    /// Answers GET and HEAD of paths that are no endpoint (the console's pages); `nil`: not found.
    package typealias Fallback = @Sendable (APIRequest) async throws -> APIResponse?

    private enum LogKey {
        static let request = "request"
        static let route = "route"
        static let error = "error"
        static let kind = "kind"
    }

    let table: EndpointTable
    let gate: any Gate
    let settings: HTTPSettings
    let limiter: RateLimiter
    let metrics: HTTPMetrics
    let logger: Logger
    let census = SocketCensus()
    private let accessLog: AccessLog
    private let idempotency: (any IdempotencyStore)?
    private let fallback: Fallback?

    package init(
        table: EndpointTable, gate: any Gate, settings: HTTPSettings, metrics: HTTPMetrics, logger: Logger,
        limiter: RateLimiter = RateLimiter(), idempotency: (any IdempotencyStore)? = nil, fallback: Fallback? = nil
    ) {
        self.table = table
        self.gate = gate
        self.settings = settings
        self.limiter = limiter
        self.metrics = metrics
        self.logger = logger
        self.accessLog = AccessLog(logger: logger)
        self.idempotency = idempotency
        self.fallback = fallback
    }

    /// Asks as the server would, without a connection. `path` and `query` are taken as decoded.
    package func respond(to request: APIRequest) async -> APIResponse {
        let segments = request.path.dropFirst().split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        var opening = Opening(
            request: request, target: .fallback, methodText: request.method.rawValue, rawQuery: "",
            isHead: request.method == .head)
        route(&opening, method: request.method, segments)
        var response = await answer(&opening)
        finish(&response, opening)
        return response
    }

    /// The answer of a complete request. Never throws: every error is an answer.
    func answer(_ opening: inout Opening) async -> APIResponse {
        do {
            switch opening.target {
            case .refused(let problem, let headers): return refusal(problem, headers, opening)
            case .options(let allowed): return APIResponse(status: 204, headers: ["allow": allowed])
            case .fallback:
                guard let response = try await fallback?(opening.request) else { throw Problem.notFound }
                return response
            case .endpoint(let endpoint): return try await run(endpoint, &opening)
            }
        } catch {
            return explain(error, opening)
        }
    }

    /// What can be answered without waiting; `nil` when a task is needed.
    func immediateAnswer(_ opening: Opening) -> APIResponse? {
        switch opening.target {
        case .refused(let problem, let headers): refusal(problem, headers, opening)
        case .options(let allowed): APIResponse(status: 204, headers: ["allow": allowed])
        case .fallback, .endpoint: nil
        }
    }

    private func run(_ endpoint: Endpoint, _ opening: inout Opening) async throws -> APIResponse {
        if endpoint.admission == .before {
            opening.request.admitted = try await gate.admit(opening.request, to: endpoint)
        }
        try spend(endpoint.rate, by: caller(of: opening.request), &opening)
        let request = opening.request
        guard endpoint.idempotency == .key, let key = try IdempotencyKey(of: request, at: endpoint) else {
            return try await endpoint.handler(request)
        }
        var keyed = request
        keyed.idempotencyKey = key
        guard let idempotency else { return try await endpoint.handler(keyed) }
        return try await idempotency.once(key, by: request.admitted) { [keyed] in try await endpoint.handler(keyed) }
    }

    /// One answer is on its way: log it and count it.
    func answered(_ opening: Opening, status: Int, bytes: Int, after duration: Duration) {
        accessLog.record(opening, status: status, bytes: bytes, after: duration)
        metrics.answered(route: opening.route, method: opening.methodText, status: status, after: duration)
    }

    // MARK: Budgets

    /// Who is counted besides the address: the principal, or where a handler finds it out itself, the credential
    /// (hashed with this process's seed).
    private func caller(of request: APIRequest) -> RateLimiter.Subject? {
        if let admitted = request.admitted { return .principal(admitted.principal.label) }
        guard
            let credential = request.headers["x-api-token"] ?? request.headers["authorization"]
                ?? request.protectedCookie("pulse_session")
        else { return nil }
        return .principal("credential:\(credential.hashValue)")
    }

    func spend(_ rateClass: RateClass, by subject: RateLimiter.Subject?, _ opening: inout Opening) throws(Problem) {
        let multiplier = rateMultiplier(for: opening.request)
        guard let subject, multiplier > 0 else { return }
        let verdict = limiter.take(rateClass, subject, from: rateClass.budget.times(multiplier))
        opening.verdict = verdict
        guard verdict.isAllowed else {
            metrics.rateLimited.increment()
            throw .rateLimited(verdict)
        }
    }

    func rateMultiplier(for request: APIRequest) -> Double {
        request.isDirectLoopback ? settings.loopbackRateMultiplier ?? settings.rateMultiplier : settings.rateMultiplier
    }

    // MARK: Errors

    private func refusal(_ problem: Problem, _ headers: Headers, _ opening: Opening) -> APIResponse {
        var response = APIResponse.problem(
            problem, requestID: opening.request.id, in: table.dialect(of: opening.request.path))
        for header in headers { response.headers[header.name] = header.value }
        return response
    }

    /// Logs what nobody has explained: this is where the error stops.
    func explain(_ error: any Error, _ opening: Opening) -> APIResponse {
        let problem: Problem
        switch error {
        case let explained as any Explained: problem = explained.problem
        case is CancellationError: problem = .requestTimeout
        default: problem = .internalError
        }
        if problem.status >= 500 {
            let level: Logger.Level = problem.status == 500 ? .error : .warning
            logger.log(
                level: level, "request failed",
                metadata: [
                    LogKey.request: "\(opening.request.id)", LogKey.route: "\(opening.route)",
                    LogKey.kind: "\(type(of: error))", LogKey.error: "\(String(describing: error).prefix(500))",
                ])
        }
        return .problem(problem, requestID: opening.request.id, in: table.dialect(of: opening.request.path))
    }
}

extension RateLimiter.Budget {
    func times(_ factor: Double) -> RateLimiter.Budget {
        RateLimiter.Budget(max(1, Int((Double(limit) * factor).rounded())), per: window)
    }
}
