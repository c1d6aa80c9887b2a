import Cryptography
import FoundationEssentials
import HTTPKit
import Kernel
import NIOConcurrencyHelpers

/// What a machine downloads to become an agent: the script, made for one organisation's address, and the program.
package struct Installer: Sendable {
    private struct Sum: Sendable {
        let hex: String
        let modified: Date?
        let size: UInt64
    }

    private let directory: String
    private let publicURL: String
    private let sums = NIOLockedValueBox<[String: Sum]>([:])

    /// - Parameter directory: holds `install.sh` and `pulse-agent-linux-<arch>`.
    package init(directory: String, publicURL: String) {
        self.directory = directory
        self.publicURL = publicURL
    }

    /// The script with this installation's address in it, and its SHA-256.
    /// - Throws: 503 when the operator has not put the files there.
    func script() throws -> (bytes: [UInt8], sha256: String) {
        guard let data = FileManager.default.contents(atPath: directory + "/install.sh") else {
            throw Problem.installerMissing
        }
        // The script parses its own arguments; those that belong to this installation come first, so a person may
        // still override them.
        let opening = "#!/bin/sh\nset -- --url '\(publicURL)' \"$@\"\n"
        let bytes = Array(opening.utf8) + Array(data)
        return (bytes, Digests.sha256(bytes).hexadecimal)
    }

    /// - Parameter architecture: `amd64` or `arm64`, or what `uname -m` calls them.
    func program(_ architecture: String) throws -> (path: String, name: String, sha256: String) {
        let known = ["amd64": "amd64", "x86_64": "amd64", "arm64": "arm64", "aarch64": "arm64"]
        guard let architecture = known[architecture] else {
            throw Problem.invalidField("arch", "there are agents for amd64 and arm64")
        }
        let name = "pulse-agent-linux-\(architecture)"
        let path = directory + "/" + name
        return (path, name, try sum(of: path))
    }

    /// Computed again only when the file has changed: it is some 15 MB.
    private func sum(of path: String) throws -> String {
        guard let attributes = try? FileManager.default.attributesOfItem(atPath: path) else {
            throw Problem.installerMissing
        }
        let modified = attributes[.modificationDate] as? Date
        let size = attributes[.size] as? UInt64 ?? 0
        if let known = sums.withLockedValue({ $0[path] }), known.modified == modified, known.size == size {
            return known.hex
        }
        guard let data = FileManager.default.contents(atPath: path) else { throw Problem.installerMissing }
        let hex = Digests.sha256(Array(data)).hexadecimal
        sums.withLockedValue { $0[path] = Sum(hex: hex, modified: modified, size: size) }
        return hex
    }

    /// What a person pastes: fetches the script, compares it, and runs it with the token. Without a script to fetch, what
    /// a machine that has the agent already runs.
    func command(script id: EnrollmentTokenID, sha256: String?, token: Secret<String>) -> String {
        guard let sha256 else { return "sudo pulse-agent enroll --url '\(publicURL)' --token \(token.reveal())" }
        return "curl -fsSL '\(url(of: id))' -o pulse-install.sh && echo '\(sha256)  pulse-install.sh' | sha256sum -c - "
            + "&& sudo sh pulse-install.sh --token \(token.reveal())"
    }

    func url(of id: EnrollmentTokenID) -> String { "\(publicURL)/install/\(id).sh" }
}

extension [UInt8] {
    var hexadecimal: String { map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() }
}

extension Problem {
    static let installerMissing = Problem(
        "installer-missing", status: 503, title: "The agent cannot be downloaded here",
        detail: "The operator of this installation has not put the agent's files into PULSE_AGENT_DIR.",
        retryAfterSeconds: 300)
}
