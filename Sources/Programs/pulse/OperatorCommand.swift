import ArgumentParser
import Kernel
import OperatorPlane
import PulseApp

struct OperatorCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "operator", abstract: "The accounts of the people who host this Pulse.",
        subcommands: [
            CreateOperator.self, ListOperators.self, DisableOperator.self, EnableOperator.self, ResetOperator.self,
            PasswordLogin.self,
        ])
}

/// The words of `--role`.
struct OperatorRoleWord: ExpressibleByArgument {
    let role: OperatorRole

    init?(argument: String) {
        guard let role = OperatorRole(rawValue: argument) else { return nil }
        self.role = role
    }

    static var allValueStrings: [String] { OperatorRole.allCases.map(\.rawValue) }
}

struct CreateOperator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "create",
        abstract: "Makes an account; prints one line of JSON with the link by which its person sets it up.",
        discussion:
            "The link works once, within 24 hours. Nobody can sign in before a password and an authenticator are set.")

    @Option(help: "The operator's mail address.") var email: String
    @Option(help: "What customers are told they are called; the address's first part unless told.") var name: String?
    @Option(help: "operator, or operator_admin, who may also suspend and look after operators.")
    var role: OperatorRoleWord

    func run() async throws {
        await Program.run { configuration in
            let called = name ?? String(email.prefix { $0 != "@" })
            Program.say(
                try await PulseRuns.createOperator(configuration, email: email, name: called, role: role.role))
        }
    }
}

struct ListOperators: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "All operators, one line of JSON each.")

    func run() async throws {
        await Program.run { for line in try await PulseRuns.listOperators($0) { Program.say(line) } }
    }
}

struct DisableOperator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "disable", abstract: "Shuts an account and ends its sessions, at once.")

    @Option(help: "The operator's mail address.") var email: String

    func run() async throws {
        await Program.run { try await PulseRuns.disableOperator($0, email: email, true) }
    }
}

struct EnableOperator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "enable", abstract: "Opens an account again.")

    @Option(help: "The operator's mail address.") var email: String

    func run() async throws {
        await Program.run { try await PulseRuns.disableOperator($0, email: email, false) }
    }
}

struct ResetOperator: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reset",
        abstract: "Ends password, authenticator and sessions; prints one line of JSON with a link to new ones.")

    @Option(help: "The operator's mail address.") var email: String

    func run() async throws {
        await Program.run { Program.say(try await PulseRuns.resetOperator($0, email: email)) }
    }
}

struct PasswordLogin: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "password-login",
        abstract: "Whether operators may sign in with password and authenticator, beside identity providers.",
        discussion: "The way back in where no provider answers: switch it on here, and sign in.")

    enum Word: String, ExpressibleByArgument, CaseIterable { case on, off }

    @Argument(help: "on or off.") var word: Word

    func run() async throws {
        await Program.run { try await PulseRuns.setOperatorPasswordLogin($0, word == .on) }
    }
}

struct Recover: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "recover",
        abstract: "The way back into an organisation whose owners are all locked out; prints one line of JSON.",
        discussion: """
            Works on a member of the organisation, and makes nobody a member. What is done stands in the organisation's \
            audit trail, and its owners are told by mail. Exits with 0 when it was done; with 1 and a sentence when it \
            was refused, and then nothing was done; with 78 when a setting is wrong.
            """)

    @Option(help: "Slug or id of the organisation.") var organization: String
    @Option(help: "The mail address of the member.") var person: String
    @Option(help: "Why; it stands in the organisation's trail and in the operators' log.") var reason: String
    @Flag(help: "Make a link that sets a new password, once, within 30 minutes.") var link = false
    @Flag(help: "Make them an owner.") var makeOwner = false
    @Flag(help: "Switch their two-step sign-in off.") var resetSecondStep = false

    func run() async throws {
        await Program.run { configuration in
            let measures = Recovery.Measures(link: link, makeOwner: makeOwner, resetSecondStep: resetSecondStep)
            Program.say(
                try await PulseRuns.recover(
                    configuration, organisation: organization, person: person, measures, reason: reason))
        }
    }
}
