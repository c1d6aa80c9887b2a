internal import AuditTrail
package import Cryptography
package import HTTPKit
internal import Identity
package import Kernel
package import Logging
package import Outbound
internal import Relay
package import Telemetry
package import VerifiedDomains

/// Everything that `pulse` is told from outside, read once at start. `.env.example` lists the same keys in this order.
package struct PulseConfiguration: Sendable {
    package enum Environment: String, Sendable, CaseIterable { case development, production }

    /// `PULSE_ENV`: development or production. Default production: nothing lax by accident.
    package var environment: Environment
    /// `PULSE_PUBLIC_URL`: URL without a trailing slash; links in mails begin with it. Required.
    package var publicURL: String
    /// `PULSE_LISTEN`: address:port. Default 127.0.0.1:7655.
    package var listen: ListenAddress
    /// `PULSE_ADMIN_LISTEN`: address:port of health and metrics. Default 127.0.0.1:9091.
    package var adminListen: ListenAddress
    /// `PULSE_OPERATOR_LISTEN`: address:port of the operators' pages and routes. Default none: there are none.
    package var operatorListen: ListenAddress?
    /// `PULSE_OPERATOR_URL`: where operators reach them. Default http:// and PULSE_OPERATOR_LISTEN.
    package var operatorURL: String
    /// `PULSE_DATABASE_URL`: libpq URI as pulse_app.
    package var databaseURL: Secret<String>?
    /// `PULSE_WORKER_DATABASE_URL`: libpq URI as pulse_worker.
    package var workerDatabaseURL: Secret<String>?
    /// `PULSE_MIGRATION_DATABASE_URL`: libpq URI as pulse_owner.
    package var migrationDatabaseURL: Secret<String>?
    /// `PULSE_OPERATOR_DATABASE_URL`: libpq URI as pulse_operator.
    package var operatorDatabaseURL: Secret<String>?
    /// `PULSE_DATABASE_CONNECTIONS`: 2...200, half shared by statements, half leased to transactions. Default 16.
    package var databaseConnections: Int
    /// `PULSE_SMTP_URL`: smtp:// or smtps:// with user and password. Empty in development: the outbox.
    package var smtpURL: Secret<String>?
    /// `PULSE_MAIL_FROM`: the sender of our mails.
    package var mailFrom: String
    /// `PULSE_OUTBOX_DIR`: where development keeps mail. Default .local/outbox.
    package var outboxDirectory: String
    /// `PULSE_CONSOLE_DIR`: the built console. Default .local/console.
    package var consoleDirectory: String
    /// `PULSE_AGENT_DIR`: agent programs for download. Default .local/agent.
    package var agentDirectory: String
    /// `PULSE_LOG_LEVEL`. Default info.
    package var logLevel: Logger.Level
    /// `PULSE_LOG_FORMAT`: json or text.
    package var logFormat: LogFormat
    /// `PULSE_TRUSTED_PROXIES`: networks whose X-Forwarded headers are believed. Default none.
    package var trustedProxies: [NetworkRange]
    /// `PULSE_TLS_CERT` and `PULSE_TLS_KEY`: PEM files; both or none.
    package var tls: HTTPSettings.TLSFiles?
    /// `PULSE_SECRET_KEY`: at least 32 bytes; signs links, audit checkpoints and exports.
    package var secretKey: Secret<String>
    /// `PULSE_AUDIT_FORMER_KEYS`: public keys, base64url, separated by commas. Default none.
    package var formerAuditKeys: [VerifyingKey]
    /// `PULSE_OUTBOUND_ALLOW`: networks besides the public internet that addresses of customers may lead to. Default none.
    package var outbound: OutboundPolicy
    /// `PULSE_DNS_SERVER`: address:port of the resolver that proofs of domains are read from. Default: the system's.
    package var nameServer: SystemTextRecords.Server?
    /// `PULSE_RATE_LIMITS`: on or off. Default on.
    package var hasRateLimits: Bool
    /// `PULSE_RELAY_LISTEN`: address:port at which the other processes of this installation ask for streams through
    /// gateways that are connected here. Default none: there are no others.
    package var relayListen: ListenAddress?
    /// `PULSE_RELAY_ADVERTISE`: address:port by which they reach it. Default PULSE_RELAY_LISTEN.
    package var relayAdvertise: ListenAddress?
    /// `PULSE_KEY_PROVIDER` and the keys it wants: who holds the keys that wrap the organisations' data keys.
    package var keys: KeySettings
    /// `PULSE_NATS_URL` and its kin, `PULSE_LEASE_SECONDS`: how several processes work together.
    package var pool: PoolSettings

    /// The keys in the order of `.env.example`.
    package static let keys: [String] =
        [
            "PULSE_ENV", "PULSE_PUBLIC_URL", "PULSE_LISTEN", "PULSE_ADMIN_LISTEN", "PULSE_OPERATOR_LISTEN",
            "PULSE_OPERATOR_URL", "PULSE_DATABASE_URL", "PULSE_WORKER_DATABASE_URL", "PULSE_MIGRATION_DATABASE_URL",
            "PULSE_OPERATOR_DATABASE_URL", "PULSE_DATABASE_CONNECTIONS", "PULSE_SMTP_URL",
            "PULSE_MAIL_FROM", "PULSE_OUTBOX_DIR", "PULSE_CONSOLE_DIR", "PULSE_AGENT_DIR", "PULSE_LOG_LEVEL",
            "PULSE_LOG_FORMAT", "PULSE_TRUSTED_PROXIES", "PULSE_TLS_CERT", "PULSE_TLS_KEY", "PULSE_SECRET_KEY",
            "PULSE_AUDIT_FORMER_KEYS", "PULSE_OUTBOUND_ALLOW", "PULSE_DNS_SERVER", "PULSE_RATE_LIMITS",
            "PULSE_RELAY_LISTEN",
            "PULSE_RELAY_ADVERTISE",
        ] + KeySettings.keys + PoolSettings.keys

    /// - Throws: a sentence that names the key, what was seen and what is wanted.
    package init(_ environment: [String: String]) throws(ConfigurationError) {
        let reader = EnvironmentReader(environment)
        try reader.refuseUnknown(keys: Self.keys)
        let kind = try reader.choice("PULSE_ENV", Environment.self) ?? .production
        self.environment = kind
        publicURL = try Self.address(
            "PULSE_PUBLIC_URL", reader, wanted: "the address browsers use, such as https://pulse.example.com",
            isProduction: kind == .production)
        listen = try reader.address("PULSE_LISTEN") ?? ListenAddress(host: "127.0.0.1", port: 7655)
        adminListen = try reader.address("PULSE_ADMIN_LISTEN") ?? ListenAddress(host: "127.0.0.1", port: 9091)
        operatorListen = try reader.address("PULSE_OPERATOR_LISTEN")
        operatorURL = try Self.operatorURL(reader, listen: operatorListen, isProduction: kind == .production)
        databaseURL = reader.text("PULSE_DATABASE_URL").map(Secret.init)
        workerDatabaseURL = reader.text("PULSE_WORKER_DATABASE_URL").map(Secret.init)
        migrationDatabaseURL = reader.text("PULSE_MIGRATION_DATABASE_URL").map(Secret.init)
        operatorDatabaseURL = reader.text("PULSE_OPERATOR_DATABASE_URL").map(Secret.init)
        databaseConnections = try reader.integer("PULSE_DATABASE_CONNECTIONS", in: 2...200) ?? 16
        smtpURL = reader.text("PULSE_SMTP_URL").map(Secret.init)
        mailFrom = try Self.mailFrom(reader, isProduction: kind == .production)
        outboxDirectory = reader.text("PULSE_OUTBOX_DIR") ?? ".local/outbox"
        consoleDirectory = reader.text("PULSE_CONSOLE_DIR") ?? ".local/console"
        agentDirectory = reader.text("PULSE_AGENT_DIR") ?? ".local/agent"
        logLevel = try reader.choice("PULSE_LOG_LEVEL", Logger.Level.self) ?? .info
        logFormat = try reader.choice("PULSE_LOG_FORMAT", LogFormat.self) ?? (kind == .production ? .json : .text)
        trustedProxies = try reader.networks("PULSE_TRUSTED_PROXIES")
        tls = try Self.tls(reader)
        secretKey = try Self.secretKey(reader, isProduction: kind == .production)
        formerAuditKeys = try Self.verifyingKeys(reader, "PULSE_AUDIT_FORMER_KEYS")
        outbound = OutboundPolicy(allowing: try reader.networks("PULSE_OUTBOUND_ALLOW"))
        nameServer = try reader.nameServer("PULSE_DNS_SERVER")
        hasRateLimits = try reader.choice("PULSE_RATE_LIMITS", Switch.self) != .off
        relayListen = try reader.address("PULSE_RELAY_LISTEN")
        relayAdvertise = try reader.address("PULSE_RELAY_ADVERTISE")
        keys = try KeySettings(reader, isProduction: kind == .production)
        pool = try PoolSettings(reader)
    }

    private enum Switch: String, CaseIterable { case on, off }

    private static func operatorURL(
        _ reader: EnvironmentReader, listen: ListenAddress?, isProduction: Bool
    ) throws(ConfigurationError) -> String {
        if reader.text("PULSE_OPERATOR_URL") == nil {
            return listen.map { "http://\($0.host):\($0.port)" } ?? "http://localhost"
        }
        return try address(
            "PULSE_OPERATOR_URL", reader, wanted: "the address operators use, such as https://ops.example.com",
            isProduction: isProduction)
    }

    /// A URL without path and without a slash at its end; https in production.
    private static func address(
        _ key: String, _ reader: EnvironmentReader, wanted: String, isProduction: Bool
    ) throws(ConfigurationError) -> String {
        guard var url = reader.text(key) else { throw .missing(key, wanted: wanted) }
        while url.hasSuffix("/") { url.removeLast() }
        let host = url.hasPrefix("https://") ? url.dropFirst(8) : url.hasPrefix("http://") ? url.dropFirst(7) : ""
        guard !host.isEmpty, !host.contains("/"), !host.contains("?"), !host.contains("@"), !host.contains(" ") else {
            throw .unfit(key, saw: url, wanted: wanted)
        }
        if isProduction, !url.hasPrefix("https://") {
            throw .unfit(key, saw: url, wanted: "an https address in production")
        }
        return url
    }

    private static func mailFrom(
        _ reader: EnvironmentReader, isProduction: Bool
    ) throws(ConfigurationError) -> String {
        guard let from = reader.text("PULSE_MAIL_FROM") else {
            guard isProduction || reader.text("PULSE_SMTP_URL") != nil else { return "pulse@pulse.localhost" }
            throw .missing("PULSE_MAIL_FROM", wanted: "the sender of our mails, such as pulse@example.com")
        }
        let parts = from.split(separator: "@", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }), from.isPlainLine, !from.contains(" ") else {
            throw .unfit("PULSE_MAIL_FROM", saw: from, wanted: "a mail address")
        }
        return from
    }

    private static func tls(_ reader: EnvironmentReader) throws(ConfigurationError) -> HTTPSettings.TLSFiles? {
        switch (reader.text("PULSE_TLS_CERT"), reader.text("PULSE_TLS_KEY")) {
        case (nil, nil): return nil
        case (let chain?, let key?): return HTTPSettings.TLSFiles(certificateChain: chain, privateKey: key)
        case (nil, _): throw .missing("PULSE_TLS_CERT", wanted: "the certificate of PULSE_TLS_KEY")
        case (_, nil): throw .missing("PULSE_TLS_KEY", wanted: "the key of PULSE_TLS_CERT")
        }
    }

    private static func secretKey(
        _ reader: EnvironmentReader, isProduction: Bool
    ) throws(ConfigurationError) -> Secret<String> {
        guard let key = reader.text("PULSE_SECRET_KEY") else {
            guard !isProduction else { throw .missing("PULSE_SECRET_KEY", wanted: "at least 32 bytes of randomness") }
            return Secret("development only, known to everyone")
        }
        guard key.utf8.count >= 32, !(isProduction && key.hasPrefix("change-me")) else {
            throw .unfit("PULSE_SECRET_KEY", saw: "\(key.utf8.count) bytes", wanted: "at least 32 bytes of randomness")
        }
        return Secret(key)
    }

    private static func verifyingKeys(
        _ reader: EnvironmentReader, _ key: String
    ) throws(ConfigurationError) -> [VerifyingKey] {
        var keys: [VerifyingKey] = []
        for part in (reader.text(key) ?? "").split(separator: ",").map(\.trimmed) where !part.isEmpty {
            guard let bytes = Base64URL.decode(part.utf8), let one = VerifyingKey(bytes) else {
                throw .unfit(key, saw: part, wanted: "Ed25519 public keys as GET /api/audit/key shows them")
            }
            keys.append(one)
        }
        return keys
    }

    /// The name browsers know us by, without scheme and port.
    var publicHost: String { OutboundTarget(publicURL)?.host ?? "-" }

    /// The way between the processes of this installation.
    var relayLink: RelayLink {
        get throws {
            try RelayLink(
                listen: relayListen.map { ($0.host, $0.port) }, advertised: relayAdvertise.map { ($0.host, $0.port) },
                secret: Secret(Array(secretKey.reveal().utf8)))
        }
    }

    /// What mailed links are hashed under.
    var linkKey: LinkKey { LinkKey(secret: Secret(Array(secretKey.reveal().utf8))) }

    /// What signs the audit trail, and what is believed there.
    var trailKeys: TrailKeys {
        TrailKeys(secret: Secret(Array(secretKey.reveal().utf8)), former: formerAuditKeys)
    }

    /// A key that this role cannot do without.
    package func required(
        _ url: KeyPath<PulseConfiguration, Secret<String>?>, key: String
    ) throws(ConfigurationError) -> Secret<String> {
        guard let value = self[keyPath: url] else { throw .missing(key, wanted: "a libpq URI, postgres://…") }
        return value
    }
}

/// Where a listener binds.
package struct ListenAddress: Sendable, Hashable {
    package let host: String
    package let port: Int

    package init(host: String, port: Int) {
        self.host = host
        self.port = port
    }
}
