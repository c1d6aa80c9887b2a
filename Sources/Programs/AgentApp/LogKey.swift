/// What the agent's log lines carry beside their sentence.
enum LogKey {
    static let server = "server"
    static let agent = "agent"
    static let directory = "directory"
    static let number = "number"
    static let count = "count"
    static let waiting = "waiting"
    static let bytes = "bytes"
    static let seconds = "seconds"
    static let reason = "reason"
    static let version = "version"
}
