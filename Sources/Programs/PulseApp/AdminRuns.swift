import Access
import Cryptography
import Fleet
import FoundationEssentials
import HTTPKit
import Identity
import JSONKit
package import Kernel
import Logging
import Mail
import Postgres
import Telemetry
import Tenancy

extension PulseRuns {
    /// Founds an organisation from the shell, once.
    /// - Returns: JSON `{orgId, userId, created, enrollmentToken?}`.
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
        let context = IdentityContext(
            database: database, passwords: PasswordHasher(threads: 1), mail: NoPostbox(),
            links: LinkKey(secret: Secret(Array(configuration.secretKey.reveal().utf8))), time: time,
            publicURL: configuration.publicURL)
        let request = APIRequest(id: "pulse-admin", headers: ["user-agent": "pulse admin"])
        let place = try await Founding(context).found(name, for: address, password: password, from: request)
        let token =
            withEnrollmentToken
            ? try await FleetStore(database).newEnrollmentToken(
                named: "pulse admin", by: place.user, in: place.org, from: request.origin, at: time.now) : nil
        var writer = JSONWriter()
        writer.object { json in
            json.member("orgId", place.org)
            json.member("userId", place.user)
            json.member("created", place.isNew)
            json.member("enrollmentToken", token?.reveal())
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// The description of the whole API. Builds everything and starts nothing.
    package static func openAPI(_ configuration: PulseConfiguration) async throws -> String {
        let pulse = try Composition(configuration, registry: PrometheusRegistry(), logger: Logger(label: "pulse"))
        guard let endpoint = pulse.table.first(where: { $0.path == "/api/openapi.json" }),
            case .bytes(let document) = try await endpoint.handler(APIRequest()).body
        else { throw Problem.notFound }
        return String(decoding: document, as: UTF8.self)
    }
}

/// The shell sends no mail.
private struct NoPostbox: Postbox {
    func send(_ mail: OutgoingMail) -> Bool { false }
}
