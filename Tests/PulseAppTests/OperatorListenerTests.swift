import HTTPKit
import Kernel
import Logging
import Telemetry
import TestKit
import Testing

@testable import PulseApp

/// The two tables of the whole program.
@Suite(.postgres) struct OperatorListenerTests {
    private func pulse(_ more: [String: String]) throws -> Composition {
        let database = TestDatabase.current
        var environment = PulseConfigurationTests.least
        environment["PULSE_DATABASE_URL"] = database.uri(as: "pulse_app").reveal()
        environment["PULSE_WORKER_DATABASE_URL"] = database.uri(as: "pulse_worker").reveal()
        environment.merge(more) { _, new in new }
        let quiet = Logger(label: "test") { _ in SwiftLogNoOpLogHandler() }
        return try Composition(try PulseConfiguration(environment), registry: PrometheusRegistry(), logger: quiet)
    }

    private var hosted: [String: String] {
        [
            "PULSE_OPERATOR_LISTEN": "127.0.0.1:0",
            "PULSE_OPERATOR_DATABASE_URL": TestDatabase.current.uri(as: "pulse_operator").reveal(),
        ]
    }

    @Test("there is no operators' listener unless one is asked for, and it wants its database") func absent() throws {
        let plain = try pulse([:])
        #expect(plain.operators == nil)
        #expect(plain.operatorTable.isEmpty)
        let error = #expect(throws: ConfigurationError.self) { try pulse(["PULSE_OPERATOR_LISTEN": "127.0.0.1:0"]) }
        #expect(error?.description.contains("PULSE_OPERATOR_DATABASE_URL") == true)
    }

    @Test("no route for staff is on the public table, and none but theirs on their own") func apart() throws {
        let pulse = try pulse(hosted)
        #expect(pulse.table.allSatisfy { !$0.access.isForStaff && !$0.path.hasPrefix("/api/operator") })
        let shared = ["/api/health", "/api/version", "/api/openapi.json"]
        let staff = pulse.operatorTable.filter { !shared.contains($0.path) }
        #expect(staff.count > 25)
        #expect(staff.allSatisfy { $0.path.hasPrefix("/api/operator/") })
        for endpoint in staff where !endpoint.access.isForStaff {
            #expect(Self.ways.contains { endpoint.path.hasPrefix($0) }, "\(endpoint.path)")
        }
    }

    /// What leads to being signed in, and so wants nobody to be.
    private static let ways = [
        "/api/operator/login", "/api/operator/setup/begin", "/api/operator/setup/complete", "/api/operator/sign-in",
        "/api/operator/oidc/{provider}/", "/api/operator/saml/{provider}/", "/api/operator/sso/code",
    ]

    @Test("what support may read is what a viewer reads, and every change is logged") func view() throws {
        let pulse = try pulse(hosted)
        let mounted = pulse.operatorTable.filter { if case .support = $0.access { true } else { false } }
        let readable = pulse.table.filter { endpoint in
            guard case .permission(let permission) = endpoint.access else { return false }
            return endpoint.method == .get && Role.viewer.allows(permission)
        }
        #expect(mounted.count == readable.count)
        #expect(mounted.contains { $0.kind == .socket && $0.serve != nil })
        #expect(mounted.allSatisfy { $0.method == .get && $0.path.hasPrefix("/api/operator/orgs/{orgId}/view/") })
        for endpoint in pulse.operatorTable where !endpoint.method.isSafe {
            if case .entry = endpoint.audit { continue }
            #expect(
                ["/api/operator/setup/begin", "/api/operator/providers/test", "/api/operator/links/{provider}"]
                    .contains(endpoint.path))
        }
    }
}
