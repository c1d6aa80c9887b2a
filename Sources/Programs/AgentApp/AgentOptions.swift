/// What flags and environment say; flags win. Both are optional everywhere: enrolment writes the choices down.
///
/// `PULSE_AGENT_URL`, `PULSE_AGENT_TOKEN`, `PULSE_AGENT_STATE_DIR` (default /var/lib/pulse-agent),
/// `PULSE_AGENT_CA_FILE` (PEM), `PULSE_AGENT_FINGERPRINT` (SHA-256 of the server's certificate),
/// `PULSE_AGENT_ALLOW_PLAINTEXT_HTTP` (true or false), `PULSE_AGENT_INTERVAL_SECONDS` (default 10),
/// `PULSE_AGENT_ACK_LOG` (a file), `PULSE_AGENT_ROOT` (where the machine's root is mounted, default /),
/// `PULSE_AGENT_DOCKER_SOCKET` (a path, `unix:///path` or `off`; default: DOCKER_HOST, else looked for),
/// `PULSE_AGENT_LOG_LEVEL` (default info).
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
        if let word = text("ALLOW_PLAINTEXT_HTTP"), allowsPlaintext == nil {
            guard let flag = Bool(word.lowercased()) else {
                throw .settings("PULSE_AGENT_ALLOW_PLAINTEXT_HTTP is \"\(word)\", true or false is wanted")
            }
            allowsPlaintext = flag
        }
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
