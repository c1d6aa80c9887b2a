import FoundationEssentials
import Kernel
import TestKit
import Testing

@testable import AgentApp

@Suite struct ServerAddressTests {
    @Test(
        "addresses with scheme and host are read",
        arguments: [
            ("https://pulse.example.com", "https://pulse.example.com"),
            ("HTTPS://Pulse.Example.com:443/", "https://pulse.example.com"),
            ("https://pulse.example.com:8443/base/path/", "https://pulse.example.com:8443/base/path"),
            ("http://127.0.0.1:7655", "http://127.0.0.1:7655"), ("http://[::1]:80/x", "http://[::1]/x"),
        ])
    func read(text: String, wanted: String) throws { #expect(try ServerAddress(text).description == wanted) }

    @Test(
        "everything else is refused",
        arguments: [
            "", "pulse.example.com", "ftp://pulse.example.com", "https://", "https://:443", "https://u:p@host",
            "https://host?x=1", "https://host/#f", "https://host:0", "https://host:65536", "https://host:x",
            "https://ho st", "https://[::1", "https://[::1]x", "https://höst",
        ])
    func refused(text: String) { #expect(throws: AgentError.self) { try ServerAddress(text) } }

    @Test(
        "plain http is for this machine and its network, unless someone insists",
        arguments: [
            ("http://localhost:1", true), ("http://127.0.0.1", true), ("http://[::1]", true), ("http://10.1.2.3", true),
            ("http://192.168.1.1", true), ("http://172.16.0.1", true), ("http://172.32.0.1", false),
            ("http://pulse.example.com", false), ("http://8.8.8.8", false), ("http://10.example.com", false),
            ("http://127.0.0.1.example.com", false), ("http://fd.example.com", false), ("https://8.8.8.8", true),
        ])
    func plaintext(url: String, isFine: Bool) throws {
        var settings = AgentSettings(server: try ServerAddress(url), agentID: "a")
        if isFine { try settings.validate() } else { #expect(throws: AgentError.self) { try settings.validate() } }
        settings.allowsPlaintext = true
        try settings.validate()
    }
}

@Suite struct StateDirectoryTests {
    @Test("settings and token come back; only the owner may look")
    func roundTrip() throws {
        let scratch = ScratchDirectory()
        let state = try StateDirectory(scratch.path + "/deep/state")
        #expect(try state.settings() == nil && state.token() == nil)
        var settings = AgentSettings(server: try ServerAddress("https://pulse.example.com/base"), agentID: "a-1")
        settings.orgID = "o"
        settings.tls = TLSChoice(caFile: "/ca.pem", fingerprint: String(repeating: "a", count: 64))
        settings.intervalSeconds = 30
        try state.save(settings, token: Secret("prt_secret"))
        #expect(try state.settings() == settings && state.token()?.reveal() == "prt_secret")
        let attributes = try FileManager.default.attributesOfItem(atPath: state.path + "/runtime.token")
        #expect((attributes[.posixPermissions] as? Int) == 0o600)
        let directory = try FileManager.default.attributesOfItem(atPath: state.path)
        #expect((directory[.posixPermissions] as? Int) == 0o700)
    }

    @Test("forgetting takes the queue along: one organisation's reports never reach another")
    func forget() throws {
        let scratch = ScratchDirectory()
        let state = try StateDirectory(scratch.path)
        try state.save(AgentSettings(server: try ServerAddress("https://h"), agentID: "a"), token: Secret("t"))
        let queue = try ReportQueue(directory: state.queuePath)
        _ = try queue.append([1], number: 1, at: Timestamp(seconds: 1))
        try state.forget()
        #expect(try state.settings() == nil && state.token() == nil)
        let fresh = try ReportQueue(directory: state.queuePath)
        #expect(fresh.entries.isEmpty && fresh.stream != queue.stream)
    }

    @Test("two agents do not share one state")
    func lock() throws {
        let scratch = ScratchDirectory()
        try StateDirectory(scratch.path).lock()
        #expect(throws: AgentError.self) { try StateDirectory(scratch.path).lock() }
    }

    @Test("broken settings are told with the file's name")
    func broken() throws {
        let scratch = ScratchDirectory()
        let state = try StateDirectory(scratch.path)
        try scratch.write(Array(#"{"url":"nonsense","agentId":"a"}"#.utf8), to: scratch.path + "/agent.json")
        #expect { try state.settings() } throws: { "\($0)".contains("agent.json") }
    }

    @Test("flags win over variables, variables over what enrolment wrote")
    func options() throws {
        var options = AgentOptions()
        options.url = "https://flag.example.com"
        try options.fill(from: [
            "PULSE_AGENT_URL": "https://variable.example.com", "PULSE_AGENT_CA_FILE": "/ca.pem",
            "PULSE_AGENT_INTERVAL_SECONDS": "20", "PULSE_AGENT_TOKEN": "",
        ])
        let stored = AgentSettings(server: try ServerAddress("https://stored.example.com"), agentID: "a")
        let settings = try options.applied(to: stored)
        #expect(settings.server.host == "flag.example.com" && settings.tls.caFile == "/ca.pem")
        #expect(settings.intervalSeconds == 20 && settings.agentID == "a" && options.token == nil)
        var wrong = AgentOptions()
        #expect(throws: AgentError.self) { try wrong.fill(from: ["PULSE_AGENT_INTERVAL_SECONDS": "often"]) }
        #expect(throws: AgentError.self) { try wrong.fill(from: ["PULSE_AGENT_ALLOW_PLAINTEXT_HTTP": "perhaps"]) }
    }
}
