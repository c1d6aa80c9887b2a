import CProcess
import FoundationEssentials
import Glibc
import Kernel
import PulseApp
import Telemetry

/// What every command does around its work: settings, logging, and one sentence when it cannot go on.
enum Program {
    /// Exit codes of sysexits: 78 a setting is wrong, 1 the work failed.
    static func run(_ work: (PulseConfiguration) async throws -> Void) async -> Never {
        await attempt {
            // A core would hold every organisation's keys.
            guard pulse_forbid_core_dumps() == 0 else { throw CoreDumps(errno: errno) }
            let configuration = try PulseConfiguration(ProcessInfo.processInfo.environment)
            startLogging(level: configuration.logLevel, format: configuration.logFormat)
            try await work(configuration)
        }
    }

    private struct CoreDumps: Error, CustomStringConvertible {
        let errno: Int32
        var description: String { "core dumps cannot be switched off: \(String(cString: strerror(errno)))" }
    }

    /// The same for a command that no setting concerns.
    static func attempt(_ work: () async throws -> Void) async -> Never {
        do {
            try await work()
            leave(0)
        } catch let error as ConfigurationError {
            complain("\(error)")
            leave(78)
        } catch let error as any Explained {
            complain([error.problem.title, error.problem.detail].compactMap { $0 }.joined(separator: ": "))
            leave(1)
        } catch {
            complain("\(error)")
            leave(1)
        }
    }

    /// Without the exit handlers of the C libraries: a connection that is just opening would run on ground that Kerberos
    /// and OpenSSL have already cleared away, and crash. Nothing of ours is buffered.
    private static func leave(_ code: Int32) -> Never { _exit(code) }

    static func say(_ line: String) { write(line, to: STDOUT_FILENO) }
    static func complain(_ line: String) { write("pulse: " + line, to: STDERR_FILENO) }

    private static func write(_ line: String, to descriptor: Int32) {
        let bytes = Array((line + "\n").utf8)
        _ = Glibc.write(descriptor, bytes, bytes.count)
    }
}
