import ArgumentParser
import FoundationEssentials
import Kernel
import PulseApp

struct AdminCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "admin", abstract: "Operator tasks from a shell.",
        subcommands: [
            BootstrapOrganisation.self, OperatorCommand.self, Recover.self, AuditCommand.self, RotateKeys.self,
        ])
}

struct BootstrapOrganisation: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bootstrap-org",
        abstract: "Founds an organisation with its owner, once; prints one line of JSON.")

    @Option(help: "The owner's mail address.") var email: String
    @Option(help: "The organisation's name.") var organization: String
    @Option(help: "A file whose first line is the owner's password; unused when the account exists.")
    var passwordFile: String
    @Flag(help: "Also make a one-time token that enrols one machine.") var enrollmentToken = false

    func run() async throws {
        await Program.run { configuration in
            guard let text = try? String(contentsOfFile: passwordFile, encoding: .utf8) else {
                throw Problem.invalidField("password-file", "“\(passwordFile)” cannot be read")
            }
            let password = String(text.prefix { $0 != "\n" && $0 != "\r" })
            Program.say(
                try await PulseRuns.foundOrganisation(
                    configuration, name: organization, email: email, password: Secret(password),
                    withEnrollmentToken: enrollmentToken))
        }
    }
}

struct OpenAPICommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "openapi", abstract: "Prints the description of the API (OpenAPI 3.1).")

    func run() async throws { await Program.attempt { Program.say(try await PulseRuns.openAPI()) } }
}

struct AuditCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit", abstract: "The audit trail.", subcommands: [AuditVerify.self])
}

struct AuditVerify: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Checks an exported audit trail (JSON Lines or CSV), offline; needs no settings.",
        discussion: "Exits with 0 and says what the export holds, or with 1 and says what is wrong and where.")

    @Argument(help: "The file from GET /api/audit/export.") var file: String
    @Option(help: "The public key that must have signed it, from GET /api/audit/key.") var key: String?

    func run() async throws {
        await Program.attempt { Program.say(try await PulseRuns.verifyAuditExport(file, key: key)) }
    }
}
