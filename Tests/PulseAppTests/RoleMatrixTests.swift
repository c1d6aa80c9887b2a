import Access
import Cryptography
import HTTPKit
import Kernel
import Logging
import Postgres
import Telemetry
import TestKit
import Testing

@testable import PulseApp

/// Roles x routes x verbs, from the table of the whole program: observed equals declared in every cell.
@Suite(.postgres) struct RoleMatrixTests {
    private let gate: AccessGate
    private let table: [Endpoint]

    init() throws {
        let (database, time) = (TestDatabase.current, ManualTime())
        var environment = PulseConfigurationTests.least
        environment["PULSE_LISTEN"] = "127.0.0.1:0"
        environment["PULSE_ADMIN_LISTEN"] = "127.0.0.1:0"
        environment["PULSE_DATABASE_URL"] = database.uri(as: "pulse_app").reveal()
        environment["PULSE_WORKER_DATABASE_URL"] = database.uri(as: "pulse_worker").reveal()
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        table = try Composition(
            try PulseConfiguration(environment), registry: PrometheusRegistry(), logger: quiet, time: time
        ).table
        let touches = SessionTouches(database: database.app, time: time, logger: quiet)
        gate = AccessGate(database: database.app, touches: touches, time: time)
    }

    /// Somebody with this role, and how their requests begin.
    private func caller(
        role: String, granted: [String]? = nil
    ) async throws -> (org: OrgID, headers: Headers) {
        let (user, org) = try await Given.member(as: .viewer)
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET role = \(role), granted = \(granted) WHERE user_id = \(user)")
        let csrf = BearerToken.new(.csrf)
        let session = try await Given.session(of: user, csrfHash: csrf.hash).token
        return (org, ["cookie": "pulse_session=\(session.text.reveal())", "x-csrf-token": csrf.text.reveal()])
    }

    private func request(_ endpoint: Endpoint, in org: OrgID, _ headers: Headers) -> APIRequest {
        var parameters: [String: String] = [:]
        let segments = endpoint.path.split(separator: "/").map { segment -> String in
            guard let open = segment.firstIndex(of: "{"), let close = segment.firstIndex(of: "}") else {
                return String(segment)
            }
            let name = String(segment[segment.index(after: open)..<close])
            let isOrg = endpoint.path.hasPrefix("/api/orgs/{\(name)}")
            parameters[name] = isOrg ? "\(org)" : "\(ResourceID.new(at: Given.start))"
            return String(segment[..<open]) + parameters[name]! + String(segment[segment.index(after: close)...])
        }
        return APIRequest(
            method: endpoint.method, path: "/" + segments.joined(separator: "/"), parameters: parameters,
            headers: headers)
    }

    /// `in`, or the slug of the refusal. What happens behind the gate is not asked.
    private func outcome(_ endpoint: Endpoint, in org: OrgID, _ headers: Headers) async throws -> String {
        let request = request(endpoint, in: org, headers)
        do {
            switch endpoint.admission {
            case .before: _ = try await gate.admit(request, to: endpoint)
            case .fused: _ = try await endpoint.handler(request)
            }
            return "in"
        } catch let error as any Explained {
            return [401, 403].contains(error.problem.status) ? error.problem.slug : "in"
        }
    }

    private func isLetIn(_ endpoint: Endpoint, _ may: (Permission) -> Bool) -> Bool {
        switch endpoint.access {
        case .public, .session: true
        case .permission(let permission): may(permission)
        case .agent, .directory, .operator, .support: false
        }
    }

    @Test("every built-in role meets every route as the table declares", arguments: Role.allCases)
    func builtIn(role: Role) async throws {
        let (org, headers) = try await caller(role: role.rawValue)
        for endpoint in table where !endpoint.access.isPublic {
            let seen = try await outcome(endpoint, in: org, headers)
            #expect((seen == "in") == isLetIn(endpoint, role.allows), "\(role) at \(endpoint.name): \(seen)")
        }
        #expect(table.count > 40)
    }

    @Test("a custom role of one permission opens the routes of that permission alone", arguments: Permission.all)
    func custom(permission: Permission) async throws {
        let (org, headers) = try await caller(role: "custom", granted: [permission.description])
        for endpoint in table where !endpoint.access.isPublic {
            let seen = try await outcome(endpoint, in: org, headers)
            #expect(
                (seen == "in") == isLetIn(endpoint) { $0 == permission }, "\(permission) at \(endpoint.name): \(seen)")
        }
    }

    @Test(
        "a token of an owner with one scope opens the routes of that scope alone", arguments: Scope.all + [.everything])
    func tokens(scope: Scope) async throws {
        let (user, org) = try await Given.member()
        let token = BearerToken.new(.api)
        try await TestDatabase.current.superuser.executeGlobally(
            """
            INSERT INTO pulse.api_tokens (org_id, id, name, owner_id, scopes, hint, token_hash, created_by, created_at)
            VALUES (\(org), \(TokenID.new(at: Given.start)), 't', \(user), \([scope.name]), 'pat_', \(token.hash), 'test', now())
            """)
        for endpoint in table where !endpoint.access.isPublic {
            let seen = try await outcome(endpoint, in: org, ["x-api-token": token.text.reveal()])
            let fits = endpoint.scope.map { $0 == scope || scope == .everything } ?? false
            #expect(
                (seen == "in") == (fits && isLetIn(endpoint) { _ in true }), "\(scope) at \(endpoint.name): \(seen)")
        }
    }

    @Test("an agent's token opens the agents' routes alone")
    func agents() async throws {
        let org = try await Given.organisation()
        let token = try await Given.agent(in: org).token.text.reveal()
        for endpoint in table where !endpoint.access.isPublic {
            let seen = try await outcome(endpoint, in: org, ["x-api-token": token])
            #expect((seen == "in") == (endpoint.access == .agent), "\(endpoint.name): \(seen)")
        }
    }

    @Test("whoever sees a part of the inventory is refused where a route would show all of it")
    func sight() async throws {
        let (org, headers) = try await caller(role: "custom", granted: ["read:monitoring"])
        try await TestDatabase.current.superuser.executeGlobally(
            "UPDATE pulse.members SET sight = '{\"any\":[{\"tags\":[\"berlin\"]}]}' WHERE org_id = \(org)")
        for endpoint in table where endpoint.access == .permission(.readMonitoring) {
            #expect((try await outcome(endpoint, in: org, headers) == "in") == endpoint.narrows, "\(endpoint.name)")
        }
    }

    @Test("a verb that a path does not declare is no route, whoever asks")
    func verbs() async throws {
        let responder = Responder(
            table: try EndpointTable(table), gate: gate, settings: HTTPSettings(),
            metrics: HTTPMetrics(factory: PrometheusRegistry()),
            logger: Logger(label: "test") { _ in SwiftLogNoOpLogHandler() })
        let (org, headers) = try await caller(role: "owner")
        for (path, declared) in Dictionary(grouping: table, by: \.path) {
            let methods = Set(declared.map(\.method))
            for method in [Endpoint.Method.get, .post, .put, .patch, .delete] where !methods.contains(method) {
                var asked = request(declared[0], in: org, headers)
                asked.method = method
                asked.clientAddress = "192.0.2.\(Int.random(in: 1...250))"
                let status = await responder.respond(to: asked).status
                #expect([404, 405].contains(status), "\(method.rawValue) \(path): \(status)")
            }
        }
    }
}
