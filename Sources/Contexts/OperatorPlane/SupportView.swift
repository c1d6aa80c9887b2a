package import HTTPKit
internal import Kernel
internal import Postgres

/// What an operator reads in an organisation that has let them in: the public API's own endpoints, those a viewer may
/// ask, mounted below `/api/operator/orgs/{orgId}/view` behind the gate of the operators' listener. So the answers are
/// the same, a new page of a viewer's is there by itself, and nothing is written a second time.
package struct SupportView: Sendable {
    static let prefix = "/api/operator/orgs/{orgId}/view"

    private let context: OperatorContext

    package init(_ context: OperatorContext) { self.context = context }

    /// - Parameter table: of the public listener.
    package func endpoints(from table: [Endpoint]) -> [Endpoint] {
        table.compactMap { endpoint in
            guard endpoint.method == .get, case .permission(let permission) = endpoint.access,
                Role.viewer.allows(permission)
            else { return nil }
            return mounted(endpoint, permission)
        }
    }

    /// `/api/orgs/{id}` is `…/view/organisation`, `/api/orgs/{id}/sites` is `…/view/sites`, `/api/resources` is
    /// `…/view/resources`, and `/ws` is `…/view/ws`.
    static func path(of path: String) -> String {
        if path == "/api/orgs/{id}" { return prefix + "/organisation" }
        for start in ["/api/orgs/{id}/", "/api/", "/"] where path.hasPrefix(start) {
            return prefix + "/" + path.dropFirst(start.count)
        }
        return prefix + path
    }

    private func mounted(_ endpoint: Endpoint, _ permission: Permission) -> Endpoint {
        let isOfPath = endpoint.path.hasPrefix("/api/orgs/{id}")
        let serve = endpoint.serve.map { serve -> Endpoint.SocketService in
            { request, socket in
                try await serve(try await self.logged(request, isOfPath: isOfPath), socket)
            }
        }
        return Endpoint(
            .get, Self.path(of: endpoint.path), summary: endpoint.summary + " (with the organisation's leave)",
            kind: endpoint.kind, access: .support(permission), openTo: endpoint.openTo, narrows: endpoint.narrows,
            audit: .entry(action: OperatorAction.supportRead.rawValue), rate: endpoint.rate,
            problems: endpoint.problems, query: endpoint.query, response: endpoint.response, status: endpoint.status,
            responseExample: endpoint.responseExample, timeout: endpoint.timeout, serve: serve
        ) { request in
            try await endpoint.handler(try await self.logged(request, isOfPath: isOfPath))
        }
    }

    /// Writes the look into the operators' log (the gate has written it into the customer's), and names the organisation
    /// as the endpoint expects it.
    private func logged(_ request: APIRequest, isOfPath: Bool) async throws -> APIRequest {
        let org = try request.org()
        let entry = try request.entry(.supportRead, of: "request:GET \(request.path.prefix(200))", about: org)
        _ = try await context.staff.executeGlobally(entry.append(at: context.time.now))
        var request = request
        request.parameters["orgId"] = nil
        if isOfPath { request.parameters["id"] = org.description }
        return request
    }
}
