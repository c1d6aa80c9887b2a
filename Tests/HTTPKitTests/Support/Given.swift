import CoreMetrics
import HTTPKit
import Kernel
import Logging
import ServiceLifecycle

/// Endpoints and servers with all filled in but what a test is about.
enum Given {
    static func endpoint(
        _ method: Endpoint.Method = .get, _ path: String = "/api/thing", access: AccessRule = .public(reason: "test"),
        kind: Endpoint.Kind = .json, idempotency: IdempotencyRule = .none, rate: RateClass = .general,
        maxBodyBytes: Int = 1024, takesUpload: Bool = false, timeout: Duration = .seconds(5),
        handler: @escaping Endpoint.Handler = { _ in .json(Array("{}".utf8)) }
    ) -> Endpoint {
        Endpoint(
            method, path, summary: "Does a thing", kind: kind, access: access, audit: .none(reason: "test"),
            idempotency: idempotency, rate: rate, request: method.isSafe ? nil : .anything, response: .anything,
            requestExample: method.isSafe ? nil : "{}", responseExample: "{}", maxBodyBytes: maxBodyBytes,
            takesUpload: takesUpload, timeout: timeout, handler: handler)
    }

    static func responder(
        _ endpoints: [Endpoint], gate: any Gate = OpenGate(), settings: HTTPSettings = HTTPSettings(),
        limiter: RateLimiter = RateLimiter(), idempotency: (any IdempotencyStore)? = nil,
        fallback: Responder.Fallback? = nil
    ) throws -> Responder {
        Responder(
            table: try EndpointTable(endpoints), gate: gate, settings: settings,
            metrics: HTTPMetrics(factory: NOOPMetricsHandler.instance), logger: .silent, limiter: limiter,
            idempotency: idempotency, fallback: fallback)
    }

    /// Runs a server on a free port while `body` talks to it, then shuts it down in good order.
    static func server(
        _ endpoints: [Endpoint], gate: any Gate = OpenGate(), settings: HTTPSettings = HTTPSettings(),
        fallback: Responder.Fallback? = nil, _ body: @escaping @Sendable (_ port: Int) async throws -> Void
    ) async throws {
        let responder = try responder(endpoints, gate: gate, settings: settings, fallback: fallback)
        try await running(HTTPServer(responder: responder)) { port, _ in try await body(port) }
    }

    static func running(
        _ server: HTTPServer,
        _ body: @escaping @Sendable (_ port: Int, _ shutDown: @escaping @Sendable () async -> Void) async throws -> Void
    ) async throws {
        let services = ServiceGroup(configuration: .init(services: [.init(service: server)], logger: .silent))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask { try await services.run() }
            do {
                try await body(try await server.port) { await services.triggerGracefulShutdown() }
            } catch {
                await services.triggerGracefulShutdown()
                throw error
            }
            await services.triggerGracefulShutdown()
            try await group.waitForAll()
        }
    }
}

extension Logger {
    static var silent: Logger { Logger(label: "test") { _ in SwiftLogNoOpLogHandler() } }
}

/// Lets everyone in, as nobody in particular.
struct OpenGate: Gate {
    func glance(at request: APIRequest, for endpoint: Endpoint) throws {}
    func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller? { nil }
}

/// Answers as it is told.
struct ScriptedGate: Gate {
    let answer: @Sendable (APIRequest) async throws -> Caller?
    func admit(_ request: APIRequest, to endpoint: Endpoint) async throws -> Caller? { try await answer(request) }
}
