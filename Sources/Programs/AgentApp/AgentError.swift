/// Why the agent cannot begin or go on. Each is a sentence for the person at the terminal or in the journal.
package enum AgentError: Error, Hashable, Sendable, CustomStringConvertible {
    /// A flag, variable or file says something that cannot be.
    case settings(String)
    case state(String)
    case notEnrolled(directory: String)
    /// The server refused for good.
    case refused(String)
    /// The server removed this agent; its token is worth nothing any more.
    case revoked(String)
    case unreachable(String)

    package var description: String {
        switch self {
        case .settings(let text), .state(let text), .refused(let text), .unreachable(let text): text
        case .notEnrolled(let directory):
            "this machine is not enrolled (nothing in \(directory)): run pulse-agent enroll --url … --token …"
        case .revoked(let text): "the server has removed this agent: \(text)"
        }
    }

    /// What the process exits with; the systemd unit does not start it again after 78 (EX_CONFIG).
    package var exitCode: Int32 {
        switch self {
        case .settings, .notEnrolled, .revoked, .refused: 78
        case .state: 74
        case .unreachable: 69
        }
    }
}
