import ArgumentParser
import EstateApp
import Glibc
import JSONKit
import Kernel
import UnixSignals

/// Plays whole estates of Proxmox VE for demos, tests and load.
@main struct PulseEstate: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pulse-estate", abstract: "Plays whole estates over their real protocols.",
        subcommands: [Serve.self, TruthCommand.self, Observations.self, Version.self])

    /// What decides an estate's contents.
    struct Model: ParsableArguments {
        @Option(help: "Number of organisations.") var organisations = 1
        @Option(help: "Clusters of each organisation.") var clusters = 1
        @Option(help: "Guests of each cluster.") var guests = 50
        @Option(help: "Nodes of each cluster, 1 to 32, or 'mixed'.") var nodes = "mixed"
        @Option(help: "Proxmox VE release: 8, 9 or mixed.") var release = "mixed"
        @Option(help: "Same seed, same estate.") var seed: UInt64 = 1
        @Flag(help: "Nothing migrates, reboots, fails or is renamed by itself.") var calm = false

        func shape() throws -> EstateShape {
            var shape = EstateShape()
            shape.organisations = organisations
            shape.clusters = clusters
            shape.guests = guests
            shape.seed = seed
            shape.isCalm = calm
            if nodes != "mixed" {
                guard let count = Int(nodes) else {
                    throw ValidationError("--nodes is '\(nodes)'; it wants 1 to 32 or mixed")
                }
                shape.nodes = count
            }
            guard let releases = EstateShape.Releases(rawValue: release) else {
                throw ValidationError("--release is '\(release)'; it wants 8, 9 or mixed")
            }
            shape.releases = releases
            if let complaint = shape.complaint { throw ValidationError(complaint) }
            return shape
        }
    }

    struct Serve: AsyncParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Answers as all clusters until it is stopped.")
        @OptionGroup var model: Model
        @Option(help: "Port of every node; 0 takes a free one.") var port = 8006
        @Option(help: "127.0.0.1 (all of 127/8) or 0.0.0.0.") var listen = "127.0.0.1"
        @Option(help: "Address of the first node; the others follow.") var addressBase = "127.32.0.1"
        @Flag(help: "Also listen on a port for each cluster, from PORT+1 on.") var portPerCluster = false
        @Option(help: "One certificate for the 'estate' or for each 'cluster'.") var certificates = "estate"
        @Option(help: "Keep certificates in this directory over restarts.") var tlsStore: String?
        @Option(help: "Admin endpoint on the loopback; 0 takes a free port.") var adminPort = 0
        @Option(help: "The estate's time at the start, RFC 3339 (default: now).") var start: String?
        @Option(help: "How fast its time passes.") var speed = 1.0
        @Option(help: "Values move every so many seconds (Proxmox VE's own lists: 10).") var quantum = 1.0
        @Option(help: "SELECTOR:KNOB=VALUE,…, for example '*:latencyMs=50' or 'o1c1/west-2:mode=silent'.")
        var fault: [String] = []

        func validate() throws { _ = try options() }

        func options() throws -> EstateOptions {
            var options = EstateOptions()
            options.shape = try model.shape()
            guard (0...65_535).contains(port) else { throw ValidationError("--port is \(port); it wants 0 to 65535") }
            guard (0...65_535).contains(adminPort) else {
                throw ValidationError("--admin-port is \(adminPort); it wants 0 to 65535")
            }
            let clusters = options.shape.organisations * options.shape.clusters
            guard !portPerCluster || port == 0 || port + clusters <= 65_535 else {
                throw ValidationError("--port-per-cluster: \(clusters) ports from \(port) on do not fit below 65536")
            }
            guard let certificates = EstateOptions.Certificates(rawValue: certificates) else {
                throw ValidationError("--certificates is '\(self.certificates)'; it wants estate or cluster")
            }
            guard speed.isFinite, speed >= 0 else { throw ValidationError("--speed is \(speed); it wants 0 or more") }
            guard quantum.isFinite, quantum >= 0 else {
                throw ValidationError("--quantum is \(quantum); it wants 0 or more")
            }
            options.port = port
            options.listen = listen
            options.addressBase = addressBase
            options.listensPerCluster = portPerCluster
            options.certificates = certificates
            options.certificateDirectory = tlsStore
            options.adminPort = adminPort
            options.speed = speed
            options.quantum = quantum
            options.start = try start.map(PulseEstate.seconds)
            do { options.faults = try fault.map { try FaultFlag($0) } } catch { throw ValidationError("\(error)") }
            return options
        }

        func run() async throws {
            await PulseEstate.explain {
                let signals = await UnixSignalsSequence(trapping: .sigterm, .sigint)
                let estate = try await EstateServer.start(options())
                PulseEstate.say(Array(#"{"kind":"admin","url":"http://127.0.0.1:\#(estate.adminPort)"}"#.utf8))
                for connection in estate.connections { PulseEstate.say(connection.json) }
                PulseEstate.say(Array("ready".utf8))
                // Nothing is kept, so there is nothing to finish.
                for await _ in signals { Glibc.exit(0) }
            }
        }
    }

    struct TruthCommand: ParsableCommand {
        static let configuration = CommandConfiguration(
            commandName: "truth", abstract: "Prints every real thing with its true id, as JSON lines.")
        @OptionGroup var model: Model
        @Option(help: "The moment, RFC 3339 (default: now).") var at: String?

        func run() throws {
            let time = try at.map(PulseEstate.seconds) ?? EstateClock.system()
            var output = Output()
            TruthExport.write(try model.shape(), at: time) { output.append($0) }
            output.flush()
        }
    }

    struct Observations: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Prints what sources would claim of many machines, each with its hidden label, as JSON lines.")
        @Option(help: "Number of organisations.") var organisations = 1_000
        @Option(help: "Number of machines, over all organisations.") var systems = 50_000
        @Option(help: "Number of lines.") var observations = 200_000
        @Option(help: "Same seed, same lines.") var seed: UInt64 = 1

        func validate() throws {
            if let complaint = export.complaint { throw ValidationError(complaint) }
        }

        private var export: ObservationExport {
            var export = ObservationExport()
            export.organisations = organisations
            export.systems = systems
            export.observations = observations
            export.seed = seed
            return export
        }

        func run() {
            var output = Output()
            export.write { output.append($0) }
            output.flush()
        }
    }

    struct Version: ParsableCommand {
        static let configuration = CommandConfiguration(abstract: "Prints the version.")
        func run() { print("pulse-estate \(EstateRelease.version)") }
    }

    static func seconds(_ text: String) throws -> Double {
        guard let time = Timestamp(rfc3339: text) else {
            throw ValidationError("'\(text)' is no time; it wants RFC 3339, for example 2026-11-21T12:00:00Z")
        }
        return Double(time.milliseconds) / 1000
    }

    static func say(_ line: [UInt8]) {
        var output = Output()
        output.append(line + [0x0A])
        output.flush()
    }

    /// One sentence on the terminal instead of a dump.
    static func explain(_ body: () async throws -> Void) async {
        do {
            try await body()
        } catch {
            let line = Array("pulse-estate: \(error)\n".utf8)
            _ = write(STDERR_FILENO, line, line.count)
            Glibc.exit(1)
        }
    }
}

/// Standard output in large pieces.
struct Output {
    private var bytes: [UInt8] = []

    mutating func append(_ more: [UInt8]) {
        bytes += more
        if bytes.count > 1 << 18 { flush() }
    }

    mutating func flush() {
        var sent = 0
        while sent < bytes.count {
            let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress! + sent, $0.count - sent) }
            // The reader is gone: nobody is left to tell.
            guard count > 0 else { Glibc.exit(0) }
            sent += count
        }
        bytes.removeAll(keepingCapacity: true)
    }
}
