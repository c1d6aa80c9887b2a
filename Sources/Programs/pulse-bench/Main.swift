import ArgumentParser

/// Measures Pulse against a comparison in the same run. Started by `ops/bench`, which builds it optimised and lends it a
/// PostgreSQL of its own.
@main struct PulseBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pulse-bench", abstract: "Measures Pulse; ends with 1 when a target is missed.",
        subcommands: [
            PostgresBench.self, JSONBench.self, HistoryBench.self, HTTPBench.self, HTTPLoadGenerator.self,
            LoginBench.self, AuditBench.self, WebSocketBench.self, WebSocketReaders.self, IsolationProver.self,
            TenancyBench.self, VaultBench.self,
        ])
}
