import Audit
import Cryptography
import Fleet
import FoundationEssentials
import HTTPKit
import JSONKit
package import Kernel
import Logging
import Postgres
import Telemetry
import Tenancy

extension PulseRuns {
    /// Founds an organisation from the shell, once.
    /// - Returns: JSON `{orgId, userId, enrollmentToken?}`.
    package static func foundOrganisation(
        _ configuration: PulseConfiguration, name: String, email: String, password: Secret<String>,
        withEnrollmentToken: Bool
    ) async throws -> String {
        guard let address = EmailAddress(email) else { throw Problem.invalidField("email", "“\(email)” is no address") }
        let url = try configuration.required(\.databaseURL, key: "PULSE_DATABASE_URL")
        var settings = DatabaseConfiguration(url: url)
        settings.sharedConnections = 1
        settings.leasedConnections = 1
        settings.applicationName = "pulse-admin"
        settings.unavailableAfter = .seconds(10)
        settings.leaseTimeout = .seconds(10)
        let time = SystemTime()
        let database = Database(settings, logger: Logger(label: "pulse"))
        defer { database.close() }
        let (org, user) = try await FirstOrganisation(
            database: database, passwords: PasswordHasher(threads: 1), time: time
        ).ensure(name, owner: address, password: password)
        let origin = AuditOrigin(requestID: "-", address: "-", userAgent: "pulse admin")
        let token =
            withEnrollmentToken
            ? try await FleetStore(database).newEnrollmentToken(
                named: "pulse admin", by: user, in: org, from: origin, at: time.now) : nil
        var writer = JSONWriter()
        writer.object { json in
            json.member("orgId", org)
            json.member("userId", user)
            json.member("enrollmentToken", token?.reveal())
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The description of the whole API, which depends on no setting. Builds everything and serves nothing.
    package static func openAPI() async throws -> String {
        let nowhere = "postgres://pulse@127.0.0.1:1/pulse"
        let configuration = try PulseConfiguration([
            "PULSE_ENV": "development", "PULSE_PUBLIC_URL": "http://localhost:7655", "PULSE_DATABASE_URL": nowhere,
            "PULSE_WORKER_DATABASE_URL": nowhere,
        ])
        // That there is no database is no news here.
        var logger = Logger(label: "pulse")
        logger.logLevel = .critical
        let pulse = try Composition(configuration, registry: PrometheusRegistry(), logger: logger)
        guard let endpoint = pulse.table.first(where: { $0.path == "/api/openapi.json" }),
            case .bytes(let document) = try await endpoint.handler(APIRequest()).body
        else { throw Problem.notFound }
        return String(decoding: document, as: UTF8.self)
    }
}
