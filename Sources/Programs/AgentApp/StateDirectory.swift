import Glibc
import JSONKit
package import Kernel

/// The agent's directory, 0700: `runtime.token`, `agent-id`, `agent.json`, `lock` and `queue/`. Files are replaced
/// whole (written beside, synced, renamed), so a crash leaves the old or the new one, never half of either.
package struct StateDirectory: Sendable {
    package let path: String

    /// Makes the directory when it is missing.
    package init(_ path: String) throws(AgentError) {
        self.path = path
        try Self.make(path)
    }

    package var queuePath: String { path + "/queue" }

    package func token() throws(AgentError) -> Secret<String>? {
        try text("runtime.token").map { Secret($0.trimmed) }.flatMap { $0.reveal().isEmpty ? nil : $0 }
    }

    package func settings() throws(AgentError) -> AgentSettings? {
        guard let text = try text("agent.json") else { return nil }
        do {
            return try AgentSettings(json: text.utf8)
        } catch {
            throw .state("\(path)/agent.json cannot be read: \(error)")
        }
    }

    /// The token last: it is the sign that enrolment is complete.
    package func save(_ settings: AgentSettings, token: Secret<String>) throws(AgentError) {
        try replace("agent.json", settings.json)
        try replace("agent-id", Array(settings.agentID.utf8))
        try replace("runtime.token", Array(token.reveal().utf8))
    }

    package func save(_ settings: AgentSettings) throws(AgentError) { try replace("agent.json", settings.json) }

    /// Forgets everything, queued reports too: they belong to the organisation enrolled before.
    package func forget() throws(AgentError) {
        for name in ["runtime.token", "agent-id", "agent.json"] where unlink("\(path)/\(name)") != 0 && errno != ENOENT
        {
            throw .state("cannot remove \(path)/\(name): \(Self.reason)")
        }
        for name in Self.names(in: queuePath) { unlink("\(queuePath)/\(name)") }
    }

    /// Held until the process ends, by whatever death: two agents must not write one queue.
    package func lock(_ name: String = "lock") throws(AgentError) {
        let file = open("\(path)/\(name)", O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .state("cannot open \(path)/\(name): \(Self.reason)") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            close(file)
            throw .state("another agent is running with \(path)")
        }
    }

    private func text(_ name: String) throws(AgentError) -> String? {
        guard let bytes = try Self.read("\(path)/\(name)") else { return nil }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func replace(_ name: String, _ bytes: [UInt8]) throws(AgentError) {
        let draft = "\(path)/.\(name).new"
        let file = open(draft, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .state("cannot write \(draft): \(Self.reason)") }
        defer { close(file) }
        guard Self.writeAll(bytes, to: file), fsync(file) == 0, rename(draft, "\(path)/\(name)") == 0 else {
            throw .state("cannot write \(path)/\(name): \(Self.reason)")
        }
        Self.sync(directory: path)
    }

    // MARK: Files, shared with the queue

    static var reason: String { String(cString: strerror(errno)) }

    static func make(_ path: String) throws(AgentError) {
        var partial = path.hasPrefix("/") ? "" : "."
        for part in path.split(separator: "/") {
            partial += "/" + part
            guard mkdir(partial, 0o700) == 0 || errno == EEXIST else {
                throw .state("cannot make \(partial): \(reason)")
            }
        }
        guard access(path, W_OK | X_OK) == 0 else { throw .state("cannot write into \(path): \(reason)") }
    }

    /// The whole file; nil when there is none.
    static func read(_ path: String) throws(AgentError) -> [UInt8]? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else {
            if errno == ENOENT { return nil }
            throw .state("cannot read \(path): \(reason)")
        }
        defer { close(file) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 64 * 1024)
        while true {
            let size = Glibc.read(file, &chunk, chunk.count)
            if size < 0 { throw .state("cannot read \(path): \(reason)") }
            if size == 0 { return bytes }
            bytes.append(contentsOf: chunk[..<size])
        }
    }

    static func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
        var done = 0
        while done < bytes.count {
            let size = bytes.withUnsafeBytes { write(file, $0.baseAddress?.advanced(by: done), bytes.count - done) }
            if size < 0, errno == EINTR { continue }
            guard size > 0 else { return false }
            done += size
        }
        return true
    }

    /// Makes names that were added or removed survive a loss of power.
    static func sync(directory: String) {
        let file = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard file >= 0 else { return }
        fsync(file)
        close(file)
    }

    static func names(in directory: String) -> [String] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
