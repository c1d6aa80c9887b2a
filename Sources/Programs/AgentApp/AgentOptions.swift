/// What flags and environment say; flags win. Both are optional everywhere: enrolment writes the choices down.
///
/// `PULSE_AGENT_URL`, `PULSE_AGENT_TOKEN`, `PULSE_AGENT_STATE_DIR` (default /var/lib/pulse-agent),
/// `PULSE_AGENT_CA_FILE` (PEM), `PULSE_AGENT_FINGERPRINT` (SHA-256 of the server's certificate),
/// `PULSE_AGENT_ALLOW_PLAINTEXT_HTTP` (true or false), `PULSE_AGENT_INTERVAL_SECONDS` (default 10),
/// `PULSE_AGENT_ACK_LOG` (a file), `PULSE_AGENT_ROOT` (where the machine's root is mounted, default /),
/// `PULSE_AGENT_DOCKER_SOCKET` (a path, `unix:///path` or `off`; default: DOCKER_HOST, else looked for),
/// `PULSE_AGENT_LOG_LEVEL` (default info), `PULSE_AGENT_GATEWAY` (true or false), `PULSE_AGENT_GATEWAY_ALLOW` (rules,
/// with blanks between), `PULSE_AGENT_GATEWAY_ALLOW_FILE` (rules, one a line; default gateway.allow in the state
/// directory, when it is there).
package struct AgentOptions: Sendable {
    package var url: String?
    package var token: String?
    package var stateDirectory: String?
    package var caFile: String?
    package var fingerprint: String?
    package var allowsPlaintext: Bool?
    package var intervalSeconds: Double?
    package var ackLog: String?
    package var root: String?
    package var logLevel: String?
    package var dockerSocket: String?
    /// DOCKER_HOST, which Docker's own programs follow too.
    package var dockerHost: String?
    /// Beside reporting; the verb `gateway` needs no saying.
    package var isGateway: Bool?
    /// Rules of what the server may reach through this machine.
    package var allow: [String] = []
    package var allowFile: String?

    package init() {}

    /// Fills what no flag has said. An empty variable is as good as none.
    package mutating func fill(from environment: [String: String]) throws(AgentError) {
        func text(_ key: String) -> String? { environment["PULSE_AGENT_\(key)"].flatMap { $0.isEmpty ? nil : $0 } }
        url = url ?? text("URL")
        token = token ?? text("TOKEN")
        stateDirectory = stateDirectory ?? text("STATE_DIR")
        caFile = caFile ?? text("CA_FILE")
        fingerprint = fingerprint ?? text("FINGERPRINT")
        ackLog = ackLog ?? text("ACK_LOG")
        root = root ?? text("ROOT")
        logLevel = logLevel ?? text("LOG_LEVEL")
        dockerSocket = dockerSocket ?? text("DOCKER_SOCKET")
        dockerHost = dockerHost ?? environment["DOCKER_HOST"].flatMap { $0.isEmpty ? nil : $0 }
        allowFile = allowFile ?? text("GATEWAY_ALLOW_FILE")
        if allow.isEmpty { allow = (text("GATEWAY_ALLOW") ?? "").split(separator: " ").map(String.init) }
        func flag(_ key: String) throws(AgentError) -> Bool? {
            guard let word = text(key) else { return nil }
            guard let flag = Bool(word.lowercased()) else {
                throw .settings("PULSE_AGENT_\(key) is \"\(word)\", true or false is wanted")
            }
            return flag
        }
        if allowsPlaintext == nil { allowsPlaintext = try flag("ALLOW_PLAINTEXT_HTTP") }
        if isGateway == nil { isGateway = try flag("GATEWAY") }
        if let word = text("INTERVAL_SECONDS"), intervalSeconds == nil {
            guard let seconds = Double(word) else {
                throw .settings("PULSE_AGENT_INTERVAL_SECONDS is \"\(word)\", a number of seconds is wanted")
            }
            intervalSeconds = seconds
        }
    }

    package func state() throws(AgentError) -> StateDirectory {
        try StateDirectory(stateDirectory ?? "/var/lib/pulse-agent")
    }

    /// The rules of flags and file together.
    package func allowed(in state: StateDirectory) throws(AgentError) -> [String] {
        let file = allowFile ?? state.path + "/gateway.allow"
        guard let bytes = try StateDirectory.read(file) else {
            guard allowFile == nil else { throw .settings("the file of what is allowed, \(file), is not there") }
            return allow
        }
        guard bytes.count <= 65_536, let text = String(validating: bytes, as: UTF8.self) else {
            throw .settings("\(file) is no text of at most 64 KiB")
        }
        return allow + text.split(whereSeparator: \.isNewline).map(String.init)
    }

    /// The same settings with what was said here.
    package func applied(to settings: AgentSettings) throws(AgentError) -> AgentSettings {
        var settings = settings
        if let url { settings.server = try ServerAddress(url) }
        if let caFile { settings.tls.caFile = caFile }
        if let fingerprint { settings.tls.fingerprint = try TLSChoice.normalised(fingerprint: fingerprint) }
        if let allowsPlaintext { settings.allowsPlaintext = allowsPlaintext }
        if let intervalSeconds { settings.intervalSeconds = intervalSeconds }
        if let ackLog { settings.ackLog = ackLog }
        try settings.validate()
        return settings
    }
}
