import AgentProtocol
import Inventory
import JSONKit
import Kernel

extension DockerReading {
    func observation(of identity: ContainerIdentity) -> Observation {
        let container = identity.container
        var said = claim(
            .appContainer, "container", list: "containers", identity.key, name: container.name,
            status: Self.status(of: container), parent: host.key)
        said.metrics = metrics(of: container)
        if container.state == "running", let started = container.startedAt {
            said.uptimeSeconds = max(0, Int64((host.measuredAt - started).components.seconds))
        }
        said.facts = [facts(of: identity)]
        said.live = [status(of: container)]
        // A value that was measured rounds ago is no sample of now.
        if container.statsAgeSeconds == nil { said.samples = samples(of: container, said.metrics) }
        return said
    }

    /// Running is well unless its health check says otherwise; a container that keeps failing is restarting.
    static func status(of container: HostReport.DockerContainer) -> ResourceStatus {
        switch container.state {
        case "running": container.health == "unhealthy" ? .warning : .online
        case "restarting": .warning
        case "created", "exited", "dead", "paused", "removing", "stopped", "configured", "initialized": .offline
        default: .unknown
        }
    }

    private func metrics(of container: HostReport.DockerContainer) -> ResourceMetrics {
        var metrics = ResourceMetrics()
        // The engine counts cores; the share shown is of the whole host, as with everything else that runs on one.
        if let percent = container.cpuPercent, let processors = part.host.totalCPU ?? host.processors, processors > 0 {
            metrics.cpuPercent = min(max(percent / Double(processors), 0), 100)
        }
        if let used = container.memoryUsageBytes, let limit = container.memoryLimitBytes, limit > 0 {
            metrics.memory = .init(
                percent: min(Double(used) / Double(limit) * 100, 100), usedBytes: used, totalBytes: limit)
        }
        metrics.netIn = container.networkRxBytesPerSecond
        metrics.netOut = container.networkTxBytesPerSecond
        metrics.diskRead = container.blockReadBytesPerSecond
        metrics.diskWrite = container.blockWriteBytesPerSecond
        return metrics
    }

    private func samples(
        of container: HostReport.DockerContainer, _ metrics: ResourceMetrics
    ) -> [(metric: MetricName, value: Double)] {
        let values: [(MetricFamily, Double?)] = [
            (.cpu, metrics.cpuPercent), (.memory, metrics.memory?.percent),
            (.memoryUsed, container.memoryUsageBytes.map(Double.init)), (.netIn, metrics.netIn),
            (.netOut, metrics.netOut), (.diskRead, metrics.diskRead), (.diskWrite, metrics.diskWrite),
        ]
        return values.compactMap { family, value in value.map { (MetricName(family), $0) } }
            .sorted { $0.0 < $1.0 }.map { (metric: $0.0, value: $0.1) }
    }

    private func facts(of identity: ContainerIdentity) -> ResourceBlock {
        let container = identity.container
        return ResourceBlock("docker") { json in
            json.member("containerId", container.id)
            json.member("runtime", runtime)
            json.member("anchor", identity.anchor)
            if identity.isAmbiguous { json.member("isAmbiguous", true) }
            json.member("image", container.image)
            json.member("imageId", container.imageID)
            if let compose = ContainerIdentity.compose(container) {
                json.member("composeProject", compose.project)
                json.member("composeService", compose.service)
                json.member("composeNumber", ContainerIdentity.number(of: container))
            }
            json.array("ports") { json in
                for port in container.ports {
                    json.object { json in
                        json.member("privatePort", port.privatePort)
                        json.member("publicPort", port.publicPort)
                        json.member("protocol", port.protocolName)
                        json.member("ip", port.ip)
                    }
                }
            }
            json.member("labels", container.labels)
            json.member("networks", container.networks.map(\.name))
            json.member("mounts", container.mounts)
        }
    }

    private func status(of container: HostReport.DockerContainer) -> ResourceBlock {
        ResourceBlock("dockerStatus") { json in
            json.member("state", container.state)
            json.member("status", container.status)
            json.member("health", container.health)
            json.member("restartCount", container.restartCount)
            json.member("exitCode", container.exitCode)
            json.member("oomKilled", container.oomKilled)
            json.member("createdAt", container.createdAt)
            json.member("startedAt", container.startedAt)
            json.member("finishedAt", container.finishedAt)
            json.member("cpuPercent", container.cpuPercent, decimals: 2)
            json.member("memoryUsageBytes", container.memoryUsageBytes)
            json.member("memoryLimitBytes", container.memoryLimitBytes)
            json.member("pids", container.processes)
            json.member("networkRxBytes", container.networkRxBytes)
            json.member("networkTxBytes", container.networkTxBytes)
            json.member("blockReadBytes", container.blockReadBytes)
            json.member("blockWriteBytes", container.blockWriteBytes)
            json.member("statsAgeSeconds", container.statsAgeSeconds)
            json.array("addresses") { json in
                for network in container.networks {
                    json.object { json in
                        json.member("network", network.name)
                        json.member("ipv4", network.ipv4)
                        json.member("ipv6", network.ipv6)
                    }
                }
            }
        }
    }
}
