import FoundationEssentials
import HTTPKit
import Kernel
import Logging
import Telemetry
import TestKit
import Testing

@testable import PulseApp

@Suite struct PulseConfigurationTests {
    static let least = [
        "PULSE_ENV": "development", "PULSE_PUBLIC_URL": "http://localhost:7655",
        "PULSE_DATABASE_URL": "postgres://a@b/c",
    ]

    @Test("the example lists the keys of the configuration, in its order") func example() throws {
        let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .deletingLastPathComponent()
        let text = try String(contentsOf: root.appendingPathComponent(".env.example"), encoding: .utf8)
        let keys = text.split(separator: "\n").compactMap { line -> String? in
            let bare = line.hasPrefix("#") ? line.dropFirst().drop { $0 == " " } : line[...]
            guard bare.hasPrefix("PULSE_"), let end = bare.firstIndex(of: "=") else { return nil }
            let key = bare[..<end]
            return key.allSatisfy { $0.isUppercase || $0 == "_" } ? String(key) : nil
        }
        #expect(keys == PulseConfiguration.keys)
    }

    @Test("the least that is needed gives the stated defaults") func defaults() throws {
        let configuration = try PulseConfiguration(Self.least)
        #expect(configuration.listen == ListenAddress(host: "127.0.0.1", port: 7655))
        #expect(configuration.adminListen.port == 9091)
        #expect(configuration.databaseConnections == 16)
        #expect(configuration.hasRateLimits)
        #expect(configuration.logFormat == .text)
    }

    @Test(
        "a setting that does not fit is refused by its name",
        arguments: [
            ("PULSE_ENV", "staging"), ("PULSE_PUBLIC_URL", "pulse.example.com"), ("PULSE_LISTEN", "everywhere"),
            ("PULSE_LISTEN", "127.0.0.1:99999"), ("PULSE_DATABASE_CONNECTIONS", "0"), ("PULSE_LOG_LEVEL", "loud"),
            ("PULSE_TRUSTED_PROXIES", "0.0.0.0/0"), ("PULSE_SECRET_KEY", "short"), ("PULSE_RATE_LIMITS", "maybe"),
            ("PULSE_TLS_CERT", "/a.pem"), ("PULSE_KEY_PROVIDER", "drawer"), ("PULSE_NONSENSE", "1"),
            ("PULSE_MAIL_FROM", "nobody"),
        ])
    func refused(key: String, value: String) {
        var environment = Self.least
        environment[key] = value
        let error = #expect(throws: ConfigurationError.self) { try PulseConfiguration(environment) }
        #expect(error?.description.contains(key == "PULSE_TLS_CERT" ? "PULSE_TLS_KEY" : key) == true)
    }

    @Test("production wants https, a sender and a key of its own") func production() {
        for missing in ["PULSE_PUBLIC_URL", "PULSE_MAIL_FROM", "PULSE_SECRET_KEY", "PULSE_KEY_STORE"] {
            var environment = [
                "PULSE_PUBLIC_URL": "https://pulse.example.com", "PULSE_MAIL_FROM": "pulse@example.com",
                "PULSE_SECRET_KEY": String(repeating: "k", count: 40), "PULSE_KEY_STORE": "/var/lib/pulse/keys",
            ]
            environment[missing] = missing == "PULSE_PUBLIC_URL" ? "http://pulse.example.com" : ""
            let error = #expect(throws: ConfigurationError.self) { try PulseConfiguration(environment) }
            #expect(error?.description.contains(missing) == true)
        }
    }
}

@Suite(.postgres) struct CompositionTests {
    private func configuration(_ changes: [String: String] = [:]) throws -> PulseConfiguration {
        let database = TestDatabase.current
        var environment = PulseConfigurationTests.least
        environment["PULSE_LISTEN"] = "127.0.0.1:0"
        environment["PULSE_ADMIN_LISTEN"] = "127.0.0.1:0"
        environment["PULSE_DATABASE_URL"] = database.uri(as: "pulse_app").reveal()
        environment["PULSE_WORKER_DATABASE_URL"] = database.uri(as: "pulse_worker").reveal()
        return try PulseConfiguration(environment.merging(changes) { $1 })
    }

    @Test("the whole table of endpoints is without faults, and every unsafe route says what it leaves behind")
    func table() throws {
        let pulse = try Composition(
            configuration(), registry: PrometheusRegistry(), logger: Logger(label: "test"), time: ManualTime())
        #expect(pulse.table.count > 25)
        for endpoint in pulse.table where !endpoint.method.isSafe {
            if case .none(let reason) = endpoint.audit { #expect(!reason.isEmpty, "\(endpoint.name)") }
        }
        for endpoint in pulse.table where endpoint.access.isPublic {
            guard case .public(let reason) = endpoint.access else { continue }
            #expect(!reason.isEmpty, "\(endpoint.name)")
        }
    }

    @Test("production without a mail server does not start") func noMail() throws {
        let environment = [
            "PULSE_ENV": "production", "PULSE_PUBLIC_URL": "https://pulse.example.com",
            "PULSE_MAIL_FROM": "pulse@example.com", "PULSE_SECRET_KEY": String(repeating: "k", count: 40),
            "PULSE_KEY_STORE": "/nowhere",
        ]
        let error = #expect(throws: (any Error).self) {
            _ = try Composition(
                configuration(environment), registry: PrometheusRegistry(), logger: Logger(label: "test"))
        }
        #expect("\(try #require(error))".contains("PULSE_SMTP_URL"))
    }

    @Test("a role that sees past the policies is refused") func tenantRole() async throws {
        await #expect(throws: ConfigurationError.self) {
            try await StartCheck.tenantRole(TestDatabase.current.superuser)
        }
        try await StartCheck.tenantRole(TestDatabase.current.app)
    }
}
