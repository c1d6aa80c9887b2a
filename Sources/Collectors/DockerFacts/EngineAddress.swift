import Glibc

/// Where an engine listens.
package struct EngineAddress: Hashable, Sendable {
    /// Of the socket.
    package let path: String

    package init(path: String) { self.path = path }

    /// What the operator said: a path, `unix:///path`, `off`, or nothing.
    package enum Choice: Hashable, Sendable {
        case off
        case at(EngineAddress)
        /// Looked for where engines usually listen.
        case automatic
    }

    /// - Parameters:
    ///   - flag: of the agent; it wins.
    ///   - dockerHost: the variable DOCKER_HOST, which also Docker's own programs follow.
    /// - Throws: a sentence for the operator when the engine is somewhere we do not go.
    package static func choice(flag: String?, dockerHost: String?) throws(EngineFault) -> Choice {
        guard let said = flag ?? dockerHost, !said.isEmpty, said != "auto" else { return .automatic }
        if ["off", "none", "false"].contains(said.lowercased()) { return .off }
        let path = said.hasPrefix("unix://") ? String(said.dropFirst(7)) : said
        guard path.hasPrefix("/") else {
            // The engine's TCP port is the key to the whole machine; whoever opened it is told, not helped.
            throw EngineFault(
                .unsupported, "the engine is asked over its unix socket only (unix:///path), not at another address")
        }
        // sun_path has 108 bytes with its end.
        guard path.utf8.count < 108 else { throw EngineFault(.unsupported, "the path of the socket is too long") }
        return .at(EngineAddress(path: path))
    }

    /// The first socket that is there, Docker's before Podman's.
    /// - Parameter root: where the machine's root is mounted, without a slash at its end.
    package static func find(below root: String = "") -> EngineAddress? {
        let places = ["/run/docker.sock", "/var/run/docker.sock", "/run/podman/podman.sock"]
        return places.lazy.map { root + $0 }.first(where: isSocket).map(EngineAddress.init(path:))
    }

    private static func isSocket(_ path: String) -> Bool {
        var status = stat()
        return path.utf8.count < 108 && stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFSOCK
    }
}
