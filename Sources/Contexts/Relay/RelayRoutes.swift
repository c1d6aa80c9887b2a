internal import Access
internal import Audit
package import HTTPKit
internal import JSONKit
internal import Kernel

/// Gateways over HTTP: where agents connect, and what people see and decide.
package struct RelayRoutes: Sendable {
    private let board: Switchboard

    package init(_ board: Switchboard) { self.board = board }

    package var endpoints: [Endpoint] { [socket, list, change] }

    private var socket: Endpoint {
        .socket(
            "/api/agents/gateway", summary: "Be a gateway: streams to what the agent's administrator allowed",
            access: .agent, scope: .agentReport, audit: .entry(action: AuditAction.gatewayConnect.rawValue),
            problems: [.gatewayDisabled, .gatewaySuperseded, .gatewayViolation(""), .gatewaySilent, .gatewayGone],
            messages: .string.described("Binary frames of the gateway protocol; see the handbook"),
            messageExample: "\"welcome\""
        ) { request, socket in try await board.serve(socket, request) }
    }

    private var list: Endpoint {
        Endpoint(
            .get, "/api/gateways", summary: "The agents that are gateways, and what each lets Pulse reach",
            access: .permission(.readConnections), scope: .settingsRead, audit: .none(reason: "reads only"),
            response: .object(["data": .array(Self.gateway)]), responseExample: "{\"data\":[\(Self.example)]}"
        ) { request in
            let rows = try await board.store.all(in: try request.org())
            return .json { $0.member("data", rows) }
        }
    }

    private var change: Endpoint {
        Endpoint(
            .patch, "/api/gateways/{id}", summary: "Switch a gateway off, or on again",
            access: .permission(.manageAgents), scope: .settingsWrite,
            audit: .entry(action: AuditAction.gatewayUpdate.rawValue), idempotency: .natural,
            problems: [.gatewayNotFound, .invalidField("enabled", "true or false is wanted")],
            request: .object(["enabled": .boolean]), response: Self.gateway, requestExample: #"{"enabled":false}"#,
            responseExample: Self.example
        ) { request in
            guard let id = AgentID(request.parameters["id"] ?? "") else { throw Problem.gatewayNotFound }
            let body = try request.json(JSONValue.self)
            guard let enabled = body["enabled"]?.bool else {
                throw Problem.invalidField("enabled", "true or false is wanted")
            }
            let (org, now) = (try request.org(), board.time.now)
            let row = try await board.store.set(id, enabled: enabled, in: org) { was in
                try request.audit(
                    .gatewayUpdate, of: "agent:\(id)", before: .object(["enabled": .bool(was)]),
                    after: .object(["enabled": .bool(enabled)]), at: now)
            }
            if !enabled { board.session(of: id, in: org)?.end(.gatewayDisabled) }
            return .json(row)
        }
    }

    private static let gateway = Schema.object([
        "agentId": .uuid, "hostname": .string, "enabled": .boolean,
        "state": .enumeration(["online", "offline", "disabled"]),
        "allows": .array(.string).described("What the agent's own administrator allows; the agent decides"),
        "agentVersion": .string, "connectedAt": .timestamp, "disconnectedAt": .timestamp.optional,
        "streams": .integer(minimum: 0).described("Open now, as of the last five seconds"),
        "receivedBytes": .integer(minimum: 0), "sentBytes": .integer(minimum: 0),
        "connections": .integer(minimum: 0).described("That lead through it"),
    ]).named("Gateway")

    private static let example = """
        {"agentId":"0195f3a0-6f00-7c3d-a2e4-0f6b7c8d9e01","hostname":"door-1","enabled":true,"state":"online",\
        "allows":["192.168.1.0/24:8006"],"agentVersion":"0.1.0","connectedAt":"2026-11-21T09:30:00.000Z","streams":2,\
        "receivedBytes":1843200,"sentBytes":40960,"connections":1}
        """
}
