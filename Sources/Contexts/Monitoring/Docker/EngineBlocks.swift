import AgentProtocol
import Inventory
import JSONKit
import Kernel

/// What a host shows of its container engine. A report may come without it, when the engine had nothing new to say; what
/// it said last then still holds for a while.
struct EngineBlocks {
    private static let patience: Duration = .seconds(300)

    private var last: (facts: ResourceBlock, live: ResourceBlock, at: Timestamp)?

    /// - Parameter isLate: the report is of the past; what is shown now stays.
    /// - Returns: to be shown with the host now.
    mutating func blocks(of report: HostReport, receivedAt: Timestamp, isLate: Bool = false) -> (
        facts: [ResourceBlock], live: [ResourceBlock]
    ) {
        if let part = report.docker, !isLate || last == nil {
            last = (Self.facts(of: part.host), Self.live(of: part), receivedAt)
        }
        guard let last, receivedAt - last.at <= Self.patience else { return ([], []) }
        return ([last.facts], [last.live])
    }

    private static func facts(of engine: HostReport.DockerEngine) -> ResourceBlock {
        ResourceBlock("docker") { json in
            json.member("runtime", engine.runtime)
            json.member("runtimeVersion", engine.runtimeVersion)
            json.member("apiVersion", engine.apiVersion)
            json.member("engineId", engine.id)
            json.member("storageDriver", engine.storageDriver)
            json.member("cgroupVersion", engine.cgroupVersion)
            json.member("totalCpu", engine.totalCPU)
            json.member("totalMemoryBytes", engine.totalMemoryBytes)
            guard let swarm = engine.swarm, swarm.localState != "inactive" else { return }
            json.member("swarmNodeId", swarm.nodeID)
            json.member("swarmRole", swarm.nodeRole)
            json.member("swarmClusterId", swarm.clusterID)
            json.member("swarmClusterName", swarm.clusterName)
        }
    }

    private static func live(of part: HostReport.Docker) -> ResourceBlock {
        ResourceBlock("dockerStatus") { json in
            json.member("state", part.host.error == nil ? "running" : "unavailable")
            json.member("error", part.host.error)
            json.member("containers", part.containersTotal)
            if let containers = part.containers {
                json.member("running", containers.count { $0.state == "running" })
                json.member("unhealthy", containers.count { $0.health == "unhealthy" })
            }
            json.member("swarmState", part.host.swarm?.localState)
            json.member("swarmError", part.host.swarm?.error)
            json.member("storageUsage", part.storageUsage)
            if !part.degraded.isEmpty { json.member("degraded", part.degraded) }
            if !part.truncated.isEmpty { json.member("truncated", part.truncated) }
        }
    }
}
