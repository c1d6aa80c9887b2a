internal import FoundationEssentials
internal import Glibc
internal import JSONKit
package import Kernel

/// The organisations whose keys were destroyed, in a file that is kept apart from the database: a line of JSON each,
/// durable before the keys go. A backup from before an erasure brings its rows back; this file takes them away again.
package struct ErasureLedger: Sendable {
    package struct Line: Hashable, Sendable {
        package let org: OrgID
        package let erasedAt: Timestamp

        package init(org: OrgID, erasedAt: Timestamp) {
            self.org = org
            self.erasedAt = erasedAt
        }
    }

    private let path: String

    package init(path: String) { self.path = path }

    /// All lines, oldest first; none when there is no file yet.
    /// - Throws: a `Problem` that names the line which is none: better not to start than to forget an erasure.
    package func lines() throws -> [Line] {
        guard access(path, F_OK) == 0 else { return [] }
        guard let text = try? String(contentsOfFile: path, encoding: .utf8) else {
            throw Problem.invalidField("PULSE_ERASURE_LEDGER", "“\(path)” cannot be read")
        }
        var lines: [Line] = []
        for (index, text) in text.split(separator: "\n").enumerated() {
            guard let line = Self.parse(text) else {
                throw Problem.invalidField("PULSE_ERASURE_LEDGER", "line \(index + 1) of “\(path)” is no erasure")
            }
            lines.append(line)
        }
        return lines
    }

    /// On disk once it returns.
    func append(_ line: Line) throws {
        try PrivateFile.makeDirectory(URL(fileURLWithPath: path).deletingLastPathComponent().path)
        var json = JSONWriter()
        json.object {
            $0.member("org", line.org)
            $0.member("erasedAt", line.erasedAt)
        }
        let bytes = json.bytes + [10]
        let descriptor = open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw Self.notWritten }
        defer { close(descriptor) }
        // One write of a short line to a file opened for appending is not mixed with another process's.
        let count = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count == bytes.count, fsync(descriptor) == 0 else { throw Self.notWritten }
    }

    private static func parse(_ text: Substring) -> Line? {
        var reader = JSONReader(Array(text.utf8))
        var (org, erasedAt): (OrgID?, Timestamp?) = (nil, nil)
        do {
            try reader.enterObject()
            while let key = try reader.nextKey() {
                switch key {
                case "org": org = try OrgID(from: &reader)
                case "erasedAt": erasedAt = try Timestamp(from: &reader)
                default: try reader.skip()
                }
            }
            try reader.finish()
        } catch { return nil }
        guard let org, let erasedAt else { return nil }
        return Line(org: org, erasedAt: erasedAt)
    }

    private static let notWritten = Problem(
        "key-unavailable", status: 503, title: "The erasure ledger cannot be written",
        detail: "Nothing was destroyed. The operator of this Pulse has to mend PULSE_ERASURE_LEDGER.")
}
