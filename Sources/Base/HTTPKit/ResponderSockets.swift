import CoreMetrics
package import Kernel
import Logging

extension Responder {
    /// What can be refused with a status before a socket opens.
    func welcome(_ request: APIRequest, at endpoint: Endpoint) throws -> SocketHandshake {
        let handshake = try SocketHandshake(request)
        if let origin = request.headers["origin"], !isAllowed(origin: origin, for: request) {
            throw Problem.foreignOrigin
        }
        try gate.glance(at: request, for: endpoint)
        guard census.enter(request.clientAddress, limit: settings.socket.maxUnauthenticatedPerAddress) else {
            throw Problem.tooManySockets
        }
        return handshake
    }

    /// Browsers always send `Origin`; without one the caller is a program, which no page can make call us.
    private func isAllowed(origin: String, for request: APIRequest) -> Bool {
        let own = "\(request.isSecure ? "https" : "http")://\(request.host)"
        return ([own] + settings.allowedOrigins.map(Self.origin)).contains { $0.lowercased() == origin.lowercased() }
    }

    /// Scheme, host and port of an address whose path somebody left on.
    private static func origin(of address: String) -> String {
        address.split(separator: "/", maxSplits: 3).prefix(2).joined(separator: "//")
    }

    /// The life of an open socket: the gate's answer, then the endpoint's service, then the close.
    func serve(_ socket: Socket, _ opening: Opening, at endpoint: Endpoint, _ service: Endpoint.SocketService) async {
        metrics.sockets.increment()
        defer { metrics.sockets.decrement() }
        do {
            let request = try await admit(opening, to: endpoint)
            try await service(request, socket)
            socket.close(.normal)
        } catch {
            let response = explain(error, opening)
            let code = (error as? any Explained).map { SocketCloseCode(for: $0.problem) } ?? .internalError
            socket.close(
                error is CancellationError ? .goingAway : code, response.status == 500 ? "" : reason(of: error))
        }
        await socket.closed()
    }

    private func admit(_ opening: Opening, to endpoint: Endpoint) async throws -> APIRequest {
        defer { census.leave(opening.request.clientAddress) }
        var opening = opening
        let asked = opening.request
        opening.request.admitted = try await withTimeLimit(settings.socket.authenticationTimeout) { [gate] in
            try await gate.admit(asked, to: endpoint)
        }
        if let admitted = opening.request.admitted {
            try spend(endpoint.rate, by: .principal(admitted.principal.label), &opening)
        }
        return opening.request
    }

    private func reason(of error: any Error) -> String { (error as? any Explained)?.problem.slug ?? "" }
}

/// - Throws: 503 `request-timeout` when `body` has not returned in time; it is cancelled then.
func withTimeLimit<Value: Sendable>(
    _ limit: Duration, _ body: @escaping @Sendable () async throws -> Value
) async throws -> Value {
    try await withThrowingTaskGroup(of: Value.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: limit)
            throw Problem.requestTimeout
        }
        defer { group.cancelAll() }
        guard let first = try await group.next() else { throw Problem.requestTimeout }
        return first
    }
}

extension Problem {
    package static let foreignOrigin = Problem(
        "foreign-origin", status: 403, title: "Pages of this origin may not open sockets here")
    package static let tooManySockets = Problem(
        "too-many-sockets", status: 429, title: "Too many sockets of this address are waiting to be let in",
        retryAfterSeconds: 5)
}
