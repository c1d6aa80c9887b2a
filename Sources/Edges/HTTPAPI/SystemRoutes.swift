package import HTTPKit
import JSONKit
import Kernel

/// What the program says of itself to anyone.
package struct SystemRoutes: Sendable {
    private let version: String

    package init(version: String) { self.version = version }

    package var endpoints: [Endpoint] { [health, versionRoute, description] }

    private static let reason = "says nothing of any organisation"

    private var health: Endpoint {
        Endpoint(
            .get, "/api/health", summary: "The program answers", access: .public(reason: Self.reason),
            audit: .none(reason: "reads only"),
            response: .object(["status": .enumeration(["ok"]), "version": .string]),
            responseExample: #"{"status":"ok","version":"0.1.0"}"#
        ) { _ in
            .json { json in
                json.member("status", "ok")
                json.member("version", version)
            }
        }
    }

    private var versionRoute: Endpoint {
        Endpoint(
            .get, "/api/version", summary: "Which version answers", access: .public(reason: Self.reason),
            audit: .none(reason: "reads only"), response: .object(["version": .string]),
            responseExample: #"{"version":"0.1.0"}"#
        ) { _ in .json { $0.member("version", version) } }
    }

    private var description: Endpoint {
        Endpoint(
            .get, "/api/openapi.json", summary: "This description, as OpenAPI 3.1",
            access: .public(reason: Self.reason), audit: .none(reason: "reads only"), response: .anything,
            responseExample: #"{"openapi":"3.1.0"}"#
        ) { _ in throw Problem.notFound }
    }

    /// The whole table: `endpoints`, these, and the description of them all.
    /// - Throws: every fault of the table at once.
    package func table(with endpoints: [Endpoint]) throws(EndpointTableFaults) -> [Endpoint] {
        let draft = endpoints + self.endpoints
        var writer = JSONWriter(capacity: 256 * 1024)
        OpenAPI(title: "Pulse", version: version, table: try EndpointTable(draft)).encode(to: &writer)
        let document = writer.bytes
        return draft.map { endpoint in
            guard endpoint.path == "/api/openapi.json" else { return endpoint }
            return Endpoint(
                .get, endpoint.path, summary: endpoint.summary, access: endpoint.access, audit: endpoint.audit,
                response: endpoint.response, responseExample: endpoint.responseExample
            ) { _ in .json(document) }
        }
    }
}
