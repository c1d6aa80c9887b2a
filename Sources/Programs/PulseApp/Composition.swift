import Access
import Annotations
import Audit
import AuditTrail
import Bus
import Connections
import Console
import Cryptography
import EncryptionKeys
import Fleet
import FoundationEssentials
import History
import HTTPAPI
package import Inventory
package import HTTPKit
import Identity
import Ingest
package import Inventory
package import Kernel
package import Logging
import Mail
import Monitoring
import OIDC
import OperatorPlane
import OperatorSignOn
package import Outbound
import Portability
import Postgres
import Realtime
import Relay
import Resources
import SCIM
import SAML
package import ServiceLifecycle
import SignOnKit
import SingleSignOn
package import Telemetry
package import Tenancy
import TrustedIssuers
package import Vault
import VerifiedDomains

/// A whole Pulse, built and not yet running. The same for the program and for tests.
package struct Composition: Sendable {
    /// Every route of the public listener.
    package let table: [Endpoint]
    package let server: HTTPServer
    package let admin: HTTPServer
    /// Every route of the operators' listener; empty without one.
    package let operatorTable: [Endpoint]
    package let operators: HTTPServer?
    /// What seals secrets here; rooms that keep some are handed it.
    package let vault: SecretVault
    package let shredder: KeyShredder
    package let eraser: OrganisationEraser
    /// In the order of starting; stopping goes the other way.
    package let services: [any Service]

    /// Every column of type `sealed`, so that a rotation finds it; a test compares the list with the catalogue.
    static let sealedColumns: [SealedColumn] = [
        SealedColumn(.instance, table: "totp_secrets", column: "secret", key: "user_id"),
        SealedColumn(.instance, table: "operator_totp", column: "secret", key: "operator_id"),
        SealedColumn(.instance, table: "operator_providers", column: "secrets"),
        SealedColumn(.instance, table: "operator_sso_flows", column: "kept", key: "state_hash"),
        SealedColumn(.instance, table: "operator_sso_sessions", column: "logout", key: "session_id"),
        SealedColumn(.organisations, table: "audit_streams", column: "address"),
        SealedColumn(.organisations, table: "audit_streams", column: "secret"),
        SealedColumn(.organisations, table: "connections", column: "host"),
        SealedColumn(.organisations, table: "connections", column: "secret"),
        SealedColumn(.organisations, table: "resource_metadata", column: "notes"),
        SealedColumn(.organisations, table: "sso_providers", column: "secrets", keyType: "text"),
        SealedColumn(.organisations, table: "sso_flows", column: "kept", key: "state_hash", keyType: "bytea"),
        SealedColumn(.organisations, table: "sso_sessions", column: "logout", key: "session_id"),
        SealedColumn(.organisations, table: "sso_attempts", column: "told"),
    ]

    /// The audit entry of a rotation's end, which deletes keys; that of the installation's own belongs to nobody's trail.
    @Sendable private static func rotated(_ rotation: KeyRotation, _ owner: KeyOwner, _ now: Timestamp) -> [SQL] {
        guard case .org = owner else { return [] }
        let origin = AuditOrigin(requestID: "-", address: "-", userAgent: "-")
        let actor = Principal.system(job: "key-rotation")
        return [AuditRecord(.keyRotated, of: "key_rotation:\(rotation.id)", by: actor, from: origin).append(at: now)]
    }

    /// Collectors, one a platform that is asked, by the way out that they shall take; more of a kind are not heard.
    package typealias Makers = (OutboundReach) -> [any CollectorMaker]

    /// All of it, whatever the role; the role says what of it runs.
    /// - Throws: `ConfigurationError` and `MailSetupError`, a sentence that names the key; `EndpointTableFaults`.
    package init(
        _ configuration: PulseConfiguration, role: ProgramRole = .up, registry: PrometheusRegistry, logger: Logger,
        time: any TimeSource = SystemTime(), makers: Makers = { _ in [] }
    ) throws {
        let worker = UUID()
        let databases = try Databases(configuration, role, worker: worker, time: time, logger: logger)
        let mail = try Self.mail(configuration, time: time, logger: logger)
        let nats = configuration.pool.nats.map {
            NatsBus($0, name: "pulse-\(role.rawValue)", logger: logger)
        }
        let bus: any MessageBus = nats ?? LocalBus()
        let touches = SessionTouches(database: databases.app, time: time, logger: logger)
        let issuers = IssuerStore(databases.app)
        let gate = AccessGate(
            database: databases.app, touches: touches, time: time,
            externals: ExternalTokenReader(
                issuers, keys: FetchedKeys(GuardedClient(AddressGuard(configuration.outbound)), time: time), time: time)
        )
        let ring = KeyRing(databases.app, providers: try configuration.keys.providers(time: time), time: time)
        let watch = AdmissionWatch(gate: gate, time: time, logger: logger)
        vault = SecretVault(ring)
        shredder = KeyShredder(
            ring, worker: databases.worker, ledger: configuration.keys.ledger.map(ErasureLedger.init(path:)),
            backupHorizon: configuration.keys.backupHorizon, logger: logger)
        let rotator = KeyRotator(
            ring, worker: databases.worker, columns: Self.sealedColumns, logger: logger, onDone: Self.rotated)
        let fleet = FleetStore(databases.app)
        let connections = ConnectionStore(databases.app, vault: vault)
        let link = try configuration.relayLink
        let board = Switchboard(databases.app, process: worker, link: link, time: time, logger: logger)
        let makers = makers(OutboundReach(AddressGuard(configuration.outbound), gateways: board.reach))
        let passwords = PasswordHasher()
        try passwords.dictionary.verify()
        let identity = IdentityContext(
            database: databases.app, passwords: passwords, mail: mail.queue,
            links: configuration.linkKey, vault: vault, time: time,
            publicURL: configuration.publicURL, countsAddresses: configuration.hasRateLimits)

        var endpoints = Self.people(identity) + Self.machines(configuration, databases.app, fleet, bus, time)
        let feed = LiveFeed(databases.app, bus: bus, watch: watch, time: time)
        endpoints += Self.inventory(
            databases.app, connections, gate: gate, feed: feed, time: time, logger: logger)
        let trail = TrailContext(
            app: databases.app, workers: databases.worker, gate: gate, keys: configuration.trailKeys, time: time,
            logger: logger)
        let streams = StreamStore(databases.app, vault: vault)
        let sender = StreamSender(
            streams, trail: TrailStore(databases.app), workers: databases.worker,
            addresses: AddressGuard(configuration.outbound), hostname: configuration.publicHost, time: time,
            logger: logger)
        endpoints +=
            trail.endpoints + StreamRoutes(streams, policy: configuration.outbound, time: time).endpoints
        endpoints +=
            ConnectionRoutes(
                connections, makers: makers, policy: configuration.outbound, time: time
            ).endpoints
        endpoints += RelayRoutes(board).endpoints
        endpoints +=
            AnnotationRoutes(
                AnnotationStore(databases.app, vault: vault), resources: ResourceStore(databases.app), time: time
            ).endpoints
        endpoints += APITokenRoutes(database: databases.app, time: time).endpoints
        endpoints += IssuerRoutes(issuers, policy: configuration.outbound, time: time).endpoints
        let domains = DomainContext(
            identity, records: SystemTextRecords(server: configuration.nameServer), logger: logger)
        endpoints += DomainRoutes(domains).endpoints + BreakGlassRoutes(domains).endpoints
        endpoints += RoleRoutes(database: databases.app, time: time).endpoints
        endpoints +=
            DirectoryContext(database: databases.app, time: time, publicURL: configuration.publicURL).endpoints
        let outward = GuardedClient(AddressGuard(configuration.outbound))
        let dialogue = ProviderDialogue(
            oidc: OIDCClient(outward, policy: configuration.outbound, time: time),
            saml: SAMLProviders(outward, time: time), policy: configuration.outbound, time: time)
        let single = SSOContext(identity, dialogue, logger: logger)
        endpoints += single.endpoints
        endpoints += KeyRoutes(ring, database: databases.app, time: time).endpoints
        let installation = Secret(Array(configuration.secretKey.reveal().utf8))
        endpoints += PortabilityRoutes(database: databases.app, secret: installation, time: time).endpoints
        let certificates = ErasureCertificate.signingKey(secret: installation)
        endpoints += SupportConsentRoutes(database: databases.app, time: time).endpoints
        endpoints += ErasureRoutes(database: databases.app, verifying: certificates.verifying).endpoints
        eraser = OrganisationEraser(
            worker: databases.worker,
            shredding: .init(
                shred: { [shredder] in try await shredder.shred($0) },
                isShredded: { [shredder] in try await shredder.isShredded($0) }),
            signing: certificates,
            backupHorizonDays: Int(configuration.keys.backupHorizon.components.seconds / 86_400), time: time,
            logger: logger)
        if let outbox = mail.outbox { endpoints += OutboxRoutes(outbox).endpoints }
        table = try SystemRoutes(version: PulseVersion.current).table(with: endpoints)

        let console = ConsolePages(directory: configuration.consoleDirectory)
        var settings = Self.settings(configuration)
        settings.knownCaller = { identity.knownBrowser(of: $0) }
        server = try HTTPServer(
            endpoints: table, gate: gate, settings: settings, metrics: registry, logger: logger,
            idempotency: IdempotentAnswers(
                database: databases.app, secret: installation, time: time),
            fallback: { await console.response(to: $0) })
        let staffs = try Self.operators(
            configuration, identity, databases, dialogue, table: table, registry: registry, logger: logger)
        (operatorTable, operators) = (staffs.table, staffs.server)
        let app = databases.app
        admin = try HTTPServer.admin(
            settings: HTTPSettings(host: configuration.adminListen.host, port: configuration.adminListen.port),
            registry: registry,
            checks: [
                HealthCheck("database") {
                    _ = try await app.executeGlobally("SELECT 1", timeout: .seconds(1))
                    return nil
                },
                HealthCheck("bus", isOptional: true) {
                    bus.isWhole ? nil : "NATS is away; the database is asked instead, more often"
                },
            ], logger: logger)
        let monitors = MonitorPool(
            id: worker, app: databases.app, worker: databases.worker, bus: bus, time: time, logger: logger,
            leaseLifetime: configuration.pool.leaseLifetime,
            collectors: makers, agents: { try await fleet.connections(of: $0) },
            connections: { [connections] in try await connections.watched(of: $0) })
        var all: [any Service] = [databases.app, databases.worker]
        // Before whatever publishes, so that it stops after the last word.
        if let nats { all.append(nats) }
        all += [StartCheck(databases.app, time: time, logger: logger), mail.queue, touches]
        if role.works {
            all += [
                IdentitySweeper(database: databases.app, time: time, logger: logger), trail.keeper, sender, monitors,
                rotator, shredder, eraser, SessionRenewer(single, workers: databases.worker),
                DomainKeeper(domains, workers: databases.worker),
            ]
        }
        all.append(admin)
        if role.serves {
            if let staff = databases.staff { all.append(staff) }
            all += [watch, feed, RelayWatch(board)]
            if link.listen != nil { all.append(RelayListener(board, link)) }
            if let keeper = staffs.keeper { all.append(keeper) }
            if let operators { all.append(operators) }
            all.append(server)
        }
        services = all
    }

    private static func people(_ identity: IdentityContext) -> [Endpoint] {
        SignUpRoutes(identity).endpoints + SignInRoutes(identity).endpoints + ProfileRoutes(identity).endpoints
            + PasswordRoutes(identity).endpoints + AccountRoutes(identity).endpoints
            + SecondStepRoutes(identity).endpoints + ZeroKnowledgeRoutes(identity).endpoints
            + PasskeyRoutes(identity).endpoints
            + OrganisationRoutes(identity).endpoints + MemberRoutes(identity).endpoints
            + InvitationRoutes(identity).endpoints + InviteeRoutes(identity).endpoints
            + SiteRoutes(database: identity.database, time: identity.time).endpoints
            + ProviderRoutes(database: identity.database, time: identity.time).endpoints
            + ShareRoutes(database: identity.database, time: identity.time).endpoints
    }

    /// The listener of the people who host this Pulse, where one is wanted.
    private static func operators(
        _ configuration: PulseConfiguration, _ identity: IdentityContext, _ databases: Databases,
        _ dialogue: ProviderDialogue, table: [Endpoint], registry: PrometheusRegistry, logger: Logger
    ) throws -> (table: [Endpoint], server: HTTPServer?, keeper: OperatorLogKeeper?) {
        guard let listen = configuration.operatorListen, let staff = databases.staff else { return ([], nil, nil) }
        let context = OperatorContext(
            identity, staff: staff, url: configuration.operatorURL, keys: configuration.trailKeys)
        let endpoints = try SystemRoutes(version: PulseVersion.current).table(
            with: OperatorTable(context).endpoints(from: table) + OperatorSignOn(context, dialogue).endpoints)
        var settings = Self.settings(configuration)
        (settings.host, settings.port) = (listen.host, listen.port)
        settings.allowedOrigins = [configuration.operatorURL]
        let pages = ConsolePages(directory: configuration.consoleDirectory, for: .operators)
        let server = try HTTPServer(
            endpoints: endpoints, gate: OperatorGate(staff: staff, app: databases.app, time: identity.time),
            settings: settings, metrics: registry, logger: logger, fallback: { await pages.response(to: $0) })
        return (endpoints, server, OperatorLogKeeper(context, logger: logger))
    }

    private static func machines(
        _ configuration: PulseConfiguration, _ database: Database, _ fleet: FleetStore, _ bus: any MessageBus,
        _ time: any TimeSource
    ) -> [Endpoint] {
        let installer = Installer(directory: configuration.agentDirectory, publicURL: configuration.publicURL)
        let intake = ReportIntake(database, bus: bus, time: time, version: PulseVersion.current)
        let fleetRoutes = FleetRoutes(
            fleet, installer: installer, time: time, reportIntervalSeconds: ReportIntake.reportIntervalSeconds)
        return fleetRoutes.endpoints + IngestRoutes(intake).endpoints
    }

    private static func inventory(
        _ database: Database, _ connections: ConnectionStore, gate: AccessGate, feed: LiveFeed, time: any TimeSource,
        logger: Logger
    ) -> [Endpoint] {
        let resources = ResourceStore(database)
        let charts = ChartRoutes(HistoryStore(database, logger: logger), time: time)
        let history = HistoryRoutes(HistoryStore(database, logger: logger), time: time) { id, org, visibility in
            try await resources.resource(id, in: org, seenBy: visibility).map {
                HistoryRoutes.Known(id: $0.id, type: $0.type)
            }
        }
        let ledger = LedgerRoutes(database) { org in
            try await connections.unanswered(in: org).map {
                LedgerRoutes.Silent(connection: $0.id, name: $0.name, reason: $0.reason)
            }
        }
        return ResourceRoutes(FusedRead(gate: gate)).endpoints + history.endpoints + charts.endpoints
            + RealtimeRoutes(feed).endpoints + ledger.endpoints
            + IdentityRoutes(IdentityStore(database), time: time).endpoints
    }

    private static func mail(
        _ configuration: PulseConfiguration, time: any TimeSource, logger: Logger
    ) throws -> (queue: MailQueue, outbox: OutboxDirectory?) {
        let transport = try Self.transport(configuration)
        let queue = MailQueue(transport: transport, sender: try Self.sender(configuration), time: time, logger: logger)
        return (queue, transport as? OutboxDirectory)
    }

    static func transport(_ configuration: PulseConfiguration) throws -> any MailTransport {
        try MailSetup.transport(
            isProduction: configuration.environment == .production, smtpURL: configuration.smtpURL,
            outboxDirectory: configuration.outboxDirectory)
    }

    static func sender(_ configuration: PulseConfiguration) throws(ConfigurationError) -> Mailbox {
        guard let sender = Mailbox(configuration.mailFrom) else {
            throw .unfit("PULSE_MAIL_FROM", saw: configuration.mailFrom, wanted: "a mail address")
        }
        return sender
    }

    private static func settings(_ configuration: PulseConfiguration) -> HTTPSettings {
        var settings = HTTPSettings(host: configuration.listen.host, port: configuration.listen.port)
        settings.tls = configuration.tls
        settings.trustedProxies = configuration.trustedProxies
        settings.allowedOrigins = [configuration.publicURL]
        if !configuration.hasRateLimits { settings.rateMultiplier = 0 }
        return settings
    }
}

/// The pools of the roles this process acts as.
private struct Databases {
    let app: Database
    let worker: Database
    /// Of the operators' listener; `nil` without one.
    let staff: Database?

    init(
        _ configuration: PulseConfiguration, _ role: ProgramRole, worker id: UUID, time: any TimeSource, logger: Logger
    ) throws {
        var tenants = DatabaseConfiguration(
            url: try configuration.required(\.databaseURL, key: "PULSE_DATABASE_URL"))
        tenants.sharedConnections = configuration.databaseConnections / 2
        tenants.leasedConnections = configuration.databaseConnections - tenants.sharedConnections
        var workers = DatabaseConfiguration(
            url: try configuration.required(\.workerDatabaseURL, key: "PULSE_WORKER_DATABASE_URL"))
        workers.sharedConnections = 2
        workers.leasedConnections = 1
        workers.applicationName = MonitorPool.sessionName(of: id)
        if configuration.operatorListen != nil, role.serves {
            var operators = DatabaseConfiguration(
                url: try configuration.required(\.operatorDatabaseURL, key: "PULSE_OPERATOR_DATABASE_URL"))
            // Operators are few.
            operators.sharedConnections = 1
            operators.leasedConnections = 2
            staff = Database(operators, time: time, logger: logger)
        } else {
            staff = nil
        }
        app = Database(tenants, time: time, logger: logger)
        worker = Database(workers, time: time, logger: logger)
    }
}
