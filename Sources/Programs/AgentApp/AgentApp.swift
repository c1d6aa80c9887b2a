// AgentApp: the agent as a program: when to look at the machine, what to keep while the server is away, how to deliver.
// Owns the state directory (token, settings, queue), the two lanes to the server, enrolment and the HTTP client.
// Nothing measured is lost while there is room: a report is on disk before it is sent and leaves only after a 200.
// Leaves to others what is measured (HostFacts) and how it is written (AgentProtocol). Links no server room.
// Budget on the machine it watches: 30 MB of memory with TLS, half a percent of one core.

package enum AgentRelease {
    package static let version = "0.1.0"
    package static let userAgent = "pulse-agent/\(version)"
}
