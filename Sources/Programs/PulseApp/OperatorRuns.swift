import Identity
import JSONKit
package import Kernel
import Logging
import Mail
import NIOConcurrencyHelpers
package import OperatorPlane
import Postgres
import ServiceLifecycle

extension PulseRuns {
    /// Makes an operator's account.
    /// - Returns: JSON `{operatorId, setupUrl, expiresAt}`.
    package static func createOperator(
        _ configuration: PulseConfiguration, email: String, name: String, role: OperatorRole
    ) async throws -> String {
        try await withAccounts(configuration) { json(of: try await $0.create(email, name: name, role: role)) }
    }

    /// - Returns: JSON, one object a line.
    package static func listOperators(_ configuration: PulseConfiguration) async throws -> [String] {
        try await withAccounts(configuration) { try await $0.list() }
    }

    package static func disableOperator(
        _ configuration: PulseConfiguration, email: String, _ isDisabled: Bool
    ) async throws {
        try await withAccounts(configuration) { try await $0.disable(try await $0.id(of: email), isDisabled) }
    }

    /// - Returns: as `createOperator`.
    package static func resetOperator(_ configuration: PulseConfiguration, email: String) async throws -> String {
        try await withAccounts(configuration) { json(of: try await $0.reset(try await $0.id(of: email))) }
    }

    /// Whether operators may sign in with password and authenticator: the way back where no provider answers.
    package static func setOperatorPasswordLogin(_ configuration: PulseConfiguration, _ isOn: Bool) async throws {
        try await withAccounts(configuration) { try await $0.setPasswordLogin(isOn) }
    }

    /// Lets somebody back into an organisation, and tells its owners by mail.
    /// - Returns: JSON `{orgId, userId, link?, linkExpiresAt?, ownersTold}`.
    package static func recover(
        _ configuration: PulseConfiguration, organisation: String, person: String, _ measures: Recovery.Measures,
        reason: String
    ) async throws -> String {
        let database = try staff(configuration)
        defer { database.close() }
        let time = SystemTime()
        let recovery = Recovery(
            staff: database, links: configuration.linkKey, publicURL: configuration.publicURL, time: time)
        let done = try await recovery.recover(organisation, person: person, measures, reason: reason)
        let told = try await deliver(done.letters, configuration, time: time)
        var writer = JSONWriter()
        writer.object { json in
            json.member("orgId", done.org)
            json.member("userId", done.user)
            json.member("link", done.link?.reveal())
            json.member("linkExpiresAt", done.linkExpiresAt)
            json.member("ownersTold", told)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    private static func withAccounts<Answer>(
        _ configuration: PulseConfiguration, _ body: (OperatorAccounts) async throws -> Answer
    ) async throws -> Answer {
        let database = try staff(configuration)
        defer { database.close() }
        return try await body(
            OperatorAccounts(
                staff: database, links: configuration.linkKey, url: configuration.operatorURL, time: SystemTime()))
    }

    private static func staff(_ configuration: PulseConfiguration) throws -> Database {
        let url = try configuration.required(\.operatorDatabaseURL, key: "PULSE_OPERATOR_DATABASE_URL")
        var settings = DatabaseConfiguration(url: url)
        settings.sharedConnections = 1
        settings.leasedConnections = 1
        settings.applicationName = "pulse-admin"
        settings.unavailableAfter = .seconds(10)
        settings.leaseTimeout = .seconds(10)
        return Database(settings, logger: Logger(label: "pulse"))
    }

    private static func json(of link: OperatorAccounts.Link) -> String {
        var writer = JSONWriter()
        writer.object { json in
            json.member("operatorId", link.id)
            json.member("setupUrl", link.address.reveal())
            json.member("expiresAt", link.expiresAt)
        }
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    /// Right away: this program ends, and with it the queue. What was done stands whether or not they can be told.
    /// - Returns: how many were told.
    private static func deliver(
        _ letters: [OutgoingMail], _ configuration: PulseConfiguration, time: any TimeSource
    ) async throws -> Int {
        let logger = Logger(label: "pulse")
        let counted = CountedTransport(try Composition.transport(configuration))
        let queue = MailQueue(
            transport: counted, sender: try Composition.sender(configuration), time: time, logger: logger)
        for letter in letters { queue.send(letter) }
        let group = ServiceGroup(configuration: ServiceGroupConfiguration(services: [queue], logger: logger))
        await group.triggerGracefulShutdown()
        try await group.run()
        return counted.delivered
    }
}

/// Counts what went out.
private final class CountedTransport: MailTransport {
    private let transport: any MailTransport
    private let count = NIOLockedValueBox(0)

    init(_ transport: any MailTransport) { self.transport = transport }

    var delivered: Int { count.withLockedValue { $0 } }

    func deliver(_ mail: RenderedMail) async throws(MailError) {
        try await transport.deliver(mail)
        count.withLockedValue { $0 += 1 }
    }
}
