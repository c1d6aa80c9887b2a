import Glibc
import Kernel

/// A file with one line per report that the server acknowledged: stream, number, time in milliseconds. Written at once,
/// so that after a kill it can be compared with the server's history.
struct AckLog: ~Copyable {
    private let file: Int32

    init(_ path: String) throws(AgentError) {
        file = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0o600)
        guard file >= 0 else { throw .state("cannot write \(path): \(StateDirectory.reason)") }
    }

    deinit { close(file) }

    func append(stream: String, _ reports: [(number: UInt64, timeMilliseconds: Int64)]) {
        let lines = reports.map { "\(stream) \($0.number) \($0.timeMilliseconds)\n" }.joined()
        _ = StateDirectory.writeAll(Array(lines.utf8), to: file)
    }
}
