import AgentApp
import ArgumentParser
import Glibc

/// Reports a Linux machine to Pulse.
@main struct PulseAgent: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pulse-agent", abstract: "Reports this machine to Pulse.",
        subcommands: [Run.self, Enroll.self, GatewayOnly.self, Version.self], defaultSubcommand: Run.self)

    /// What both verbs understand; each also has its environment variable (`PULSE_AGENT_…`).
    struct Common: ParsableArguments {
        @Option(help: "The server, https://… (PULSE_AGENT_URL).") var url: String?
        @Option(help: "Where token, settings and queue are kept (default /var/lib/pulse-agent).") var stateDir: String?
        @Option(help: "Further certificate authorities, a PEM file.") var caFile: String?
        @Option(help: "SHA-256 of the server's certificate; replaces the check of its chain.") var fingerprint: String?
        @Flag(help: "Send the token over http to a server that is not local.") var allowPlaintextHttp = false
        @Option(help: "Seconds between reports (default 10); the server may ask for more.") var interval: Double?
        @Option(help: "Where this machine's root is mounted, in a container.") var root: String?

        func options() throws -> AgentOptions {
            var options = AgentOptions()
            options.url = url
            options.stateDirectory = stateDir
            options.caFile = caFile
            options.fingerprint = fingerprint
            options.allowsPlaintext = allowPlaintextHttp ? true : nil
            options.intervalSeconds = interval
            options.root = root
            return options
        }
    }

    struct Enroll: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Exchanges a one-time token for one of our own.")
        @OptionGroup var common: Common
        @Option(help: "The one-time token, pet_… (PULSE_AGENT_TOKEN keeps it out of the process list).")
        var token: String?
        @Flag(help: "Forget the present enrolment and everything queued for it.") var force = false

        func run() async throws {
            await PulseAgent.explain {
                var options = try common.options()
                options.token = token
                try options.fill(from: PulseAgent.environment)
                print(try await AgentProgram.enroll(options, force: force))
            }
        }
    }

    struct Run: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Reports until it is stopped (the default).")
        @OptionGroup var common: Common
        @Option(help: "A file for the numbers of acknowledged reports.") var ackLog: String?
        @Option(help: "The container engine's socket; off: do not look at it (default: found by itself).")
        var dockerSocket: String?
        @Flag(help: "Do not look at a container engine, as --docker-socket off.") var noDocker = false
        @Option(help: "trace, debug, info (default), notice, warning, error or critical.") var logLevel: String?
        @Flag(help: "Be a gateway as well: let the server reach what is allowed here.") var gateway = false
        @OptionGroup var allowed: Allowed

        func run() async throws {
            await PulseAgent.explain {
                var options = try common.options()
                options.ackLog = ackLog
                options.logLevel = logLevel
                options.dockerSocket = noDocker ? "off" : dockerSocket
                options.isGateway = gateway ? true : nil
                allowed.fill(&options)
                try options.fill(from: PulseAgent.environment)
                try await AgentProgram.run(options)
            }
        }
    }

    /// What a gateway may be asked to reach; nothing unless it is said here or in the file.
    struct Allowed: ParsableArguments {
        @Option(
            help: ArgumentHelp(
                "A network or name and what of it the server may reach, such as 192.168.1.0/24:8006,161/udp,icmp; repeatable."
            ))
        var allow: [String] = []
        @Option(help: "A file of such rules, one a line (default gateway.allow in the state directory).")
        var allowFile: String?

        func fill(_ options: inout AgentOptions) {
            options.allow = allow
            options.allowFile = allowFile
        }
    }

    struct GatewayOnly: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "gateway", abstract: "Lets the server reach what is allowed here, and reports nothing.")
        @OptionGroup var common: Common
        @Option(help: "trace, debug, info (default), notice, warning, error or critical.") var logLevel: String?
        @OptionGroup var allowed: Allowed

        func run() async throws {
            await PulseAgent.explain {
                var options = try common.options()
                options.logLevel = logLevel
                allowed.fill(&options)
                try options.fill(from: PulseAgent.environment)
                try await AgentProgram.gateway(options)
            }
        }
    }

    struct Version: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the version.")
        func run() { print("pulse-agent \(AgentRelease.version)") }
    }

    /// One sentence on the terminal instead of a dump, and an exit code that the service manager understands.
    static func explain(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            let known = error as? AgentError
            let line = Array("pulse-agent: \(known.map(\.description) ?? "\(error)")\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            Glibc.exit(known?.exitCode ?? 1)
        }
    }

    static var environment: [String: String] {
        var values: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let parts = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if parts.count == 2, parts[0].hasPrefix("PULSE_AGENT_") || parts[0] == "DOCKER_HOST" {
                values[String(parts[0])] = String(parts[1])
            }
            entry += 1
        }
        return values
    }
}
