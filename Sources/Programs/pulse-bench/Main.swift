import ArgumentParser
import Glibc

/// Measures Pulse against a comparison in the same run. Started by `ops/bench`, which builds it optimised and lends it a
/// PostgreSQL of its own.
@main struct PulseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pulse-bench", abstract: "Measures Pulse; ends with 1 when a target is missed.",
        subcommands: [
            PostgresBench.self, JSONBench.self, HistoryBench.self, HTTPBench.self, HTTPLoadGenerator.self,
            LoginBench.self, AuditBench.self, WebSocketBench.self, WebSocketReaders.self, IsolationProver.self,
            TenancyBench.self, VaultBench.self, IdentityBench.self,
            PollsBench.self, ReloadBench.self, SSOBench.self,
            StorageBench.self, ChartsBench.self, RollupsProof.self, ScimBench.self,
        ])

    /// Ends without the exit handlers of the C libraries, as `pulse` does: a connection that is just opening would run on
    /// ground that OpenSSL has already cleared away.
    static func main() async {
        do {
            var command = try parseAsRoot()
            if var command = command as? any AsyncParsableCommand { try await command.run() } else { try command.run() }
            leave(0)
        } catch {
            let (text, code) = (fullMessage(for: error), exitCode(for: error).rawValue)
            let bytes = Array((text + "\n").utf8)
            if !text.isEmpty { _ = write(code == 0 ? STDOUT_FILENO : STDERR_FILENO, bytes, bytes.count) }
            leave(code)
        }
    }

    private static func leave(_ code: Int32) -> Never {
        fflush(nil)
        _exit(code)
    }
}
