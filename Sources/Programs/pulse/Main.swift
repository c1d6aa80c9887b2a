import ArgumentParser
import FoundationEssentials
import Kernel
import PulseApp

/// The program. Settings come from the environment (see `.env.example`), verbs from the command line.
@main struct Pulse: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pulse", abstract: "Watches the infrastructure of many organisations.",
        subcommands: [
            UpCommand.self, ServeCommand.self, WorkCommand.self, MigrateCommand.self, AdminCommand.self,
            OpenAPICommand.self,
        ])
}

struct UpCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "up", abstract: "Runs everything in one process.")

    func run() async throws { await Program.run { try await PulseRuns.run(.up, $0, memory: Allocator.samples) } }
}

struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Answers: API, sockets, console; takes reports in. Needs NATS and workers.")

    func run() async throws { await Program.run { try await PulseRuns.run(.serve, $0, memory: Allocator.samples) } }
}

struct WorkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "work", abstract: "Watches: asks platforms, keeps inventories and history. Needs NATS.")

    func run() async throws { await Program.run { try await PulseRuns.run(.work, $0, memory: Allocator.samples) } }
}

struct MigrateCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "migrate", abstract: "Applies the migrations that the database does not have yet.")

    @Option(help: "The folder of migrations.") var folder = "Migrations"

    func run() async throws {
        await Program.run { configuration in
            let applied = try await PulseRuns.migrate(configuration, folder: folder)
            Program.say(applied.isEmpty ? "nothing to apply" : "applied \(applied.joined(separator: ", "))")
        }
    }
}
