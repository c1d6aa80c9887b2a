import AgentProtocol
import DockerFacts
import Glibc
import HostFacts
import Kernel
import Logging
import ServiceLifecycle
import UnixSignals

/// The verbs of the command line; this is where everything is built.
package enum AgentProgram {
    /// Enrols this machine once. Doing it again changes nothing, unless forced: then the old identity and what is queued
    /// for it are forgotten first, because a report of one organisation must never reach another.
    /// - Returns: a sentence for the terminal.
    package static func enroll(_ options: AgentOptions, force: Bool) async throws -> String {
        guard let url = options.url else { throw AgentError.settings("which server? --url https://…") }
        let settings = try options.applied(to: AgentSettings(server: ServerAddress(url), agentID: ""))
        let state = try options.state()
        if let known = try state.settings(), try state.token() != nil, !force {
            return "already enrolled as \(known.agentID) with \(known.server) (--force enrols anew)"
        }
        guard let token = options.token, !token.trimmed.isEmpty else {
            throw AgentError.settings("which enrolment token? --token pet_…")
        }
        try state.lock()
        if force { try state.forget() }
        let transport = try HTTPTransport(to: settings.server, tls: settings.tls)
        let request = request(for: MachineIdentity(root: SystemRoot(options.root ?? "/")))
        do {
            let done = try await Enroller(transport: transport)
                .enroll(request, token: Secret(token.trimmed), draft: settings, into: state)
            await transport.shutdown()
            return "enrolled as \(done.agentID) with \(done.server); state is in \(state.path)"
        } catch {
            await transport.shutdown()
            throw error
        }
    }

    /// Reports until SIGTERM or SIGINT, or until the server has removed this agent; beside that it is a gateway when it
    /// is told to be.
    package static func run(_ options: AgentOptions) async throws {
        let (settings, token, state) = try enrolled(options)
        try state.lock()
        let logger = try logger(level: options.logLevel)
        let transport = try HTTPTransport(to: settings.server, tls: settings.tls)
        let machine = Machine(HostCollector(root: SystemRoot(options.root ?? "/")))
        let watch = engineWatch(options, settings, logger)
        let reporter = try Reporter(
            settings: settings, token: token, state: state, transport: transport,
            source: MachineWithEngine(machine: machine, engine: watch), logger: logger)
        var services: [any Service] = [reporter]
        if let watch { services.append(watch) }
        if options.isGateway == true {
            services.append(try gateway(options, settings, token, state, logger))
        }
        try await run(services, logger)
    }

    /// Only a gateway: reports nothing. Beside an agent of the same directory that reports, if so wished.
    package static func gateway(_ options: AgentOptions) async throws {
        let (settings, token, state) = try enrolled(options)
        let logger = try logger(level: options.logLevel)
        try await run([try gateway(options, settings, token, state, logger)], logger)
    }

    private static func enrolled(
        _ options: AgentOptions
    ) throws -> (settings: AgentSettings, token: Secret<String>, state: StateDirectory) {
        signal(SIGPIPE, SIG_IGN)
        let state = try options.state()
        guard let known = try state.settings(), let token = try state.token() else {
            throw AgentError.notEnrolled(directory: state.path)
        }
        return (try options.applied(to: known), token, state)
    }

    private static func gateway(
        _ options: AgentOptions, _ settings: AgentSettings, _ token: Secret<String>, _ state: StateDirectory,
        _ logger: Logger
    ) throws -> Gateway {
        let allows = try AllowList(try options.allowed(in: state))
        // Two of one name would take the server from each other for ever.
        try state.lock("gateway.lock")
        return try Gateway(settings: settings, token: token, allows: allows, logger: logger)
    }

    private static func run(_ services: [any Service], _ logger: Logger) async throws {
        var quiet = logger
        quiet.logLevel = .critical
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: services.map { ServiceGroupConfiguration.ServiceConfiguration(service: $0) },
                cancellationSignals: [.sigterm, .sigint], logger: quiet))
        do {
            try await group.run()
        } catch is CancellationError {
            // The usual end.
        }
        logger.info("agent ends")
    }

    /// What looks at the container engine; nil when it is switched off. That an engine cannot be asked is told, and no
    /// reason to leave the machine unwatched.
    private static func engineWatch(
        _ options: AgentOptions, _ settings: AgentSettings, _ logger: Logger
    ) -> DockerWatch? {
        let root = SystemRoot(options.root ?? "/").path
        let address: @Sendable () -> EngineAddress?
        do throws(EngineFault) {
            switch try EngineAddress.choice(flag: options.dockerSocket, dockerHost: options.dockerHost) {
            case .off: return nil
            case .at(let place): address = { place }
            case .automatic: address = { EngineAddress.find(below: root) }
            }
        } catch {
            logger.warning("container engine is not looked at", metadata: [LogKey.reason: "\(error)"])
            return nil
        }
        return DockerWatch(
            engine: EngineSocket(address: address), interval: .milliseconds(Int64(settings.intervalSeconds * 1000)),
            isExpected: { address() != nil }, logger: logger)
    }

    private static func request(for machine: MachineIdentity) -> EnrollRequest {
        var request = EnrollRequest()
        request.hostname = machine.hostname ?? "localhost"
        request.os = machine.osName
        request.arch = machine.architecture
        request.agentVersion = AgentRelease.version
        request.machineID = machine.machineID
        request.dmiUUID = machine.dmiUUID
        return request
    }

    private static func logger(level text: String?) throws(AgentError) -> Logger {
        guard let level = Logger.Level(rawValue: (text ?? "info").lowercased()) else {
            throw .settings(
                "the log level \"\(text ?? "")\" is none of trace, debug, info, notice, warning, error, critical")
        }
        var logger = Logger(label: "pulse-agent") { StreamLogHandler.standardError(label: $0) }
        logger.logLevel = level
        return logger
    }
}
