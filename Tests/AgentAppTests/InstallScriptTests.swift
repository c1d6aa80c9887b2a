import FoundationEssentials
import Testing

@testable import AgentApp

@Suite struct InstallScriptTests {
    private let directory: String = {
        let file = #filePath
        return file[..<(file.range(of: "/Tests/")?.lowerBound ?? file.endIndex)] + "/ops/agent/"
    }()

    private func text(_ name: String) throws -> String {
        String(decoding: try Data(contentsOf: URL(filePath: directory + name)), as: UTF8.self)
    }

    @Test("the script carries exactly the unit that is shipped")
    func unit() throws {
        let unit = try text("pulse-agent.service")
        let script = try text("install.sh")
        #expect(!unit.isEmpty && script.range(of: "<<'UNIT'\n\(unit)UNIT\n") != nil)
    }

    @Test("the unit starts no agent again that its server removed, and keeps the state to root")
    func promises() throws {
        let lines = try text("pulse-agent.service").split(separator: "\n")
        for line in ["RestartPreventExitStatus=78", "StateDirectoryMode=0700", "NoNewPrivileges=yes", "UMask=0077"] {
            #expect(lines.contains { $0 == line })
        }
    }
}
