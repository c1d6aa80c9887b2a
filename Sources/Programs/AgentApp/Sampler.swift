package import AgentProtocol
import DockerFacts
package import HostFacts
import Kernel

/// Where measurements come from.
package protocol ReportSource: Sendable {
    func report(at monotonic: Duration) async -> HostReport
}

/// This machine, read on a thread of its own.
package actor Machine: ReportSource {
    private nonisolated let executor = BlockingExecutor("pulse-agent.machine")
    package nonisolated var unownedExecutor: UnownedSerialExecutor { executor.asUnownedSerialExecutor() }
    private var collector: HostCollector

    package init(_ collector: HostCollector) { self.collector = collector }

    package func report(at monotonic: Duration) -> HostReport { collector.report(at: monotonic) }
}

/// The machine, and what its container engine has said since the report before.
struct MachineWithEngine: ReportSource {
    let machine: any ReportSource
    let engine: DockerWatch?

    func report(at monotonic: Duration) async -> HostReport {
        var report = await machine.report(at: monotonic)
        report.docker = await engine?.take()
        return report
    }
}

/// Looks at the machine in even steps of the clock that never jumps, and puts each report into the outbox.
struct Sampler {
    let source: any ReportSource
    let settings: AgentSettings
    let delivery: Delivery

    func run() async throws {
        // Usage and rates need two readings: without this the first report would know neither.
        _ = await source.report(at: delivery.time.monotonic)
        try await delivery.time.sleep(for: min(.seconds(1), delivery.pace.interval))
        var due = delivery.time.monotonic
        while true {
            var report = await source.report(at: delivery.time.monotonic)
            let now = delivery.time.now
            complete(&report, at: now)
            await delivery.outbox.add(report, at: now)
            delivery.newReport.raise()
            due += delivery.pace.interval
            // After a long sleep of the machine there is nothing to catch up with.
            if due < delivery.time.monotonic { due = delivery.time.monotonic + delivery.pace.interval }
            try await delivery.time.sleep(for: due - delivery.time.monotonic)
        }
    }

    private func complete(_ report: inout HostReport, at now: Timestamp) {
        report.agent.id = settings.agentID
        report.agent.version = AgentRelease.version
        report.agent.type = "unified"
        report.agent.intervalSeconds = max(1, Int64(delivery.pace.interval.inSeconds.rounded()))
        report.agent.hostname = report.host.hostname
        // A machine enrolled under an id made for it keeps that id, even when it gets one of its own later.
        report.host.machineID = settings.inventedMachineID ?? report.host.machineID
        report.host.id = report.host.machineID
        report.timestamp = now
    }
}
