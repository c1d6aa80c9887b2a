import ArgumentParser
import Kernel
import PulseApp
import Vault

struct RotateKeys: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rotate-keys",
        abstract: "Begins a rotation of encryption keys; running programs carry it out while everything goes on.",
        discussion: """
            data: a new data key, everything sealed anew, the old key deleted. wrapping: a new wrapping key at the provider;
            the old one is destroyed after PULSE_BACKUP_HORIZON_DAYS.
            """)

    @Option(help: "data or wrapping.") var kind = "data"
    @Option(help: "The id of one organisation.") var org: String?
    @Flag(help: "The installation's own keys.") var installation = false
    @Flag(help: "Every organisation and the installation.") var all = false

    func run() async throws {
        await Program.run { configuration in
            guard let kind = KeyRotation.Kind(rawValue: kind) else {
                throw Problem.invalidField("kind", "“\(kind)” is neither data nor wrapping")
            }
            Program.say(try await PulseRuns.rotateKeys(kind, of: holders(), configuration))
        }
    }

    private func holders() throws -> PulseRuns.KeyHolders {
        switch (org, installation, all) {
        case (nil, true, false): return .installation
        case (nil, false, true): return .everybody
        case (let text?, false, false):
            guard let org = OrgID(text) else { throw Problem.invalidField("org", "“\(text)” is no id") }
            return .organisation(org)
        default: throw Problem.invalidField("org", "say one of --org ID, --installation and --all")
        }
    }
}
